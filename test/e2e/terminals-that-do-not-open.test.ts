import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guideText } from '../../app/strings/guide.ts';
import { labText } from '../../app/strings/lab.ts';
import { terminalText } from '../../app/strings/terminal.ts';
import { openDockerCut } from '../support/docker-cut.ts';
import { startSession } from '../support/session-containers.ts';
import { focusTerminal, noBrowser, openServedApp, type ServedApp, terminalShows, typeLine } from './served-app.ts';

describe.skipIf(noBrowser)(`terminals that do not open${noBrowser ? ` (skipped: ${noBrowser})` : ''}`, () => {
  let app: ServedApp;
  let session: string;
  let docker: Awaited<ReturnType<typeof openDockerCut>>;
  beforeAll(async () => {
    docker = await openDockerCut();
    app = await openServedApp({ DOCKER_HOST: docker.address });
    session = await startSession(app.home, 'netfilter/redirect', '--seed', '1');
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  async function openLab() {
    const window = await app.open();
    await window.page.goto(app.address(`#/lab/${session}`));
    await terminalShows(window.page, 'root@host');
    return window;
  }

  test('one too many keeps its tab with the reason, and begins when there is room', async () => {
    const client = await app.client();
    const { page, errors } = await openLab();
    const have = (await client.terminals.list({ session })).length;
    const more = Array.from({ length: 24 - have }, () => crypto.randomUUID());
    for (const terminal of more)
      await client.terminals.open({ session, node: 'host', terminal, columns: 80, rows: 24 });
    await expect.poll(() => page.getByRole('tab', { name: 'host' }).count()).toBe(24);

    await page.keyboard.press('Control+Shift+Backquote');
    const reason = page.getByText('has 24 terminals open');
    await reason.waitFor();
    expect(await page.getByRole('tab', { name: 'host' }).count()).toBe(25);
    const [first] = more;
    await client.terminals.close({ terminal: first ?? '' });
    await expect.poll(() => page.getByRole('tab', { name: 'host' }).count()).toBe(24);
    expect(await reason.isVisible()).toBe(true);
    await page.getByRole('button', { name: terminalText.tryAgain }).click();
    await reason.waitFor({ state: 'detached' });
    await focusTerminal(page);
    await typeLine(page, 'echo room-$((40+2))');
    await terminalShows(page, /^room-42/);
    for (const { id } of (await client.terminals.list({ session })).slice(1))
      await client.terminals.close({ terminal: id });
    await expect.poll(() => page.getByRole('tab', { name: 'host' }).count()).toBe(1);
    expect(errors).toEqual([]);
  });

  test('keys that are typed before the shell is there reach it in order', async () => {
    const { page } = await openLab();
    await focusTerminal(page);
    await page.keyboard.press('Control+Shift+Backquote');
    await typeLine(page, 'echo before-$((40+2))');
    await terminalShows(page, /^before-42/);
  });

  test('one that is asked for while Docker is away keeps its tab with the reason, and begins when Docker is back', async () => {
    const { page, errors } = await openLab();
    await docker.cut();
    await page.getByText(labText.away).waitFor();
    await focusTerminal(page);
    await page.keyboard.press('Control+Shift+Backquote');
    await page.getByRole('button', { name: terminalText.tryAgain }).waitFor();
    await docker.restore();
    await page.getByText(labText.away).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: terminalText.tryAgain }).waitFor({ state: 'detached' });
    await page
      .getByRole('button', { name: guideText.runOn('host') })
      .first()
      .click();
    await page
      .getByText(/^Run at /)
      .first()
      .waitFor();
    expect(errors).toEqual([]);
  });
});
