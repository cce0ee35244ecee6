import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labText } from '../../app/strings/lab.ts';
import { libraryText } from '../../app/strings/library.ts';
import { startSession } from '../support/session-containers.ts';
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

  /** Screens by their address, each with what says that it is there. */
  const screens: readonly { address: () => string; there(page: Page): Promise<unknown> }[] = [
    { address: () => '#/library', there: (page) => page.getByRole('group').first().waitFor() },
    {
      address: () => `#/lab/${session}`,
      there: async (page) => {
        await terminalShows(page, 'root@host');
        await page.getByText(labText.pointsNamed(0, 100)).first().waitFor();
      },
    },
    { address: () => '#/results', there: (page) => page.getByRole('heading', { level: 1 }).waitFor() },
    { address: () => '#/packs', there: (page) => page.getByRole('heading', { level: 1 }).waitFor() },
    { address: () => '#/doctor', there: (page) => page.getByRole('heading', { level: 1 }).waitFor() },
  ];

  test.each(['light', 'dark'] as const)('axe finds nothing on any screen in the %s theme', async (colorScheme) => {
    const { page } = await app.open({ colorScheme, reducedMotion: 'reduce' });
    await page.getByRole('heading', { level: 1 }).waitFor();
    const found: string[] = [];
    const examine = async (where: string) => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      found.push(...violations.map(({ id, nodes }) => `${where}: ${id} at ${nodes.map(({ html }) => html).join(' ')}`));
    };
    for (const { address, there } of screens) {
      await page.evaluate((hash) => window.location.assign(hash), address());
      await there(page);
      await examine(address());
      if (!address().startsWith('#/lab')) continue;
      for (const view of [labText.views.topology, labText.views.netfilter]) {
        await page.getByRole('tab', { name: view }).click();
        await page.getByRole('tab', { name: view, selected: true }).waitFor();
        await examine(`${address()} ${view}`);
      }
    }
    expect(found).toEqual([]);
  });

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
