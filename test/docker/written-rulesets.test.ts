import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareRulesets, parseSave, printSave } from '../../engine/netfilter/index.ts';
import { openShell, type ResidentShell } from '../../engine/observe/resident-shell.ts';
import { type LabContainer, startLabContainer } from '../support/lab-container.ts';

/**
 * Rulesets as Docker, kube-proxy, ufw, firewalld, fail2ban and Calico feed them to iptables-restore (test/fixtures/netfilter/by-NAME/restore):
 * the kernel takes them, and what iptables-save prints means what was written. `ipsets` beside it is what they match, for `ipset restore`; a
 * name that ends with -ipv6 is for ip6tables. UPDATE_FIXTURES=1 keeps what iptables-nft-save prints as `dump`.
 */
const root = join(import.meta.dirname, '../fixtures/netfilter');
const cases = readdirSync(root).filter((name) => name.startsWith('by-'));

let lab: LabContainer;
let shell: ResidentShell;

beforeAll(async () => {
  lab = await startLabContainer();
  shell = await openShell(lab.container);
});

afterAll(async () => {
  await shell?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

async function run(script: string): Promise<string> {
  const result = await shell.run(script, { timeout: 60_000 });
  expect(result.exitCode, result.stderr).toBe(0);
  return result.stdout;
}

/** What iptables-save prints after it was loaded in a namespace of its own. */
async function loaded(name: string, variant: string, namespace: string, text: string): Promise<string> {
  const inside = `ip netns exec ${namespace}`;
  const iptables = `${familyOf(name) === 'ipv6' ? 'ip6tables' : 'iptables'}-${variant}`;
  const ipsets = join(root, name, 'ipsets');
  return await run(
    [
      '( set -e',
      `ip netns add ${namespace}`,
      ...(existsSync(ipsets)
        ? [`${inside} ipset restore <<'SETS'`, readFileSync(ipsets, 'utf8').trimEnd(), 'SETS']
        : []),
      `${inside} ${iptables}-restore <<'RULES'`,
      text.trimEnd(),
      'RULES',
      `${inside} ${iptables}-save )`,
    ].join('\n'),
  );
}

const familyOf = (name: string) => (name.endsWith('-ipv6') ? 'ipv6' : 'ipv4');

describe.each(cases)('%s', (name) => {
  const written = readFileSync(join(root, name, 'restore'), 'utf8');
  const family = familyOf(name);

  test.each(['nft', 'legacy'])('is the same in the kernel (%s)', async (variant) => {
    const printed = await loaded(name, variant, `${name}-${variant}`, written);
    if (process.env.UPDATE_FIXTURES && variant === 'nft') writeFileSync(join(root, name, 'dump'), printed);
    expect(compareRulesets(parseSave(written, { family }), parseSave(printed)).differences).toEqual([]);
    expect(printSave(parseSave(printed))).toBe(printed);
  });

  test.each(['nft', 'legacy'])("goes in again in today's form, and is the same then (%s)", async (variant) => {
    const canonical = printSave(parseSave(written, { family }), { canonical: true });
    const printed = await loaded(name, variant, `${name}-again-${variant}`, canonical);
    expect(compareRulesets(parseSave(written, { family }), parseSave(printed)).differences).toEqual([]);
  });
});
