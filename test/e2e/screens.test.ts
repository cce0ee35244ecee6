import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { clientInProcess } from '../../engine/host/carriers.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import { type Served, serve } from '../../engine/host/serve.ts';
import { buildArchive } from '../../engine/packs/index.ts';
import { writePack } from '../pack-format/sample-pack.ts';
import { containersOf } from '../support/session-containers.ts';
import { openBrowser } from './served-app.ts';

let folder: string;
let host: Host;
let served: Served;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookpoint-screens-'));
  process.env.HOOKPOINT_HOME = join(folder, 'home');
  host = await openHost();
  served = await serve(host);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  for (const { id } of host.store.sessions().filter(({ status }) => status === 'running')) {
    await clientInProcess(host).sessions.stop({ session: id });
  }
  expect(await containersOf(await host.docker.require(), host.home.folder)).toEqual([]);
  await served[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
});
afterEach(() => context.close());

async function open(screen: string): Promise<void> {
  await page.goto(`${served.url}#/${screen}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
}

const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true });
const row = (lab: string) =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { level: 3, name: lab }) });

/** What axe finds in either theme: rule and element. */
async function axe(): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.locator(`html[data-theme="${colorScheme}"]`).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    found.push(
      ...violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    );
  }
  return found;
}

test('the library lists labs, finds them by words and level, and axe finds nothing', async () => {
  await open('library');
  await row('Send local connections from one port to another').waitFor();
  expect(await axe()).toEqual([]);
  await page.getByRole('searchbox', { name: 'Search labs' }).fill('router');
  await expect.poll(() => page.getByRole('heading', { level: 3 }).count()).toBe(2);
  await page.getByLabel(/^Level/).click();
  expect(await axe()).toEqual([]);
  await page.getByRole('option', { name: 'Advanced' }).click();
  await page.getByText('No lab fits').waitFor();
  expect(await axe()).toEqual([]);
  await page.getByRole('button', { name: 'Show all labs' }).click();
  await expect.poll(() => page.getByRole('heading', { level: 3 }).count()).toBe(5);
});

test('a lab that reads the kernel log asks once, and starts nothing where nobody answers', async () => {
  await open('library');
  await row('A chain of your own that logs and accepts ping').getByRole('button', { name: 'Start' }).click();
  const dialog = page.getByRole('dialog', { name: 'The kernel log of this machine' });
  await dialog.getByText('net.netfilter.nf_log_all_netns').waitFor();
  expect(await axe()).toEqual([]);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  expect(host.store.sessions()).toEqual([]);
  expect(await clientInProcess(host).preferences.hostLog()).toEqual({ allowed: null });
});

test('a link chooses a lab and asks; started, it opens, shows in the frame, and is stopped from the library', async () => {
  await open('start/netfilter/redirect');
  const title = 'Send local connections from one port to another';
  const dialog = page.getByRole('dialog', { name: `Start “${title}”?` });
  await dialog.waitFor();
  expect(await axe()).toEqual([]);
  expect(host.store.sessions()).toEqual([]);
  await dialog.getByRole('button', { name: 'Start' }).click();
  await page.waitForURL(/#\/lab\/redirect-/);
  const link = page.getByRole('link', { name: title });
  await link.waitFor();
  expect(await link.textContent()).toContain('running');
  await expect.poll(() => page.title()).toBe(`${title} – Hookpoint`);
  await page.getByRole('link', { name: 'Library' }).click();
  await heading('Library').waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Library');
  await row(title).getByRole('button', { name: 'Stop' }).click();
  await page
    .getByRole('dialog', { name: `Stop “${title}”?` })
    .getByRole('button', { name: 'Stop' })
    .click();
  await row(title).getByText('Started').waitFor();
  expect(await containersOf(await host.docker.require(), host.home.folder)).toEqual([]);
});

test('a link to a lab that is not here says so', async () => {
  await open('start/nothing/here');
  await page.getByText('nothing/here').waitFor();
  expect(await axe()).toEqual([]);
});

test('a start that is cancelled leaves nothing behind', async () => {
  await open('library');
  const lab = row('Let a private network out through one address');
  await lab.getByRole('button', { name: 'Start', exact: true }).click();
  await lab.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('The start was cancelled').waitFor();
  await expect.poll(async () => containersOf(await host.docker.require(), host.home.folder)).toEqual([]);
  expect(host.store.sessions().filter(({ lab: id }) => id === 'masquerade')).toEqual([]);
});

test('without Docker the frame says so on every screen, and a start shows why it cannot be, in its row', async () => {
  const former = process.env.DOCKER_HOST;
  process.env.DOCKER_HOST = `unix://${join(folder, 'nothing.sock')}`;
  process.env.HOOKPOINT_HOME = join(folder, 'home-without');
  try {
    await using without = await openHost();
    await using elsewhere = await serve(without);
    await page.goto(elsewhere.url);
    await page.getByText('Docker cannot be reached.').waitFor();
    const lab = row('Let a private network out through one address');
    await lab.getByRole('button', { name: 'Start', exact: true }).click();
    await lab.getByRole('alert').getByText('DOCKER_UNREACHABLE').waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('link', { name: 'Open Doctor' }).click();
    await page.getByText(/^Labs cannot run yet/).waitFor();
    expect(await axe()).toEqual([]);
  } finally {
    process.env.HOOKPOINT_HOME = join(folder, 'home');
    if (former === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = former;
  }
});

test('results: none at first, then a check with its criteria', async () => {
  await open('results');
  await page.getByText('No lab has been checked yet').waitFor();
  expect(await axe()).toEqual([]);
  const events = await clientInProcess(host).sessions.start({ lab: 'netfilter/redirect', seed: 1, hostLog: false });
  for await (const event of events) {
    if (event.kind === 'started') await clientInProcess(host).lab.check({ session: event.session });
  }
  await page.getByRole('link', { name: 'Send local connections from one port to another' }).last().waitFor();
  expect(await axe()).toEqual([]);
  await page.getByRole('table').getByRole('link').click();
  await page.getByRole('heading', { level: 2, name: 'Criteria' }).waitFor();
  expect(await axe()).toEqual([]);
  await page.getByRole('link', { name: 'All results' }).click();
  await heading('Results').waitFor();
});

test('packs: one is installed from a file and tested case by case, a broken one is refused, and it is removed', async () => {
  await using pack = await writePack();
  const file = join(folder, 'sample.hookpack');
  await buildArchive(pack.folder, file);
  await open('packs');
  await page.getByRole('heading', { level: 2, name: 'iptables and netfilter' }).waitFor();
  expect(await axe()).toEqual([]);
  await page.locator('input[type=file]').setInputFiles(file);
  const card = page.getByRole('article', { name: 'A sample' });
  await card.getByRole('button', { name: 'Check the files' }).click();
  await card.getByText('No problems').waitFor();
  await card.getByRole('button', { name: 'Run its tests' }).click();
  await card.getByText('All 3 cases went as declared.').waitFor({ timeout: 60_000 });
  expect(await card.getByRole('row', { name: /^Mistake Nothing done/ }).textContent()).toContain('not reached');
  expect(await axe()).toEqual([]);

  const broken = join(folder, 'broken.hookpack');
  await writeFile(broken, 'this is no archive');
  await page.locator('input[type=file]').setInputFiles(broken);
  await page.getByRole('alert').getByText('broken.hookpack').waitFor();
  expect(await axe()).toEqual([]);
  await page.getByRole('button', { name: 'Dismiss' }).first().click();

  await card.getByRole('button', { name: 'Remove…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await card.waitFor({ state: 'detached' });
});

test('the doctor shows what it found, and axe finds nothing', async () => {
  await open('doctor');
  await page.getByText(/^Labs can run/).waitFor({ timeout: 30_000 });
  expect(await page.getByRole('list', { name: 'Findings' }).getByRole('listitem').count()).toBeGreaterThan(6);
  expect(await axe()).toEqual([]);
});

test('a narrow window and large text leave icons with names; the theme that was chosen is kept', async () => {
  await page.setViewportSize({ width: 800, height: 700 });
  await open('library');
  await page.getByRole('link', { name: 'Packs' }).hover();
  await page.locator('[data-tooltip-content]', { hasText: 'Packs' }).waitFor();
  expect(await axe()).toEqual([]);
  await page.getByRole('button', { name: /^Theme/ }).click();
  await page.getByRole('menuitemradio', { name: 'Dark' }).waitFor();
  expect(await axe()).toEqual([]);
  await page.getByRole('menuitemradio', { name: 'Dark' }).click();
  await page.locator('html[data-theme="dark"]').waitFor();
  await page.emulateMedia({ colorScheme: 'light' });
  await page.reload();
  await heading('Library').waitFor();
  await page.locator('html[data-theme="dark"]').waitFor();
  await clientInProcess(host).preferences.change({ name: 'theme', value: null });

  await page.setViewportSize({ width: 1280, height: 800 });
  await page.addStyleTag({ content: 'html { font-size: 200% }' });
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth))
    .toBe(0);
  expect(
    await page
      .locator('nav')
      .first()
      .evaluate((nav) => nav.clientWidth),
  ).toBeLessThan(120);
});

test('the first thing that the keyboard reaches skips the navigation', async () => {
  await open('library');
  await row('Read a ruleset that is at work').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
});
