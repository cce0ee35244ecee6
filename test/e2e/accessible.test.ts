import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkpointsText } from '../../app/strings/checkpoints.ts';
import { doctorText } from '../../app/strings/doctor.ts';
import { labText } from '../../app/strings/lab.ts';
import { libraryText } from '../../app/strings/library.ts';
import { startSession } from '../support/session-containers.ts';
import { axeFindings } from './axe.ts';
import { noBrowser, openServedApp, type ServedApp, terminalShows } from './served-app.ts';

describe.skipIf(noBrowser)(`the app for everybody${noBrowser ? ` (skipped: ${noBrowser})` : ''}`, () => {
  let app: ServedApp;
  let session: string;
  beforeAll(async () => {
    app = await openServedApp();
    session = await startSession(app.home, 'netfilter/redirect', '--seed', '1');
    await (await app.client()).lab.check({ session });
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
  });

  /** Screens by their address, each with what says that all of it is there. What opens on them is looked at where it is tested. */
  const screens: readonly { readonly address: () => string; there(page: Page): Promise<unknown> }[] = [
    { address: () => '#/library', there: (page) => page.getByRole('group').first().waitFor() },
    { address: () => '#/results', there: (page) => page.getByRole('table').waitFor() },
    { address: () => '#/results/1', there: (page) => page.getByRole('heading', { level: 2 }).first().waitFor() },
    { address: () => '#/packs', there: (page) => page.getByRole('article').first().waitFor() },
    { address: () => '#/doctor', there: (page) => page.getByText(doctorText.allGood).waitFor() },
  ];

  test('axe finds nothing on any screen in either theme', async () => {
    const { page } = await app.open({ reducedMotion: 'reduce' });
    const found: string[] = [];
    const examine = async (where: string) => {
      found.push(...(await axeFindings(page)).map((one) => `${where} ${one}`));
    };
    for (const { address, there } of screens) {
      await page.goto(app.address(address()));
      await there(page);
      await examine(address());
    }
    await page.goto(app.address(`#/lab/${session}`));
    await terminalShows(page, 'root@host');
    for (const { id, name } of sideTabs) {
      await page.getByRole('tab', { name, exact: true }).click();
      await page.getByRole('tab', { name, exact: true, selected: true }).waitFor();
      await examine(`lab ${id}`);
    }
    await page.getByRole('button', { name: checkpointsText.open }).click();
    await page.getByRole('dialog', { name: checkpointsText.title }).waitFor();
    await examine('checkpoints');
    expect(found).toEqual([]);
  });

  const sideTabs = Object.entries(labText.views)
    .map(([id, name]) => ({ id, name }))
    .filter(({ id }) => id !== 'guide' && id !== 'terminals');

  test('a lab is opened, worked in and checked with the keyboard alone', async () => {
    const { page } = await app.open();
    await page.getByRole('heading', { level: 1, name: libraryText.title }).waitFor();
    const open = page.getByRole('main').getByRole('link', { name: libraryText.open, exact: true });
    await open.waitFor();
    await tabTo(page, () => open.evaluate((link) => link === document.activeElement));
    await page.keyboard.press('Enter');
    await terminalShows(page, 'root@host');
    const terminal = page.getByRole('textbox', { name: 'Terminal' }).first();
    await tabTo(page, () => terminal.evaluate((field) => field === document.activeElement));
    await page.keyboard.type('echo by-keys-$((40+2))');
    await page.keyboard.press('Enter');
    await terminalShows(page, /^by-keys-42/);
    // Out of the terminal again, which takes the tab key for itself.
    await page.keyboard.press('F6');
    expect(await terminal.evaluate((field) => field === document.activeElement)).toBe(false);
    await page.keyboard.press('Control+Enter');
    await page.getByText(labText.pointsNamed(0, 100)).first().waitFor();
  });

  /** Presses Tab until it is there. */
  async function tabTo(page: Page, there: () => Promise<boolean>): Promise<void> {
    for (let pressed = 0; pressed < 150; pressed++) {
      await page.keyboard.press('Tab');
      if (await there()) return;
    }
    throw new Error('Tab does not come there');
  }
});
