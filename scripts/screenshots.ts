/**
 * `npm run screenshots`: pictures of the real app with a real lab half done, in both themes and two sizes. Those at 1280x800 that the README
 * shows go to docs/images; all of them to the folder that is named, where one is.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { gradingText } from '../app/strings/grading.ts';
import { labText } from '../app/strings/lab.ts';
import { libraryText } from '../app/strings/library.ts';
import { findChromium } from '../test/support/find-chromium.ts';
import { buildApp } from './build-app.ts';

const root = dirname(import.meta.dirname);
const program = join(root, 'cli/hookpoint.js');
const all = process.argv[2];
const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;
/** What the README shows, by its file's name. */
const shown = new Set(['library-light', 'lab-light', 'netfilter-dark']);

/** So many frames without any change: a drawing that is laid out, a list that is whole, a terminal that has its screen. */
const restingFrames = 30;

const executablePath = findChromium();
if (executablePath === null) throw new Error('There is no Chromium: install one, or name it in HOOKPOINT_CHROMIUM.');
buildApp();
const home = mkdtempSync(join(tmpdir(), 'hookpoint-pictures-'));
const environment = { ...process.env, HOOKPOINT_HOME: home, NO_COLOR: '1' };
const images = join(root, 'docs/images');
for (const folder of [images, ...(all === undefined ? [] : [all])]) mkdirSync(folder, { recursive: true });

try {
  const { session } = JSON.parse(await cli('start', 'netfilter/redirect', '--seed', '1', '--json'));
  await cli('answer', session, 'right-chain', 'OUTPUT');
  const served = spawn(process.execPath, [program, 'serve', '--json'], {
    env: environment,
    stdio: ['ignore', 'pipe', 2],
  });
  // Terminals as text of the page, which is looked at here.
  const withoutGraphics = ['--disable-webgl', '--disable-webgl2', '--disable-3d-apis'];
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', ...withoutGraphics],
  });
  try {
    const { url } = JSON.parse(await whole(served.stdout));
    await work(browser, url, session);
    await cli('check', session).catch(() => undefined); // not everything has passed: that is what the picture is to show
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const viewport of sizes) {
        const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
        await pictures(await context.newPage(), url, session, async (page, name) => {
          const title = `${name}-${colorScheme}`;
          const options = { type: 'png' } as const;
          if (all !== undefined)
            await page.screenshot({ ...options, path: join(all, `${title}-${viewport.width}.png`) });
          if (viewport.width === 1280 && shown.has(title)) {
            await page.screenshot({ ...options, path: join(images, `${title}.png`) });
          }
        });
        await context.close();
      }
    }
  } finally {
    await browser.close();
    served.kill();
    await once(served, 'close');
  }
} finally {
  await cli('clean', '--all');
  rmSync(home, { recursive: true, force: true });
}

/** What a learner does first: adds a rule, tries it and looks. */
async function work(browser: Browser, url: string, session: string): Promise<void> {
  const page = await browser.newPage({ viewport: sizes[0] });
  await page.goto(url);
  await page.getByRole('heading', { level: 1, name: libraryText.title }).waitFor();
  await page.goto(`${page.url().split('#')[0]}#/lab/${session}`);
  const terminal = page.getByRole('textbox', { name: 'Terminal' }).first();
  await terminal.waitFor({ state: 'attached' });
  await terminal.focus();
  // The rule without the terminal, which may not have its shell yet.
  const rule = 'iptables -t nat -A OUTPUT -p tcp --dport 8888 -j REDIRECT --to-port 80';
  await cli('exec', session, 'host', '--', ...rule.split(' '));
  await prompted(page, '');
  for (const line of [
    'curl http://127.0.0.1:8888/',
    'iptables -t nat -S',
    'conntrack -L -p tcp --orig-port-dst 8888',
  ]) {
    await page.keyboard.type(line);
    await page.keyboard.press('Enter');
    await prompted(page, line);
  }
  await page.close();
}

async function pictures(
  page: Page,
  url: string,
  session: string,
  take: (page: Page, name: string) => Promise<void>,
): Promise<void> {
  await page.goto(url);
  await page.getByRole('group').first().waitFor();
  await take(page, 'library');
  const base = page.url().split('#')[0];
  await page.goto(`${base}#/lab/${session}`);
  await page.getByRole('tab', { name: labText.views.criteria }).click();
  await page
    .getByRole('button', { name: new RegExp(`^${gradingText.marks.passed}`) })
    .first()
    .waitFor();
  await settled(page);
  await take(page, 'lab');
  await page.getByRole('tab', { name: labText.views.topology }).click();
  await settled(page);
  await take(page, 'topology');
  await page.getByRole('tab', { name: labText.views.netfilter }).click();
  await settled(page);
  await take(page, 'netfilter');
  for (const screen of ['results', 'packs', 'doctor']) {
    await page.goto(`${base}#/${screen}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await settled(page);
    await take(page, screen);
  }
}

/** The terminal shows what was typed, and a prompt below it. */
async function prompted(page: Page, typed: string): Promise<void> {
  await page.waitForFunction((wanted) => {
    const lines = [...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.trimEnd());
    const last = lines.findLastIndex((line) => line !== '');
    const said = wanted === '' || lines.slice(0, last).some((line) => line.includes(wanted));
    return said && /[#$]$/.test(lines[last] ?? '');
  }, typed);
}

/** Nothing is under way in the page any more, and what came of it is drawn. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await document.fonts.ready;
    document.body.dataset.resting = '0';
    const observer = new MutationObserver((records) => {
      if (records.some(({ target }) => target !== document.body)) document.body.dataset.resting = '0';
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
  // Asked once a frame.
  await page.waitForFunction((wanted) => {
    const busy = document.querySelector('[aria-disabled="true"], [role="progressbar"]') !== null;
    const resting = busy ? 0 : Number(document.body.dataset.resting) + 1;
    document.body.dataset.resting = String(resting);
    return resting >= wanted;
  }, restingFrames);
}

/** One command to its end; what it printed. */
async function cli(...words: string[]): Promise<string> {
  const child = spawn(process.execPath, [program, ...words], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  child.stderr.on('data', (chunk) => (complained += String(chunk)));
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${words[0]} ended with ${status}: ${complained}`);
  return said;
}

/** The object that `serve --json` prints. */
async function whole(output: NodeJS.ReadableStream | null): Promise<string> {
  if (!output) throw new Error('serve has no output');
  let said = '';
  while (!said.endsWith('}\n')) said += String((await once(output, 'data'))[0]);
  return said;
}
