import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradingText } from '../../app/strings/grading.ts';
import { guideText } from '../../app/strings/guide.ts';
import { labText } from '../../app/strings/lab.ts';
import { writePack } from '../pack-format/sample-pack.ts';
import { runCli } from '../support/cli.ts';
import { startSession } from '../support/session-containers.ts';
import { axeFindings } from './axe.ts';
import { type AppWindow, noBrowser, openServedApp, type ServedApp } from './served-app.ts';

/** What a guide of anybody may try, and then a lesson. */
const hostile = `# First

<script>window.harmed = 1</script> <img src=x onerror="window.harmed = 1"> <iframe src="javascript:window.harmed = 1"></iframe>

<svg onload="window.harmed = 1"></svg> <a href="javascript:window.harmed=1">written out</a> <style>body { display: none }</style>

[script](javascript:window.harmed=1) [data](data:text/html,<script>window.harmed=1</script>) [web](https://example.org/)

![A map](https://example.org/map.png) ![Near](http://127.0.0.1:1/a.png)

\`\`\`packet-flow
INPUT
\`\`\`

\`\`\`sh node=host
iptables -A INPUT -p tcp --dport {{port}} -j DROP
\`\`\`
`;

/** Makes a guide as long as it may be, and longer. */
const filler = 'A word after another, without end.\n\n';

describe.skipIf(noBrowser)(`a guide in a window${noBrowser ? ` (skipped: ${noBrowser})` : ''}`, () => {
  let app: ServedApp;
  let window: AppWindow;

  beforeAll(async () => {
    app = await openServedApp();
    await using pack = await writePack({ 'first/guide.md': hostile + filler.repeat(13_000) });
    const place = join(app.home, 'packs/sample/1.0.0');
    await mkdir(place, { recursive: true });
    await cp(pack.folder, place, { recursive: true });
    const session = await startSession(app.home, 'sample/first', '--seed', '1');
    window = await app.open({ reducedMotion: 'reduce' });
    await window.page.goto(app.address(`#/lab/${session}`));
    await window.page.getByRole('heading', { level: 2, name: 'First' }).waitFor();
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
  });

  test('one that is hostile is inert: nothing of it runs or is fetched from elsewhere, and it says what it does not show', async () => {
    const { page, requests } = window;
    await page.getByText('Picture not loaded, since it is on another machine: A map').waitFor();
    await page.getByText('Picture not loaded, since it is on another machine: Near').waitFor();
    for (const name of ['script', 'data', 'written out']) {
      const link = page.getByRole('link', { name, exact: true });
      if ((await link.count()) > 0) await link.first().click();
    }
    expect(await page.evaluate(() => 'harmed' in window)).toBe(false);
    expect(page.frames()).toHaveLength(1);
    const prose = page.locator('.prose');
    expect(await prose.locator('script, iframe, style, svg[onload], [onerror], [onload]').count()).toBe(0);
    const links = await prose.locator('a').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    expect(links).toEqual(['https://example.org/']);
    const foreign = requests.filter((url) => !url.startsWith(app.address('')) && !/^(data|blob):/.test(url));
    expect(foreign).toEqual([]);
  });

  test('one that is too long is refused before its lab starts', async () => {
    await using pack = await writePack({ 'first/guide.md': filler.repeat(150_000) });
    const { exitCode, stderr } = await runCli(['start', join(pack.folder, 'first')], { home: app.home });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('guide.md');
  });

  test('a block is typed into its node, an answer stored, and each criterion turns at a check', async () => {
    const { page } = window;
    await page.getByRole('button', { name: guideText.runOn('host') }).click();
    await page.getByText(/^Run at /).waitFor();
    const field = page.getByRole('textbox', { name: new RegExp(`^${guideText.yourAnswer}`) });
    const answer = page.getByRole('button', { name: guideText.answer, exact: true });
    await field.fill('12 34');
    await answer.click();
    await page.getByRole('alert').filter({ hasText: 'cannot be an answer' }).waitFor();
    await field.fill('ACCEPT');
    await answer.click();
    await page.getByText('Answered “ACCEPT”').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('heading', { name: labText.passed }).waitFor();
    const criteria = page.getByRole('group', { name: labText.views.criteria });
    const passed = criteria.getByRole('button', { name: new RegExp(`^${gradingText.marks.passed}`) });
    expect(await passed.count()).toBe(2);
    expect(await axeFindings(page)).toEqual([]);
  });

  test('a reload comes back to the blocks that were run and the answers that were given', async () => {
    const { page } = window;
    await page.reload();
    await page.getByText(/^Run at /).waitFor();
    await page.getByText('Answered “ACCEPT”').waitFor();
    await page.getByRole('heading', { name: labText.passed }).waitFor();
  });
});
