import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShell, type ResidentShell } from '../../engine/observe/resident-shell.ts';
import { type LabContainer, startLabContainer } from '../support/lab-container.ts';

/**
 * Every form of test/fixtures/netfilter/forms is typed to the kernel; test/fixtures/listing keeps how iptables-save and `iptables -L -v -n` print
 * it. UPDATE_FIXTURES=1 takes what they print now.
 */
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

const sets = [
  'ipset create s1 hash:ip',
  'ipset create s2 hash:ip,port counters',
  'ipset create s3 hash:ip skbinfo',
  'ipset create s6 hash:ip family inet6',
];

test.each([
  ['ipv4', 'iptables'],
  ['ipv6', 'ip6tables'],
])('%s rules are listed as they were recorded', { timeout: 300_000 }, async (family, program) => {
  const fixtures = join(import.meta.dirname, '../fixtures');
  const forms = readFileSync(join(fixtures, `netfilter/forms/${family}.tsv`), 'utf8')
    .trimEnd()
    .split('\n');
  const steps = forms.map((line) => {
    const [table = '', chain = '', ...rule] = (line.split('\t')[0] ?? '').split(' ');
    return [
      `${program} -t ${table} -A ${chain} ${rule.join(' ')} || exit`,
      `echo "$(${program}-save -t ${table} | grep '^-A ${chain}')	$(${program} -t ${table} -L ${chain} -v -n | sed 1,2d)"`,
      `${program} -t ${table} -F ${chain}`,
    ].join('\n');
  });
  const script = [`ip netns add ${family}`, `ip netns exec ${family} bash <<'FORMS'`, ...sets, ...steps, 'FORMS'];
  const { stdout, stderr, exitCode } = await shell.run(script.join('\n'), { timeout: 240_000 });
  expect(exitCode, stderr).toBe(0);
  const listed = [...new Set(stdout.split('\n').map((line) => line.trimEnd()))].join('\n');
  const path = join(fixtures, `listing/${family}.tsv`);
  if (process.env.UPDATE_FIXTURES === '1') writeFileSync(path, listed);
  expect(listed).toBe(readFileSync(path, 'utf8'));
});
