import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildShell } from '../../scripts/build-shell.ts';
import { runCli, temporaryHome } from '../support/cli.ts';
import {
  type Desktop,
  type DesktopWindow,
  openDesktopWindow,
  openedOutside,
  startAgain,
} from '../support/desktop-window.ts';
import { electronRuntime } from '../support/electron-runtime.ts';
import { type ServedProcess, startServe } from '../support/served.ts';
import { startSession } from '../support/session-containers.ts';
import { startVirtualDisplay, type VirtualDisplay } from '../support/virtual-display.ts';

const runtime = electronRuntime();
const unless = runtime.kind === 'missing' ? ` (no Electron for tests: ${runtime.reason})` : '';

describe.skipIf(runtime.kind === 'missing')(`the desktop window, attached to an engine elsewhere${unless}`, () => {
  const home = temporaryHome();
  let screen: VirtualDisplay;
  let engine: ServedProcess;
  let desktop: Desktop;
  let opened: DesktopWindow;
  let page: Page;

  beforeAll(async () => {
    if (runtime.kind === 'missing') return;
    await buildShell();
    screen = await startVirtualDisplay();
    engine = await startServe({ home: home.folder });
    desktop = { executable: runtime.executable, display: screen.name, home: home.folder };
    opened = await openDesktopWindow(desktop, ['--attach', engine.url]);
    page = opened.page;
  });

  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
    await runCli(['clean', '--all'], { home: home.folder });
    await screen?.[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });

  test('shows the library of that engine', async () => {
    await page.getByRole('navigation').getByText('Hookpoint').waitFor();
    await page.getByRole('main').getByText('Send local connections from one port to another').first().waitFor();
    expect(page.url()).toMatch(/^app:\/\/hookpoint\//);
  });

  test('keeps Node out of the page, which sees two functions of the shell', async () => {
    const seen = await page.evaluate(() => ({
      globals: ['require', 'process', 'module', 'Buffer', 'global', 'ipcRenderer'].filter((name) => name in window),
      shell: Object.entries(Reflect.get(window, 'hookpointShell')).map(([name, value]) => `${name}: ${typeof value}`),
    }));
    expect(seen).toEqual({ globals: [], shell: ['requestPort: function', 'attachedTo: function'] });
    const settings = await opened.app.evaluate(({ BrowserWindow }) => {
      // Not in the types, but what the window was really made with.
      const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>;
      };
      const { contextIsolation, sandbox, nodeIntegration, webSecurity, webviewTag } = contents.getLastWebPreferences();
      return { contextIsolation, sandbox, nodeIntegration, webSecurity, webviewTag };
    });
    expect(settings).toEqual({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    });
  });

  test('runs nothing and loads nothing that is not its own', async () => {
    const outcomes = await page.evaluate(async () => {
      const refused = (work: () => unknown) =>
        Promise.resolve()
          .then(work)
          .then(
            () => 'done',
            () => 'refused',
          );
      const script = document.createElement('script');
      script.textContent = 'window.inlineRan = true';
      document.head.append(script);
      const { headers } = await fetch('app://hookpoint/');
      return {
        // biome-ignore lint/security/noGlobalEval: that it is refused is what is tested
        eval: await refused(() => window.eval('1')),
        fetch: await refused(() => fetch('https://example.com/')),
        socket: await new Promise((resolve) => {
          document.addEventListener('securitypolicyviolation', ({ blockedURI }) => {
            if (blockedURI.startsWith('ws:')) resolve(blockedURI);
          });
          new WebSocket('ws://127.0.0.1:9/');
        }),
        inline: 'inlineRan' in window,
        policy: headers.get('content-security-policy'),
      };
    });
    expect(outcomes).toMatchObject({ eval: 'refused', fetch: 'refused', inline: false });
    expect(outcomes.socket).toContain('127.0.0.1:9');
    expect(outcomes.policy).toContain("default-src 'none'; script-src 'self';");
  });

  test('has no file outside its pages', async () => {
    const statuses = await page.evaluate(() =>
      Promise.all(
        [
          'package.json',
          '..%2felectron%2fmain.cjs',
          '%2e%2e/electron/main.cjs',
          '..%5c..%5cpackage.json',
          'icon.svg',
        ].map(async (path) => (await fetch(`app://hookpoint/${path}`)).status),
      ),
    );
    expect(statuses).toEqual([404, 404, 404, 404, 200]);
  });

  test('goes nowhere: addresses of the web open in the browser, others not at all', async () => {
    const before = page.url();
    const opens = await page.evaluate(() =>
      [
        'https://example.com/docs',
        'http://example.com/',
        'file:///etc/passwd',
        'smb://host/share',
        'javascript:alert(1)',
      ].map((address) => window.open(address) === null),
    );
    expect(opens).toEqual([true, true, true, true, true]);
    await page.evaluate(() => {
      const link = document.createElement('a');
      link.href = 'https://example.com/clicked';
      document.body.append(link);
      link.click();
      link.remove();
    });
    await expect
      .poll(() => openedOutside(opened.app))
      .toEqual(['https://example.com/docs', 'https://example.com/clicked']);
    expect(page.url()).toBe(before);
    expect(opened.app.windows()).toHaveLength(1);
  });

  test('gives no permission but the clipboard', async () => {
    const states = await page.evaluate(async () => ({
      notifications: await Notification.requestPermission(),
      geolocation: (await navigator.permissions.query({ name: 'geolocation' })).state,
      camera: await navigator.mediaDevices.getUserMedia({ video: true }).then(
        () => 'given',
        () => 'denied',
      ),
      // The types of browsers do not have it under this name.
      copy: (await navigator.permissions.query({ name: 'clipboard-write' as PermissionName })).state,
    }));
    expect(states).toEqual({ notifications: 'denied', geolocation: 'denied', camera: 'denied', copy: 'granted' });
  });

  test('a second start hands its link to the window that is there', async () => {
    expect(await startAgain(desktop, ['hookpoint://open/netfilter/redirect'])).toBe(0);
    await page.waitForURL('app://hookpoint/#/start/netfilter/redirect');
    expect(opened.app.windows()).toHaveLength(1);
  });

  test('a link that names no lab changes nothing', async () => {
    const before = page.url();
    expect(await startAgain(desktop, ['hookpoint://open/../../etc?start=now'])).toBe(0);
    expect(page.url()).toBe(before);
  });

  test('its menu leaves Ctrl and a letter to the terminals', async () => {
    const keys = await opened.app.evaluate(({ Menu }) => {
      const all = (menu: Electron.Menu | null | undefined): Electron.MenuItem[] =>
        (menu?.items ?? []).flatMap((item) => [item, ...all(item.submenu)]);
      // Those of the Edit menu are shown and not taken: the page gets them.
      return all(Menu.getApplicationMenu())
        .filter((item) => item.registerAccelerator !== false && item.accelerator)
        .map((item) => String(item.accelerator));
    });
    expect(keys.length).toBeGreaterThan(5);
    expect(keys.filter((key) => /^(Ctrl|CmdOrCtrl|CommandOrControl|Control)\+[A-Z]$/i.test(key))).toEqual([]);
  });

  describe('a right click', () => {
    /** The menu that a right click opened last: its roles, with `-` before those that cannot be chosen. */
    const menu = () =>
      opened.app.evaluate(() =>
        (Reflect.get(globalThis, 'lastMenu') as Electron.Menu | undefined)?.items
          .filter(({ role }) => role)
          .map(({ role, enabled }) => (enabled ? String(role) : `-${role}`)),
      );
    /** As a person does who clicks a line of it. */
    const choose = (role: string) =>
      opened.app.evaluate(({ BrowserWindow }, wanted) => {
        const { items } = Reflect.get(globalThis, 'lastMenu') as Electron.Menu;
        const [window] = BrowserWindow.getAllWindows();
        items.find((item) => item.role?.toLowerCase() === wanted)?.click(undefined, window, window?.webContents);
      }, role);
    const copy = (text: string) => opened.app.evaluate(({ clipboard }, wanted) => clipboard.writeText(wanted), text);
    const copied = () => opened.app.evaluate(({ clipboard }) => clipboard.readText());

    beforeAll(async () => {
      // A native menu waits for a hand.
      await opened.app.evaluate(({ Menu }) => {
        Menu.prototype.popup = function popup() {
          Object.assign(globalThis, { lastMenu: this, menus: 1 + Number(Reflect.get(globalThis, 'menus')) });
        };
      });
    });
    beforeEach(() => opened.app.evaluate(() => Object.assign(globalThis, { lastMenu: undefined, menus: 0 })));

    test('offers what can be done with the text of a field', async () => {
      await page.goto('app://hookpoint/#/library');
      const field = page.getByRole('searchbox').first();
      await copy('kept before');
      await field.fill('redirect');
      await field.click({ button: 'right' });
      await expect.poll(menu).toEqual(['-copy', 'paste', 'selectall']);
      await choose('selectall');
      await field.click({ button: 'right' });
      await expect.poll(menu).toEqual(['copy', 'paste', 'selectall']);
      await choose('copy');
      await expect.poll(copied).toBe('redirect');
      await copy('observe');
      await choose('paste');
      await expect.poll(() => field.inputValue()).toBe('observe');
      await field.fill('');
    });

    test('offers nothing where there is no text to do something with', async () => {
      await page.getByRole('searchbox').first().click();
      await page
        .getByRole('navigation')
        .first()
        .click({ button: 'right', position: { x: 5, y: 300 } });
      await page.getByRole('searchbox').first().click({ button: 'right' });
      await expect.poll(menu).toEqual(['-copy', 'paste', '-selectall']);
      expect(await opened.app.evaluate(() => Reflect.get(globalThis, 'menus'))).toBe(1);
    });

    test('copies from a terminal, pastes into it, and selects all that it shows', async () => {
      const session = await startSession(home.folder, 'netfilter/redirect', '--seed', '1');
      await page.goto(`app://hookpoint/#/lab/${session}`);
      const terminal = page.locator('.xterm-screen').first();
      await page.locator('.xterm-rows', { hasText: 'root@host' }).first().waitFor();
      await copy('echo pasted-$((40+2))');
      const middle = { x: 120, y: 90 };
      await terminal.click({ button: 'right', position: middle });
      await expect.poll(menu).toContain('paste');
      await choose('paste');
      await page.keyboard.press('Enter');
      await page.locator('.xterm-rows', { hasText: 'pasted-42' }).first().waitFor();
      await terminal.click({ button: 'right', position: middle });
      await choose('selectall');
      await terminal.click({ button: 'right', position: middle });
      await expect.poll(menu).toEqual(['copy', 'paste', 'selectall']);
      await choose('copy');
      await expect.poll(copied).toMatch(/root@host(.|\n)*\npasted-42\n/);
    });
  });

  test('comes back where it was closed', async () => {
    const bounds = { x: 60, y: 70, width: 1010, height: 690 };
    await opened.app.evaluate(
      ({ BrowserWindow }, wanted) => BrowserWindow.getAllWindows()[0]?.setBounds(wanted),
      bounds,
    );
    const closed = opened.app.waitForEvent('close');
    await opened.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await closed;
    opened = await openDesktopWindow(desktop, ['--attach', engine.url, 'hookpoint://open/netfilter/observe']);
    page = opened.page;
    const again = await opened.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds());
    expect(again).toEqual(bounds);
    expect(page.url()).toBe('app://hookpoint/#/start/netfilter/observe');
  });
});
