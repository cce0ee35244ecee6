import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { doctorText } from '../../app/strings/doctor.ts';
import { frameText } from '../../app/strings/frame.ts';
import { labText } from '../../app/strings/lab.ts';
import { uiText } from '../../app/strings/ui.ts';
import type { Client } from '../../engine/contract/contract.ts';
import { buildArchive } from '../../engine/packs/index.ts';
import type { ContainerRuntime } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { writePack } from '../pack-format/sample-pack.ts';
import { runCli } from '../support/cli.ts';
import { containersOf, startSession } from '../support/session-containers.ts';
import { axeFindings } from './axe.ts';
import { noBrowser, openServedApp, type ServedApp } from './served-app.ts';

describe.skipIf(noBrowser)(`the screens around the labs${noBrowser ? ` (skipped: ${noBrowser})` : ''}`, () => {
  let app: ServedApp;
  let client: Client;
  let runtime: ContainerRuntime;
  let page: Page;

  beforeAll(async () => {
    app = await openServedApp();
    client = await app.client();
    runtime = await connectDocker();
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    await runtime?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    ({ page } = await app.open());
    return () => page.context().close();
  });

  async function open(screen: string): Promise<void> {
    await page.goto(app.address(`#/${screen}`));
    await page.getByRole('heading', { level: 1 }).waitFor();
  }

  const containers = () => containersOf(runtime, app.home);
  const sessions = async () => (await client.sessions.list({ all: true })).sessions;
  const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true });
  const row = (lab: string) =>
    page.getByRole('listitem').filter({ has: page.getByRole('heading', { level: 3, name: lab }) });
  const axe = () => axeFindings(page);

  test('the library lists labs and finds them by words and level', async () => {
    await open('library');
    await row('Send local connections from one port to another').waitFor();
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
    expect(await sessions()).toEqual([]);
    expect(await client.preferences.hostLog()).toEqual({ allowed: null });
  });

  test('a link chooses a lab and asks; started, it opens, shows in the frame, and is stopped from the library', async () => {
    await open('start/netfilter/redirect');
    const title = 'Send local connections from one port to another';
    const dialog = page.getByRole('dialog', { name: `Start “${title}”?` });
    await dialog.waitFor();
    expect(await axe()).toEqual([]);
    expect(await sessions()).toEqual([]);
    await dialog.getByRole('button', { name: 'Start' }).click();
    await page.waitForURL(/#\/lab\/redirect-/);
    const link = page.getByRole('link', { name: title });
    await link.waitFor();
    expect(await link.textContent()).toContain(frameText.status.running);
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
    expect(await containers()).toEqual([]);
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
    await expect.poll(containers, { timeout: 20_000 }).toEqual([]);
    expect((await sessions()).filter(({ lab: id }) => id === 'masquerade')).toEqual([]);
  });

  test('without Docker the frame says so on every screen, and a start shows why it cannot be, in its row', async () => {
    await using without = await openServedApp({ DOCKER_HOST: `unix://${join(app.home, 'nothing.sock')}` });
    ({ page } = await without.open());
    await page.getByText(frameText.dockerLost).waitFor();
    const lab = row('Let a private network out through one address');
    await lab.getByRole('button', { name: 'Start', exact: true }).click();
    await lab.getByRole('alert').getByText('DOCKER_UNREACHABLE').waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('link', { name: frameText.toDoctor }).click();
    await page.getByText(/^Labs cannot run yet/).waitFor();
    expect(await page.getByRole('link', { name: frameText.toDoctor }).count()).toBe(0);
    expect(await axe()).toEqual([]);
  });

  test('results: none at first, then a check with its criteria', async () => {
    await open('results');
    await page.getByText('No lab has been checked yet').waitFor();
    expect(await axe()).toEqual([]);
    const session = await startSession(app.home, 'netfilter/redirect', '--seed', '1');
    await client.lab.check({ session });
    await page.getByRole('link', { name: 'Send local connections from one port to another' }).last().waitFor();
    await page.getByRole('table').getByRole('link').click();
    await page.getByRole('heading', { level: 2, name: 'Criteria' }).waitFor();
    await page.getByRole('link', { name: 'All results' }).click();
    await heading('Results').waitFor();
  });

  test('packs: one is installed from a file and tested case by case, a broken one is refused, and it is removed', async () => {
    await using pack = await writePack();
    const file = join(app.home, 'sample.hookpack');
    await buildArchive(pack.folder, file);
    await open('packs');
    await page.getByRole('heading', { level: 2, name: 'iptables and netfilter' }).waitFor();
    await page.locator('input[type=file]').setInputFiles(file);
    const card = page.getByRole('article', { name: 'A sample' });
    await card.getByRole('button', { name: 'Check the files' }).click();
    await card.getByText('No problems').waitFor();
    await card.getByRole('button', { name: 'Run its tests' }).click();
    await card.getByText('All 3 cases went as declared.').waitFor({ timeout: 60_000 });
    expect(await card.getByRole('row', { name: /^Mistake Nothing done/ }).textContent()).toContain('not reached');
    expect(await axe()).toEqual([]);

    const broken = join(app.home, 'broken.hookpack');
    await writeFile(broken, 'this is no archive');
    await page.locator('input[type=file]').setInputFiles(broken);
    await page.getByRole('alert').getByText('broken.hookpack').waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Dismiss' }).first().click();

    await card.getByRole('button', { name: 'Remove…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await card.waitFor({ state: 'detached' });
  });

  test('a pack that the command line installs shows, and its labs with it', async () => {
    await using pack = await writePack();
    const file = join(app.home, 'by-hand.hookpack');
    await buildArchive(pack.folder, file);
    await open('packs');
    await page.getByRole('heading', { level: 2, name: 'iptables and netfilter' }).waitFor();
    expect((await runCli(['pack', 'install', file], { home: app.home })).exitCode).toBe(0);
    const card = page.getByRole('article', { name: 'A sample' });
    await card.waitFor();
    await page.getByRole('link', { name: 'Library' }).click();
    await row('The first lab').waitFor();
    await rm(join(app.home, 'packs/sample'), { recursive: true });
    await row('The first lab').waitFor({ state: 'detached' });
  });

  test('the doctor shows each thing that it found', async () => {
    await open('doctor');
    await page.getByText(doctorText.allGood).waitFor({ timeout: 30_000 });
    expect(await page.getByRole('list', { name: doctorText.findings }).getByRole('listitem').count()).toBeGreaterThan(
      6,
    );
  });

  test('a lab that reads the kernel log asks when it is resumed, too, where nobody was asked before', async () => {
    const session = await startSession(app.home, 'netfilter/custom-chain', '--seed', '1', '--no-host-log');
    await client.sessions.stop({ session });
    await open(`lab/${session}`);
    const resume = page.getByRole('button', { name: labText.resume });
    await resume.click();
    const dialog = page.getByRole('dialog', { name: uiText.hostLog.title });
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByText(labText.stopped).waitFor();
    await resume.click();
    await dialog.getByRole('button', { name: uiText.hostLog.forbid }).click();
    await page.getByRole('button', { name: labText.check, exact: true }).waitFor();
    expect(await client.preferences.hostLog()).toEqual({ allowed: false });
    await client.sessions.stop({ session });
  });

  test('a narrow window leaves icons with names; the theme that was chosen is kept', async () => {
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
    await client.preferences.change({ name: 'theme', value: null });
  });

  test('the first thing that the keyboard reaches skips the navigation', async () => {
    await open('library');
    await row('Read a ruleset that is at work').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
  });
});
