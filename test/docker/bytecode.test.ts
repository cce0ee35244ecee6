import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  canonicalWords,
  type Family,
  type NftExpression,
  parseRule,
  parseSave,
  type Rule,
  readBytecode,
  readNftRules,
  sameRule,
} from '../../engine/netfilter/index.ts';
import { openShell, type ResidentShell } from '../../engine/observe/resident-shell.ts';
import { layout } from '../../engine/runtime/layout.ts';
import { type LabContainer, startLabContainer } from '../support/lab-container.ts';
import { filterForms, filterForms6, mangleForms, natForms, natForms6, unreadForms } from './rule-forms/iptables.ts';
import { nftForms } from './rule-forms/nft.ts';

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

interface KernelRule {
  readonly op: string;
  readonly table: string;
  readonly chain: string;
  readonly handle: number;
  readonly expr?: readonly NftExpression[];
}

/** The kernel's rules of a table, from the program that the recorder uses. */
async function kernelRules(namespace: string, family: Family, table: string): Promise<KernelRule[]> {
  const name = family === 'ipv4' ? 'ip' : 'ip6';
  const program = `${layout.programs}/nftables_netlink.py`;
  const out = await run(`ip netns exec ${namespace} python3 -I -S -B ${program} dump ${name} ${table}`);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as KernelRule)
    .filter(({ op }) => op === 'newrule');
}

function meant(rule: KernelRule, family: Family): Rule & { readonly wroteByIptables: boolean } {
  return { words: [], line: 0, ...readBytecode(rule.expr ?? [], family) };
}

const text = (rule: Rule): string => canonicalWords(rule).join(' ');

/** Rules in the form that iptables wants, in a chain of a table, in a namespace of their own. */
async function written(namespace: string, family: Family, table: string, chain: string, forms: readonly string[]) {
  const save = [
    `*${table}`,
    ...(chain === 'OWN' ? [':OWN - [0:0]'] : []),
    ...forms.map((form) => `-A ${chain} ${form}`),
    'COMMIT',
  ];
  const iptables = family === 'ipv4' ? 'iptables' : 'ip6tables';
  await run(
    `ip netns add ${namespace} && ip netns exec ${namespace} ${iptables}-nft-restore <<'RULES'\n${save.join('\n')}\nRULES`,
  );
  const printed = parseSave(await run(`ip netns exec ${namespace} ${iptables}-nft-save -t ${table}`), { family });
  const rules = printed.tables[0]?.chains.find(({ name }) => name === chain)?.rules ?? [];
  const kernel = (await kernelRules(namespace, family, table)).filter((rule) => rule.chain === chain);
  expect(kernel).toHaveLength(forms.length);
  expect(rules).toHaveLength(forms.length);
  return { rules, kernel: kernel.map((rule) => meant(rule, family)) };
}

describe('what iptables-nft writes means to the kernel what iptables-save prints', () => {
  test.each([
    ['filter4', 'ipv4', 'filter', 'FORWARD', filterForms],
    ['nat-out4', 'ipv4', 'nat', 'OUTPUT', natForms.OUTPUT],
    ['nat-post4', 'ipv4', 'nat', 'POSTROUTING', natForms.POSTROUTING],
    ['mangle4', 'ipv4', 'mangle', 'OUTPUT', mangleForms],
    ['filter6', 'ipv6', 'filter', 'FORWARD', filterForms6],
    ['nat-out6', 'ipv6', 'nat', 'OUTPUT', natForms6.OUTPUT],
    ['nat-post6', 'ipv6', 'nat', 'POSTROUTING', natForms6.POSTROUTING],
  ] as const)('%s', async (namespace, family, table, chain, forms) => {
    const { rules, kernel } = await written(namespace, family, table, chain, forms);
    for (const [index, rule] of kernel.entries()) {
      const printed = rules[index];
      if (printed === undefined) throw new Error('iptables-save printed fewer rules');
      expect(text(rule), forms[index]).toBe(text(printed));
      expect(sameRule(rule, printed), forms[index]).toBe(true);
      expect(rule.wroteByIptables, forms[index]).toBe(true);
    }
  });

  test('an extension whose parameters are not read is unseen, and the rest of the rule is there', async () => {
    const { rules, kernel } = await written('unread', 'ipv4', 'filter', 'FORWARD', unreadForms);
    for (const [index, rule] of kernel.entries()) {
      const unseen = [...rule.conditions, rule.action].filter(({ kind }) => kind === 'unseen');
      expect(unseen, unreadForms[index]).toHaveLength(1);
      expect(rule.conditions.length, unreadForms[index]).toBe(rules[index]?.conditions.length);
      expect(rule.wroteByIptables, unreadForms[index]).toBe(true);
    }
  });
});

