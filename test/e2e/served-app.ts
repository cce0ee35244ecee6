import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { terminalText } from '../../app/strings/terminal.ts';
import type { Client } from '../../engine/contract/contract.ts';
import { connectTo } from '../contract/carried-clients.ts';
import { runCli, temporaryHome } from '../support/cli.ts';
import { findChromium } from '../support/find-chromium.ts';
import { type ServedProcess, startServe } from '../support/served.ts';

const found = findChromium();

/** Why there is no browser to test in; null where there is one. */
export const noBrowser = found === null ? 'no Chromium is installed' : null;

/** `hookpoint serve` with a data folder of its own, and windows on it. */
export interface ServedApp extends AsyncDisposable {
  readonly home: string;
  served: ServedProcess;
  /** Of a test, beside the windows. */
  client(): Promise<Client>;
  /** Of a place in it (`#/packs`), for a window that was let in before. */
  address(place: string): string;
  /** A window at the printed address, with a profile of its own. */
  open(options?: BrowserContextOptions): Promise<AppWindow>;
  /** kill -9 of the host. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  restart(token?: string): Promise<void>;
}

export interface AppWindow {
  readonly page: Page;
  /** What the page logged as an error or threw. */
  readonly errors: string[];
  /** The addresses that it asked for anything. */
  readonly requests: string[];
}

const token = 'a-token-for-windows-that-is-long-enough';

/** The browser that windows are opened in. */
export function openBrowser(): Promise<Browser> {
  if (found === null) throw new Error('there is no browser');
  return chromium.launch({
    executablePath: found,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
}

export async function openServedApp(env: Readonly<Record<string, string>> = {}): Promise<ServedApp> {
  const home = temporaryHome();
  const browser = await openBrowser();
  const app: ServedApp = {
    home: home.folder,
    served: await startServe({ home: home.folder, token, env }),
    async client() {
      const { client } = await connectTo(app.served)();
      return client;
    },
    address: (place) => `http://127.0.0.1:${app.served.port}/${place}`,
    async open(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.goto(app.served.url);
      return { page, errors, requests };
    },
    kill: () => app.served.kill(),
    async restart(other = token) {
      app.served = await startServe({ home: home.folder, token: other, port: app.served.port, env });
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      await app.served[Symbol.asyncDispose]();
      await runCli(['clean', '--all'], { home: home.folder });
      home[Symbol.dispose]();
    },
  };
  // Terminals then say in the document what they show.
  await (await app.client()).preferences.change({ name: 'terminals.screen-reader', value: 'true' });
  return app;
}

/** The lines that terminals show, as a screen reader finds them. */
export const terminalLines = (page: Page): Locator =>
  page.getByRole('region', { name: terminalText.area }).getByRole('listitem');

/** Waits until a terminal shows a line with this text. */
export async function terminalShows(page: Page, text: string | RegExp): Promise<void> {
  await terminalLines(page).filter({ hasText: text }).first().waitFor();
}

/** Types a line into the terminal that has the keys. */
export async function typeLine(page: Page, line: string): Promise<void> {
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

/** Gives a terminal the keys, as a click on it does. */
export async function focusTerminal(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: 'Terminal' }).first().focus();
}
