import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Family, parseRule, sameRule } from '../../engine/netfilter/index.ts';
import { openShell, type ResidentShell } from '../../engine/observe/resident-shell.ts';
import { type LabContainer, startLabContainer } from '../support/lab-container.ts';

/**
 * Every form of test/fixtures/netfilter/forms is typed to the kernel, and what iptables-save prints has to be what stands there and to mean the
 * same. UPDATE_FIXTURES=1 takes what iptables-nft-save prints for the forms (a new one is a line without a tab) and leaves out what the kernel refuses.
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

/** Types each form alone into its chain; the lines of that chain, one for each form, `! REASON` for one that was refused. */
async function typedTo(program: string, namespace: string, forms: readonly string[]): Promise<string[]> {
  const steps = forms.map((form) => {
    const [table = '', chain = '', ...rule] = form.split(' ');
    return [
      `if said=$(${program} -t ${table} -A ${chain} ${rule.join(' ')} 2>&1)`,
      `then ${program}-save -t ${table} | grep '^-A ${chain}'; else echo "! $(echo "$said" | tail -1)"; fi`,
      `${program} -t ${table} -F ${chain}`,
    ].join('\n');
  });
  const script = [`ip netns add ${namespace}`, `ip netns exec ${namespace} sh <<'FORMS'`, ...sets, ...steps, 'FORMS'];
  const result = await shell.run(script.join('\n'), { timeout: 240_000 });
  expect(result.exitCode, result.stderr).toBe(0);
  return result.stdout.trimEnd().split('\n');
}

const withoutPlace = (text: string): string => text.split(' ').slice(2).join(' ');

describe.each([
  ['ipv4', 'iptables'],
  ['ipv6', 'ip6tables'],
] as const)('%s', (family: Family, program) => {
  const path = join(import.meta.dirname, `../fixtures/netfilter/forms/${family}.tsv`);

  test.each(['nft', 'legacy'])('%s prints what means the same', { timeout: 300_000 }, async (variant) => {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const forms = lines.map((line) => line.split('\t'));
    const typed = forms.map(([form = '']) => form);
    const printed = await typedTo(`${program}-${variant}`, `${family}-${variant}`, typed);
    expect(printed).toHaveLength(typed.length);
    if (process.env.UPDATE_FIXTURES && variant === 'nft') {
      const taken = typed.flatMap((form, index) =>
        printed[index]?.startsWith('! ') ? [] : [`${form}\t${printed[index]}`],
      );
      writeFileSync(path, `${taken.join('\n')}\n`);
      process.stderr.write(
        printed.flatMap((line, index) => (line.startsWith('! ') ? [`${typed[index]}: ${line}\n`] : [])).join(''),
      );
      return;
    }
    const wrong = forms.flatMap(([form = '', known], index) => {
      const now = printed[index] ?? '';
      const same =
        !now.startsWith('! ') && sameRule(parseRule(withoutPlace(form), family), parseRule(withoutPlace(now), family));
      return same && (variant === 'legacy' || now === known) ? [] : [{ form, now, known }];
    });
    expect(wrong).toEqual([]);
  });
});
