import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradingText } from '../../app/strings/grading.ts';
import { guideText } from '../../app/strings/guide.ts';
import { labText } from '../../app/strings/lab.ts';
import { libraryText } from '../../app/strings/library.ts';
import { terminalText } from '../../app/strings/terminal.ts';
import { focusTerminal, noBrowser, openServedApp, type ServedApp, terminalShows, typeLine } from './served-app.ts';

const title = 'Send local connections from one port to another';

describe.skipIf(noBrowser)(`a lab in a window${noBrowser ? ` (skipped: ${noBrowser})` : ''}`, () => {
  let app: ServedApp;
  beforeAll(async () => {
    app = await openServedApp();
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
  });

  test('from the library to the last point, through a reload, with a second window that follows', async () => {
    const { page, errors } = await app.open();
    await page.getByRole('heading', { level: 1, name: libraryText.title }).waitFor();
    expect(page.url()).not.toContain('token');

    const row = page.getByRole('group', { name: title });
    await row.getByRole('button', { name: libraryText.start, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    const address = page.url();

    // A check before anything was done: nothing has passed.
    const check = page.getByRole('button', { name: labText.check, exact: true });
    const criteria = page.getByRole('group', { name: labText.views.criteria });
    const turned = (verdict: string) => criteria.getByRole('button', { name: new RegExp(`^${verdict}`) });
    expect(await turned(gradingText.marks.unchecked).count()).toBe(4);
    await terminalShows(page, 'root@host');
    await check.click();
    await expect.poll(() => turned(gradingText.marks.unchecked).count(), { timeout: 20_000 }).toBe(0);
    expect(await turned(gradingText.marks.passed).count()).toBe(0);

    // Half of the work, then the window is loaded anew.
    await focusTerminal(page);
    await typeLine(page, 'seq 1001 1200; echo the-end-of-it');
    await terminalShows(page, /^the-end-of-it/);
    await page.getByRole('button', { name: terminalText.splitRight }).click();
    await expect.poll(() => page.getByRole('tab', { name: 'host' }).count()).toBe(2);
    await page.getByRole('tab', { name: labText.views.netfilter }).click();
    const question = page.getByRole('textbox', { name: new RegExp(guideText.yourAnswer) });
    await question.scrollIntoViewIfNeeded();
    const client = await app.client();
    const session = decodeURIComponent(address.split('/').at(-1) ?? '');
    const read = async () => (await client.preferences.read())[`guide/${session}`] ?? '';
    await expect.poll(read, { timeout: 5000 }).toMatch(/"line":[1-9]/);
    await page.reload();
    expect(page.url()).toBe(address);
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    await terminalShows(page, /^the-end-of-it/);
    expect(await page.getByRole('tab', { name: 'host' }).count()).toBe(2);
    expect(await page.getByRole('tab', { name: labText.views.netfilter }).getAttribute('aria-selected')).toBe('true');
    // The guide stands where it stood.
    await expect
      .poll(() => question.evaluate((field) => field.getBoundingClientRect().top < window.innerHeight))
      .toBe(true);

    const second = await app.open();
    await second.page.goto(address);
    await second.page.getByRole('heading', { level: 1, name: title }).waitFor();

    await page.getByRole('tab', { name: labText.views.criteria }).click();
    await focusTerminal(page);
    await typeLine(page, 'iptables -t nat -A OUTPUT -p tcp --dport 8888 -j REDIRECT --to-port 80');
    // A line for each field: the panes are narrow.
    await typeLine(page, 'curl -s http://127.0.0.1:8888/ | tr , "\\n"');
    await terminalShows(page, '"port": 80');
    // What one window types the other one shows.
    await terminalShows(second.page, '"port": 80');
    // Criteria turn by themselves, in both.
    await expect.poll(() => turned(gradingText.marks.passed).count(), { timeout: 20_000 }).toBe(2);
    await second.page.getByRole('tab', { name: labText.views.criteria }).click();
    await expect.poll(() => second.page.getByText(gradingText.metNow).count(), { timeout: 20_000 }).toBe(2);
    await typeLine(page, 'iptables -t nat -D OUTPUT -p tcp --dport 8888 -j REDIRECT --to-port 80; echo gone');
    await terminalShows(page, /^gone/);
    await question.fill('OUTPUT');
    await page.getByRole('button', { name: guideText.answer, exact: true }).click();
    await second.page.getByText('Answered “OUTPUT”').waitFor();
    await expect.poll(() => turned(gradingText.marks.passed).count(), { timeout: 20_000 }).toBe(4);
    await page.getByText(labText.allReady).waitFor();
    await page.getByText(labText.pointsNamed(0, 100)).first().waitFor();

    await page.keyboard.press('Control+Enter');
    await page.getByText(labText.pointsNamed(100, 100)).first().waitFor();
    expect(await turned(gradingText.marks.passed).count()).toBe(4);
    await second.page.getByText(labText.pointsNamed(100, 100)).first().waitFor();

    await page.getByRole('button', { name: labText.stop, exact: true }).click();
    await page
      .getByRole('dialog', { name: labText.stopTitle })
      .getByRole('button', { name: labText.stop, exact: true })
      .click();
    await page.getByText(labText.stopped).waitFor();
    await second.page.getByText(labText.stopped).waitFor();
    expect(errors).toEqual([]);
    expect(second.errors).toEqual([]);
  });
});
