import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { frameText } from '../../app/strings/frame.ts';
import { labText } from '../../app/strings/lab.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { execArgv } from '../../engine/topology/index.ts';
import { firstOf } from '../contract/first-of.ts';
import { openDockerCut } from '../support/docker-cut.ts';
import { containersOf, startSession } from '../support/session-containers.ts';
import { focusTerminal, noBrowser, openServedApp, type ServedApp, terminalShows, typeLine } from './served-app.ts';

const title = 'Send local connections from one port to another';

describe.skipIf(noBrowser)(`faults in a window${noBrowser ? ` (skipped: ${noBrowser})` : ''}`, () => {
  let app: ServedApp;
  afterEach(async () => {
    await app?.[Symbol.asyncDispose]();
  });

  async function openLab(lab = 'netfilter/redirect') {
    const session = await startSession(app.home, lab, '--seed', '1');
    const window = await app.open();
    await window.page.getByRole('navigation').getByRole('link', { name: frameText.status.running }).click();
    await window.page.getByRole('button', { name: labText.check, exact: true }).waitFor();
    return { ...window, session };
  }

  test('an engine that was killed and comes back is told and found again, with the lab and without a reload', async () => {
    app = await openServedApp();
    const { page } = await openLab();
    await page.evaluate('window.notLoadedAnew = true');
    await terminalShows(page, 'root@host');
    await app.kill();
    await page.getByText(frameText.engineLost).waitFor();
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    await app.restart();
    await page.getByText(frameText.engineLost).waitFor({ state: 'detached' });
    await page.keyboard.press('Control+Enter');
    await page.getByText(labText.pointsNamed(0, 100)).first().waitFor();
    expect(await page.evaluate('window.notLoadedAnew')).toBe(true);
  });

  test('a window of an earlier run is told why it is not let in', async () => {
    app = await openServedApp();
    const { page } = await app.open();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await app.kill();
    await app.restart('another-token-for-windows-that-is-long-enough');
    // The command in it stands as code.
    await page.getByText(frameText.engineRefused.split('`')[0] ?? '').waitFor();
  });

  test('Docker that stops is said by a banner and the lab; terminals and checks come back with it, without a reload', async () => {
    await using docker = await openDockerCut();
    app = await openServedApp({ DOCKER_HOST: docker.address });
    const { page } = await openLab();
    await page.evaluate('window.notLoadedAnew = true');
    await terminalShows(page, 'root@host');
    await docker.cut();
    await page.getByText(frameText.dockerLost).waitFor();
    await page.getByText(labText.away).waitFor();
    const ended = page.getByText('The terminal comes back with it.');
    await ended.waitFor();
    await docker.restore();
    await ended.waitFor({ state: 'detached' });
    await page.getByText(frameText.dockerLost).waitFor({ state: 'detached' });
    await page.getByText(labText.away).waitFor({ state: 'detached' });
    await page.keyboard.press('Control+Enter');
    await page.getByText(labText.pointsNamed(0, 100)).first().waitFor();
    await focusTerminal(page);
    await typeLine(page, 'echo it-$((40+2))');
    await terminalShows(page, /^it-42/);
    expect(await page.evaluate('window.notLoadedAnew')).toBe(true);
  });

  test('a flood in a terminal neither freezes the window nor fills the memory, and Ctrl-C ends it', async () => {
    app = await openServedApp();
    // As most people have it; what the terminal did is asked of the node.
    await (await app.client()).preferences.change({ name: 'terminals.screen-reader', value: 'false' });
    const { page, session } = await openLab();
    await using runtime = await connectDocker();
    const [state] = await containersOf(runtime, app.home);
    const container = runtime.container(state?.id ?? '');
    const there = async (file: string) =>
      (await container.exec(execArgv('host', ['test', '-e', file]), { timeout: 20_000 })).exitCode === 0;
    const client = await app.client();
    const [terminal] = await firstOf(
      (signal) => client.terminals.watch({ session }, { signal }),
      (terminals) => terminals.length > 0,
    );
    await firstOf(
      (signal) => client.terminals.attach({ terminal: terminal?.id ?? '' }, { signal }),
      (event) => JSON.stringify(event).includes('root@host'),
    );
    await focusTerminal(page);
    await typeLine(page, 'touch /tmp/ready');
    await expect.poll(() => there('/tmp/ready'), { timeout: 20_000 }).toBe(true);
    const before = await memoryOf(page);
    await typeLine(page, 'head -c 50000000 /dev/zero | tr "\\0" x | fold -w 100; touch /tmp/all');
    await expect.poll(() => there('/tmp/all'), { timeout: 60_000 }).toBe(true);
    await typeLine(page, 'touch /tmp/begun; yes; touch /tmp/ended');
    await expect.poll(() => there('/tmp/begun'), { timeout: 20_000 }).toBe(true);
    // The window answers meanwhile.
    await page.getByRole('tab', { name: labText.views.topology }).click();
    await page.getByRole('tab', { name: labText.views.topology, selected: true }).waitFor();
    await focusTerminal(page);
    expect(await there('/tmp/ended')).toBe(false);
    await page.keyboard.press('Control+c');
    await typeLine(page, 'touch /tmp/after');
    await expect.poll(() => there('/tmp/after'), { timeout: 20_000 }).toBe(true);
    expect((await memoryOf(page)) - before).toBeLessThan(64 << 20);
    expect(hostMegabytes()).toBeLessThan(400);
  });

  /** What the host has in memory. */
  function hostMegabytes(): number {
    const status = readFileSync(`/proc/${app.served.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }
});

/** The bytes of a page's JavaScript that are in use after a collection. */
async function memoryOf(page: Page): Promise<number> {
  const inside = await page.context().newCDPSession(page);
  await inside.send('HeapProfiler.collectGarbage');
  const { usedSize } = await inside.send('Runtime.getHeapUsage');
  await inside.detach();
  return usedSize;
}
