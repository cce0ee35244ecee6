import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../engine/contract/contract.ts';
import { clientInProcess } from '../../engine/host/carriers.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import { type Served, serve } from '../../engine/host/serve.ts';
import { sample, writePack } from '../pack-format/sample-pack.ts';
import { openBrowser } from './served-app.ts';

/** What a guide of anybody may try. */
const hostile = `# First

<script>window.harmed = 1</script> <img src=x onerror="window.harmed = 1"> <iframe src="javascript:window.harmed = 1"></iframe>

[script](javascript:window.harmed=1) [data](data:text/html,<script>window.harmed=1</script>) [web](https://example.org/)

![A map](https://example.org/map.png) ![None](none.png) ![Secret](../../../../../../etc/passwd)

\`\`\`packet-flow
INPUT
\`\`\`

\`\`\`sh node=host
iptables -A INPUT -p tcp --dport {{port}} -j DROP
\`\`\`
`;

let folder: string;
let host: Host;
let served: Served;
let browser: Browser;
let page: Page;
let client: Client;
let session: string;
const asked: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookpoint-lab-'));
  process.env.HOOKPOINT_HOME = join(folder, 'home');
  host = await openHost();
  await using pack = await writePack({ ...sample, 'first/guide.md': hostile });
  const home = join(host.home.packs, 'sample');
  await mkdir(home, { recursive: true });
  await cp(pack.folder, join(home, '1.0.0'), { recursive: true });
  client = clientInProcess(host);
  for await (const event of await client.sessions.start({ lab: 'sample/first', seed: 1, hostLog: false })) {
    if (event.kind === 'started') session = event.session;
  }
  served = await serve(host);
  browser = await openBrowser();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  page = await context.newPage();
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${served.url}#/lab/${session}`);
  await page.getByRole('heading', { level: 2, name: 'First' }).waitFor();
});
afterAll(async () => {
  await browser.close();
  await client.sessions.stop({ session });
  await served[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test('a hostile guide is inert: nothing of it runs, nothing is fetched from elsewhere, and it says what it does not show', async () => {
  await page.getByText('Picture not found in the lab: Secret').waitFor();
  await page.getByText('Picture not loaded, since it is on another machine: A map').waitFor();
  expect(await page.evaluate(() => 'harmed' in window)).toBe(false);
  expect(page.frames()).toHaveLength(1);
  expect(await page.locator('.prose').locator('script, iframe, [onerror], [onload]').count()).toBe(0);
  expect(await page.locator('.prose a').evaluateAll((links) => links.map((link) => link.getAttribute('href')))).toEqual(
    ['https://example.org/'],
  );
  expect(asked.filter((address) => new URL(address).host !== `127.0.0.1:${served.port}`)).toEqual([]);
});

test('a block is typed into its node, an answer stored, and each criterion turns at a check', async () => {
  await page.getByRole('button', { name: 'Run on host' }).click();
  await page.getByText(/^Run at /).waitFor();
  const field = page.getByRole('textbox', { name: /^Your answer/ });
  await field.fill('12 34');
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'cannot be an answer' }).waitFor();
  await field.fill('ACCEPT');
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  await page.getByText('Answered “ACCEPT”').waitFor();
  await page.keyboard.press('Control+Enter');
  await page.getByRole('heading', { name: 'Lab passed' }).waitFor();
  await page.getByText('Passed: The port is blocked.').waitFor({ state: 'attached' });
});

test('axe finds nothing in either theme', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.locator(`html[data-theme="${colorScheme}"]`).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
  }
});

test('a reload comes back to the blocks that were run and the answers that were given', async () => {
  await page.reload();
  await page.getByText(/^Run at /).waitFor();
  await page.getByText('Answered “ACCEPT”').waitFor();
  await page.getByRole('heading', { name: 'Lab passed' }).waitFor();
});