describe('what nft writes into iptables’ tables', () => {
  test('means what the same rule of iptables means, from the expressions and from nft’s JSON', async () => {
    await run(
      'ip netns add nft && ip netns exec nft iptables-nft -N OWN && ip netns exec nft iptables-nft -t nat -N OWN',
    );
    const wanted = new Map<string, string>();
    for (const { table = 'filter', nft, iptables } of nftForms) {
      const out = await run(`ip netns exec nft nft -ae add rule ip ${table} OWN '${nft.replaceAll("'", "'\\''")}'`);
      wanted.set(`${table} ${/handle (\d+)/.exec(out)?.[1]}`, iptables);
    }
    const json = readNftRules(JSON.parse(await run('ip netns exec nft nft -j -a list ruleset')));
    const kernel = [...(await kernelRules('nft', 'ipv4', 'filter')), ...(await kernelRules('nft', 'ipv4', 'nat'))];
    expect(kernel).toHaveLength(nftForms.length);
    for (const [index, rule] of kernel.entries()) {
      const form = nftForms[index]?.nft;
      const expected = text(parseRule(wanted.get(`${rule.table} ${rule.handle}`) ?? '', 'ipv4'));
      const listed = json.find((one) => one.handle === rule.handle && one.table === rule.table);
      expect(text(meant(rule, 'ipv4')), form).toBe(expected);
      expect(listed?.rule.words.join(' '), form).toBe(expected);
    }
  });

  test('is told from what iptables-save prints faithfully', async () => {
    const own = async (namespace: string, rule: string) => {
      await run(
        `ip netns add ${namespace} && ip netns exec ${namespace} iptables-nft -N OWN && ip netns exec ${namespace} nft add rule ip filter OWN ${rule}`,
      );
      const [found] = await kernelRules(namespace, 'ipv4', 'filter');
      return found === undefined ? null : readBytecode(found.expr ?? [], 'ipv4').wroteByIptables;
    };
    expect(await own('told-set', "'tcp dport {80,443} accept'")).toBe(false);
    expect(await own('told-ct', 'ct state established accept')).toBe(false);
    expect(await own('told-counted', 'tcp dport 80 counter accept')).toBe(true);
    expect(await own('told-bare', 'tcp dport 80 accept')).toBe(false);
    expect(await own('told-late', 'counter tcp dport 80 accept')).toBe(false);
  });

  test('what is told to be as iptables wrote it, iptables-save prints with the same meaning', async () => {
    await run('ip netns add faithful');
    for (const { table = 'filter', nft } of nftForms) {
      const here = 'ip netns exec faithful';
      await run(
        `${here} nft flush ruleset; ${here} iptables-nft -t ${table} -N OWN && ${here} nft add rule ip ${table} OWN '${nft}'`,
      );
      const [rule] = (await kernelRules('faithful', 'ipv4', table)).map((one) => meant(one, 'ipv4'));
      if (!rule?.wroteByIptables) continue;
      const printed = parseSave(await run(`${here} iptables-nft-save -t ${table}`), { family: 'ipv4' });
      const [save] = printed.tables[0]?.chains.find(({ name }) => name === 'OWN')?.rules ?? [];
      expect(save === undefined ? 'nothing' : text(save), nft).toBe(text(rule));
    }
  });
});

test('events tell each change with its process, in order, and a generation at the end', async () => {
  const program = `${layout.programs}/nftables_netlink.py`;
  const out = await run(`ip netns add events && ip netns exec events bash <<'SCRIPT'
coproc watch { exec python3 -I -S -B ${program} watch; }
read -r first <&"\${watch[0]}"
echo "$first"
iptables-nft -N WEB
iptables-nft -A WEB -p tcp --dport 80 -j ACCEPT
iptables-nft -F WEB
iptables-nft -X WEB
generations=0
while [ $generations -lt 4 ] && read -r line <&"\${watch[0]}"; do
  echo "$line"
  case $line in *newgen*) generations=$((generations + 1)) ;; esac
done
kill "$watch_PID"
SCRIPT`);
  const events = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { op: string; process?: string; chain?: string });
  expect(events.map(({ op }) => op)).toEqual(
    expect.arrayContaining(['watching', 'newtable', 'newchain', 'newgen', 'newrule', 'delrule', 'delchain']),
  );
  expect(events.filter(({ op }) => op === 'newgen').map(({ process }) => process)).toEqual(
    Array.from({ length: 4 }, () => 'iptables-nft'),
  );
  const own = events.filter(({ chain, op }) => chain === 'WEB' && op !== 'newgen').map(({ op }) => op);
  expect(own).toEqual(['newchain', 'newrule', 'delrule', 'delchain']);
});
