import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { labText } from '../app/strings/lab.ts';
import { libraryText } from '../app/strings/library.ts';
import { terminalText } from '../app/strings/terminal.ts';
import { openWorkspace } from '../engine/sessions/workspace.ts';
import { findChromium } from '../test/support/find-chromium.ts';
import { compare, milliseconds, type Row } from './measure.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, '../cli/hookpoint.js');
/** The lab with one node, by its title. */
const title = 'Send local connections from one port to another';
/** As little as a host of a page can be. */
const bareHost = `require('http').createServer((q, a) => a.end('<h1>there</h1>')).listen(0, '127.0.0.1', function () {
  console.log(JSON.stringify({ url: 'http://127.0.0.1:' + this.address().port }) + '\\n}') })`;

/** Rows about the app in a browser: from nothing to the library, from the click to a prompt, and what ten labs leave in the page. */
export async function appRows(report: (row: Row) => void): Promise<void> {
  const executablePath = findChromium();
  if (executablePath === null) {
    console.log('the app: not measured, there is no Chromium');
    return;
  }
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const blank = () => timedPage(browser, ['-e', bareHost], (page) => page.getByRole('heading').waitFor());
    report(
      await compare(
        'app: start until the library is there, to a bare page',
        4,
        3,
        () => timedPage(browser, [program, 'serve', '--json'], (page) => rowOf(page).waitFor()),
        blank,
      ),
    );
    await labRows(browser, report);
  } finally {
    await browser.close();
  }
}

const rowOf = (page: Page) => page.getByRole('group', { name: title });

async function labRows(browser: Browser, report: (row: Row) => void): Promise<void> {
  await using workspace = await openWorkspace();
  const image = await workspace.runtime.ensureImage({});
  const host = await startHost([program, 'serve', '--json']);
  try {
    const page = await browser.newPage();
    await page.goto(host.url);
    const startStop = async () => {
      const start = rowOf(page).getByRole('button', { name: new RegExp(`^${libraryText.start}`) });
      await start.waitFor();
      const elapsed = await milliseconds(async () => {
        await start.click();
        await page.getByRole('region', { name: terminalText.area }).waitFor();
        await page.getByText(terminalText.opening).waitFor({ state: 'detached' });
      });
      await page.getByRole('button', { name: labText.stop, exact: true }).click();
      const dialog = page.getByRole('dialog', { name: labText.stopTitle });
      await dialog.getByRole('button', { name: labText.stop, exact: true }).click();
      await page.getByText(labText.stopped).waitFor();
      await page.getByRole('link', { name: libraryText.title }).click();
      return elapsed;
    };
    const bare = async () => {
      const name = `hookpoint-bench-${process.pid}-bare`;
      const options = [
        'run',
        '-d',
        '--network',
        'none',
        '--name',
        name,
        '--label',
        `dev.hookpoint.bench=${process.pid}`,
      ];
      const elapsed = await milliseconds(async () => {
        await run('docker', [...options, '--entrypoint', 'sleep', image, '60']);
        await run('docker', ['exec', name, 'bash', '-c', 'true']);
      });
      await run('docker', ['rm', '-f', name]);
      return elapsed;
    };
    report(await compare('app: click on start to a terminal, to run + exec', 4, 5, startStop, bare));
    const before = await heapMegabytes(page);
    for (let lab = 0; lab < 10; lab++) await startStop();
    const after = await heapMegabytes(page);
    const name = "app: the page's heap after ten more labs, to before";
    report({ name, ours: after, raw: before, ratio: after / before, budget: 1.5, runs: 1, unit: 'MB' });
  } finally {
    await host.end();
  }
}

/** Starts a host, opens its page, waits until it shows what it has, in milliseconds. */
async function timedPage(
  browser: Browser,
  argv: readonly string[],
  there: (page: Page) => Promise<unknown>,
): Promise<number> {
  const page = await browser.newPage();
  const begin = performance.now();
  const host = await startHost(argv);
  await page.goto(host.url);
  await there(page);
  const elapsed = performance.now() - begin;
  await page.close();
  await host.end();
  return elapsed;
}

async function startHost(argv: readonly string[]): Promise<{ readonly url: string; end(): Promise<void> }> {
  const child: ChildProcess = spawn(process.execPath, [...argv], { stdio: ['ignore', 'pipe', 2] });
  let said = '';
  while (!said.endsWith('}\n')) said += String((await once(child.stdout ?? child, 'data'))[0]);
  return {
    url: /http:[^"\s]+/.exec(said)?.[0] ?? '',
    async end() {
      child.kill();
      await once(child, 'close');
    },
  };
}

async function heapMegabytes(page: Page): Promise<number> {
  const inside = await page.context().newCDPSession(page);
  await inside.send('HeapProfiler.collectGarbage');
  const { usedSize } = await inside.send('Runtime.getHeapUsage');
  await inside.detach();
  return usedSize / (1 << 20);
}
