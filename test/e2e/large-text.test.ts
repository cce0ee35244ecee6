import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { doctorText } from '../../app/strings/doctor.ts';
import { labText } from '../../app/strings/lab.ts';
import { openDockerCut } from '../support/docker-cut.ts';
import { startSession } from '../support/session-containers.ts';
import { noBrowser, openServedApp, type ServedApp } from './served-app.ts';
import { pixelsBeside, unreachableControls } from './unreachable-controls.ts';

/** A window of 1280x800 whose page is enlarged, and one whose text alone is. */
const ways = [
  { way: 'the page at 200 %', viewport: { width: 640, height: 400 }, style: 'html { font-size: 100% }' },
  { way: 'text alone at 200 %', viewport: { width: 1280, height: 800 }, style: 'html { font-size: 200% }' },
] as const;

describe.skipIf(noBrowser)(`large text${noBrowser ? ` (skipped: ${noBrowser})` : ''}`, () => {
  let app: ServedApp;
  let docker: Awaited<ReturnType<typeof openDockerCut>>;
  let session: string;
  beforeAll(async () => {
    docker = await openDockerCut();
    app = await openServedApp({ DOCKER_HOST: docker.address });
    session = await startSession(app.home, 'netfilter/masquerade', '--seed', '1');
    await (await app.client()).lab.check({ session });
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  /** Screens by their address, each with what says that all of it is there. */
  const screens: readonly { readonly address: () => string; there(page: Page): Promise<unknown> }[] = [
    { address: () => '#/library', there: (page) => page.getByRole('heading', { level: 3 }).first().waitFor() },
    { address: () => '#/results', there: (page) => page.getByRole('table').waitFor() },
    { address: () => '#/results/1', there: (page) => page.getByRole('heading', { level: 2 }).first().waitFor() },
    { address: () => '#/packs', there: (page) => page.getByRole('article').first().waitFor() },
    { address: () => '#/doctor', there: (page) => page.getByText(doctorText.allGood).waitFor() },
    { address: () => `#/lab/${session}`, there: (page) => page.getByRole('tab').first().waitFor() },
  ];

  test.each(ways)('everything can be got at with $way, on every screen', async ({ viewport, style }) => {
    const { page } = await app.open({ viewport, reducedMotion: 'reduce' });
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.addStyleTag({ content: style });
    const wrong: string[] = [];
    const examine = async (where: string) => {
      const beside = await pixelsBeside(page);
      if (beside !== 0) wrong.push(`${where}: ${beside} pixels stand beside the window`);
      wrong.push(...(await unreachableControls(page)).map((one) => `${where}: ${one}`));
    };
    for (const { address, there } of screens) {
      await page.evaluate((hash) => window.location.assign(hash), address());
      await there(page);
      await examine(address());
    }
    for (const view of Object.values(labText.views)) {
      await page.getByRole('tab', { name: view, exact: true }).click();
      await page.getByRole('tab', { name: view, exact: true, selected: true }).waitFor();
      await examine(view);
    }
    await docker.cut();
    await page.getByText(labText.away).waitFor();
    await examine('Docker away');
    await docker.restore();
    await page.getByText(labText.away).waitFor({ state: 'detached' });
    expect(wrong).toEqual([]);
  });
});
