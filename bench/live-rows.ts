import { once } from 'node:events';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { labText } from '../app/strings/lab.ts';
import type { AttachedExec } from '../engine/runtime/container.ts';
import { findLab } from '../engine/sessions/catalog.ts';
import { startSession } from '../engine/sessions/start.ts';
import { stopSession } from '../engine/sessions/stop.ts';
import type { SessionRow } from '../engine/sessions/store.ts';
import { openWorkspace } from '../engine/sessions/workspace.ts';
import { execArgv } from '../engine/topology/index.ts';
import { against, type Bench, median, percentile } from './measure.ts';
import { openBrowser } from './open-browser.ts';
import { startServe } from './started-host.ts';

/** From the command's end in the node until the criterion has turned in the window, in milliseconds. */
const changeToScreen = 100;
const changes = 200;
const otherLabs = 10;
/** The criterion of the bench's lab that a rule turns, by its title. */
const criterion = 'router drops telnet';
const rule = 'FORWARD -p tcp --dport 23 -j DROP';

/** Rows about what a window shows of changes in a node, with other labs running. */
export async function liveRows(bench: Bench): Promise<void> {
  await using workspace = await openWorkspace();
  const lab = await findLab(workspace.home, join(import.meta.dirname, 'pack/three-nodes'));
  const sessions: SessionRow[] = [];
  await using browser = await openBrowser();
  try {
    while (sessions.length <= otherLabs)
      sessions.push((await startSession(workspace, lab, { seed: 1, hostLog: false })).session);
    const [session] = sessions;
    if (session === undefined) throw new Error('no lab was started');
    await using served = await startServe();
    const page = await browser.newPage();
    await page.goto(served.url);
    await page.goto(`${served.url.split('?')[0]}#/lab/${session.id}`);
    await page.getByRole('tab', { name: labText.views.criteria }).click();
    await page.getByRole('button', { name: new RegExp(criterion) }).waitFor();
    const shell = await workspace.runtime.container(session.container).attach(execArgv('router', ['bash']));
    const latencies: number[] = [];
    for (let change = 0; change < changes; change++) {
      latencies.push(await turnOnce(page, shell, change % 2 === 0 ? `-A ${rule}` : `-D ${rule}`));
    }
    shell.stdin.end();
    for (const [name, ours] of [
      ['median', median(latencies)],
      ['95th percentile', percentile(latencies, 0.95)],
    ] as const) {
      await bench.row(`change to screen, ${name}, against ${changeToScreen} ms`, () =>
        against(changeToScreen, ours, changes),
      );
    }
  } finally {
    for (const session of sessions) await stopSession(workspace, session);
  }
}

/** Runs iptables in the node and waits until the criterion has turned: the milliseconds between. Both ends read this machine's clock. */
async function turnOnce(page: Page, shell: AttachedExec, words: string): Promise<number> {
  await page.evaluate((title) => {
    const card = [...document.querySelectorAll('article')].find((one) => one.textContent.includes(title));
    if (!card) throw new Error('the criterion is not on the screen');
    const mark = card.classList[0];
    Object.assign(window, {
      turned: new Promise<number>((resolve) => {
        const look = () => {
          if (card.classList[0] === mark) return;
          observer.disconnect();
          // Drawn with the next frame.
          requestAnimationFrame(() => resolve(Date.now()));
        };
        const observer = new MutationObserver(look);
        observer.observe(card, { attributes: true });
      }),
    });
  }, criterion);
  const said = once(shell.stdout, 'data');
  shell.stdin.write(`iptables ${words} && echo $EPOCHREALTIME\n`);
  const done = Number(String((await said)[0])) * 1000;
  const turned = await page.evaluate(() => (window as unknown as { turned: Promise<number> }).turned);
  return turned - done;
}
