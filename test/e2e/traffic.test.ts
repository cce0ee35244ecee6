import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labText } from '../../app/strings/lab.ts';
import { trafficText } from '../../app/strings/traffic.ts';
import { runCli } from '../support/cli.ts';
import { startSession } from '../support/session-containers.ts';
import { noBrowser, openServedApp, type ServedApp } from './served-app.ts';

describe.skipIf(noBrowser)(`traffic in a window${noBrowser ? ` (skipped: ${noBrowser})` : ''}`, () => {
  let app: ServedApp;
  let session: string;
  let page: Page;
  let errors: string[];
  /** As the lab has it with this seed. */
  let server: string;

  beforeAll(async () => {
    app = await openServedApp();
    session = await startSession(app.home, 'netfilter/masquerade', '--seed', '1');
    const { stdout } = await inNode('server', 'hostname -I');
    server = stdout.trim().split(' ')[0] ?? '';
    await inNode(
      'router',
      'sysctl -qw net.ipv4.ip_forward=1; iptables -P FORWARD ACCEPT; iptables -t nat -A POSTROUTING -o wan -j MASQUERADE',
    );
    ({ page, errors } = await app.open({ reducedMotion: 'reduce' }));
    await page.evaluate((hash) => window.location.assign(hash), `#/lab/${session}`);
    await page.getByRole('tab', { name: labText.views.traffic }).click();
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
  });

  const inNode = (node: string, script: string) =>
    runCli(['exec', session, node, '--', 'bash', '-c', script], { home: app.home });
  const capture = () => page.getByRole('button', { name: trafficText.start, exact: true });
  // The lab's own button has the same name.
  const stop = () =>
    page.getByRole('region', { name: trafficText.title }).getByRole('button', { name: trafficText.stop });
  const packets = () => page.getByRole('list', { name: trafficText.list }).getByRole('button');
  const filter = () => page.getByRole('textbox', { name: trafficText.filter });

  async function axe(): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.locator(`html[data-theme="${colorScheme}"]`).waitFor();
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    }
  }

  test('a filter that is none is said beside its field; packets of a link are listed, shown in detail and saved', async () => {
    await filter().fill('tcp porrt 80');
    await capture().click();
    await page.getByRole('alert').filter({ hasText: 'syntax error' }).waitFor();
    await filter().fill('icmp');
    await capture().click();
    await page.getByText(trafficText.waiting).waitFor();
    await inNode('client', `ping -q -c 1 ${server}`);
    await packets().nth(1).waitFor();
    expect(await packets().first().textContent()).toMatch(/client → router.*ICMP echo request/s);
    await packets().first().click();
    await page
      .getByRole('group', { name: trafficText.detail(1) })
      .getByText('proto ICMP (1)')
      .waitFor();
    await axe();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: trafficText.save }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`${session}-link-lan.pcap`);
    expect(readFileSync(await download.path()).readUInt32LE(0)).toBe(0xa1b2c3d4);
    await stop().click();
    await page.getByText(trafficText.ends.stopped).first().waitFor();
  });

  test('who scrolls up keeps the place while packets come, and comes back to the latest by a button', async () => {
    await filter().fill('');
    await capture().click();
    await page.getByText(trafficText.waiting).waitFor();
    await inNode('client', `ping -q -c 40 -i 0.01 ${server}`);
    await packets().nth(60).waitFor({ state: 'attached' });
    const list = page.getByRole('list', { name: trafficText.list });
    await list.evaluate((box) => box.scrollTo({ top: 0 }));
    const latest = page.getByRole('button', { name: trafficText.latest });
    await latest.waitFor();
    const before = await packets().count();
    await inNode('client', `ping -q -c 2 -i 0.01 ${server}`);
    await expect.poll(() => packets().count()).toBeGreaterThan(before);
    expect(await list.evaluate((box) => box.scrollTop)).toBe(0);
    await latest.click();
    await latest.waitFor({ state: 'detached' });
    await stop().click();
  });

  test('connections are shown before and after NAT as they come, and chosen by words', async () => {
    await page.getByRole('radio', { name: trafficText.parts.connections }).click();
    const rows = page.getByRole('row');
    await inNode('client', `curl -s -o /dev/null http://${server}/`);
    const masqueraded = rows.filter({ hasText: 'TIME_WAIT' }).filter({ hasText: `→ ${server}:80` });
    await masqueraded.first().waitFor();
    expect(await masqueraded.first().textContent()).toContain(trafficText.nat);
    await page.getByRole('textbox', { name: trafficText.words }).fill('no-such-word');
    await page.getByText(trafficText.noMatchTitle).waitFor();
    await page.getByRole('textbox', { name: trafficText.words }).fill('tcp :80');
    await masqueraded.first().waitFor();
    await axe();
    expect(errors).toEqual([]);
  });
});
