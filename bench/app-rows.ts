import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { labText } from '../app/strings/lab.ts';
import { libraryText } from '../app/strings/library.ts';
import { terminalText } from '../app/strings/terminal.ts';
import { openWorkspace } from '../engine/sessions/workspace.ts';
import { type Bench, compare, milliseconds } from './measure.ts';
import { openBrowser } from './open-browser.ts';
import { type StartedHost, startHost, startServe } from './started-host.ts';

const run = promisify(execFile);
/** The lab with one node, by its title. */
const title = 'Send local connections from one port to another';
/** As little as a host of a page can be. */
const bareHost = `require('http').createServer((q, a) => a.end('<h1>there</h1>')).listen(0, '127.0.0.1', function () {
  console.log(JSON.stringify({ url: 'http://127.0.0.1:' + this.address().port }) + '\\n}') })`;

/** Rows about the app in a browser: from nothing to the library, from the click to a prompt, and what ten labs leave in the page. */
export async function appRows(bench: Bench): Promise<void> {
  await using browser = await openBrowser();
  await bench.row('app: start until the library is there, to a bare page', () =>
    compare(
      4,
      3,
      () => timedPage(browser, startServe, (page) => rowOf(page).waitFor()),
      () =>
        timedPage(
          browser,
          () => startHost(['-e', bareHost]),
          (page) => page.getByRole('heading').waitFor(),
        ),
    ),
  );
  await bench.group('app: labs in the page', () => labRows(browser, bench));
}

const rowOf = (page: Page) => page.getByRole('group', { name: title });

async function labRows(browser: Browser, bench: Bench): Promise<void> {
  await using workspace = await openWorkspace();
  const image = await workspace.runtime.ensureImage({});
  await using host = await startServe();
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
    const options = ['run', '-d', '--network', 'none', '--name', name, '--label', `dev.hookpoint.bench=${process.pid}`];
    const elapsed = await milliseconds(async () => {
      await run('docker', [...options, '--entrypoint', 'sleep', image, '60']);
      await run('docker', ['exec', name, 'bash', '-c', 'true']);
    });
    await run('docker', ['rm', '-f', name]);
    return elapsed;
  };
  await bench.row('app: click on start to a terminal, to run + exec', () => compare(4, 5, startStop, bare));
  await bench.row("app: the page's heap after ten more labs, to before", async () => {
    const before = await heapMegabytes(page);
    for (let lab = 0; lab < 10; lab++) await startStop();
    const after = await heapMegabytes(page);
    return { ours: after, raw: before, ratio: after / before, budget: 1.5, runs: 1, unit: 'MB' };
  });
}

/** Starts a host, opens its page, waits until it shows what it has, in milliseconds. Whatever comes of it, both are gone then. */
async function timedPage(
  browser: Browser,
  start: () => Promise<StartedHost>,
  there: (page: Page) => Promise<unknown>,
): Promise<number> {
  await using page = await browser.newPage();
  const begin = performance.now();
  await using host = await start();
  await page.goto(host.url);
  await there(page);
  return performance.now() - begin;
}

async function heapMegabytes(page: Page): Promise<number> {
  const inside = await page.context().newCDPSession(page);
  await inside.send('HeapProfiler.collectGarbage');
  const { usedSize } = await inside.send('Runtime.getHeapUsage');
  await inside.detach();
  return usedSize / (1 << 20);
}
