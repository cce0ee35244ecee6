import type { Page } from 'playwright-core';
import { findLab } from '../engine/sessions/catalog.ts';
import { startSession } from '../engine/sessions/start.ts';
import { stopSession } from '../engine/sessions/stop.ts';
import { openWorkspace } from '../engine/sessions/workspace.ts';
import { against, type Bench, median } from './measure.ts';
import { openBrowser } from './open-browser.ts';
import { startServe } from './started-host.ts';

/** The issue's own figure: from Ctrl-C in the midst of a flood to the prompt, here on the screen, in milliseconds. */
const interrupt = 100;
const runs = 7;
/** So many frames of flood are drawn before the key: everything on the way is full then. */
const frames = 60;

/** Without a graphics card: terminals are drawn as text of the page, which is the slow way and the one that can be read here. */
const withoutGraphics = ['--disable-webgl', '--disable-webgl2', '--disable-3d-apis'];

/** From the key in the page until the prompt is on the screen, while a program floods the terminal. */
export async function interruptRow(bench: Bench): Promise<void> {
  await bench.row('app: Ctrl-C in a flood to the prompt on screen', async () => {
    await using workspace = await openWorkspace();
    const lab = await findLab(workspace.home, 'netfilter/redirect');
    const { session } = await startSession(workspace, lab, { seed: 1, hostLog: false });
    try {
      await using served = await startServe();
      await using browser = await openBrowser(...withoutGraphics);
      const page = await browser.newPage();
      await page.goto(served.url);
      await page.goto(`${served.url.split('?')[0]}#/lab/${session.id}`);
      const terminal = page.getByRole('textbox', { name: 'Terminal' }).first();
      await terminal.waitFor({ state: 'attached' });
      await terminal.focus();
      const taken: number[] = [];
      await prompted(page);
      while (taken.length < runs) taken.push(await interruptOnce(page));
      return against(interrupt, median(taken), runs);
    } finally {
      await stopSession(workspace, session);
    }
  });
}

async function interruptOnce(page: Page): Promise<number> {
  await page.keyboard.type('yes\n');
  await flooded(page);
  await page.evaluate(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!event.ctrlKey || event.key !== 'c') return;
      removeEventListener('keydown', onKey, { capture: true });
      const begin = performance.now();
      const look = () => {
        const lines = [...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.trimEnd());
        const prompted = /[#$]$/.test(lines.findLast((line) => line !== '') ?? '');
        if (prompted) document.body.dataset.interrupted = String(performance.now() - begin);
        else requestAnimationFrame(look);
      };
      look();
    };
    delete document.body.dataset.interrupted;
    addEventListener('keydown', onKey, { capture: true });
  });
  await page.keyboard.press('Control+c');
  const taken = await page.waitForFunction(() => document.body.dataset.interrupted);
  return Number(await taken.jsonValue());
}

async function prompted(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const lines = [...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.trimEnd());
    return /[#$]$/.test(lines.findLast((line) => line !== '') ?? '');
  });
}

/** The whole screen is flood, and stays it for some frames. */
async function flooded(page: Page): Promise<void> {
  await page.evaluate(() => delete document.body.dataset.flooded);
  // Asked once a frame.
  await page.waitForFunction((wanted) => {
    const lines = [...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.trimEnd());
    const full = lines.length > 1 && lines.slice(0, -1).every((line) => line === 'y');
    const drawn = full ? Number(document.body.dataset.flooded ?? 0) + 1 : 0;
    document.body.dataset.flooded = String(drawn);
    return drawn >= wanted;
  }, frames);
}
