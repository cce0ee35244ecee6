import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTimeline } from '../../engine/observe/read-timeline.ts';
import { openShell, type ResidentShell } from '../../engine/observe/resident-shell.ts';
import type { TimelineState } from '../../engine/observe/timeline.ts';
import { layout } from '../../engine/runtime/layout.ts';
import { type LabContainer, startLabContainer, untilRecorderListens } from '../support/lab-container.ts';

let lab: LabContainer;
let shell: ResidentShell;

beforeAll(async () => {
  lab = await startLabContainer();
  shell = await openShell(lab.container);
  const made = await shell.run('ip netns add host && ip -n host link set lo up');
  expect(made.stderr).toBe('');
  await untilRecorderListens(shell.run);
});

afterAll(async () => {
  await shell?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

async function inHost(script: string): Promise<void> {
  const result = await shell.run(`nsenter --net=${layout.netns('host')} bash <<'SCRIPT'\nset -e\n${script}\nSCRIPT`);
  expect(result.exitCode, result.stderr).toBe(0);
}

const rulesOf = (state: TimelineState, chain: string): string[] =>
  state.nodes.host?.rulesets
    .flatMap(({ ruleset }) => ruleset.tables)
    .flatMap((table) => table.chains)
    .filter(({ name }) => name === chain)
    .flatMap(({ rules }) => rules.map(({ words }) => words.join(' '))) ?? [];

test('a rule that iptables -R replaces keeps its handle and its place, and both of its texts are on the timeline', async () => {
  await inHost(
    'iptables -N OWN; for port in 1 2 3; do iptables -A OWN -p tcp --dport $port; done; iptables -R OWN 2 -p udp; iptables -R OWN 2 -p sctp; iptables -R OWN 1 -p icmp; iptables -R OWN 3 -p esp',
  );
  const { states } = await readTimeline(shell.run);
  expect(states.map((state) => rulesOf(state, 'OWN')).filter((rules) => rules.length === 3)).toEqual([
    ['-p tcp -m tcp --dport 1', '-p tcp -m tcp --dport 2', '-p tcp -m tcp --dport 3'],
    ['-p tcp -m tcp --dport 1', '-p udp', '-p tcp -m tcp --dport 3'],
    ['-p tcp -m tcp --dport 1', '-p sctp', '-p tcp -m tcp --dport 3'],
    ['-p icmp', '-p sctp', '-p tcp -m tcp --dport 3'],
    ['-p icmp', '-p sctp', '-p esp'],
  ]);
});

test('a rule of nft with a set is on the timeline with its elements', async () => {
  await inHost(
    "iptables -N SETS; nft add rule ip filter SETS 'tcp dport { 80, 443 } accept'; iptables -L SETS > /dev/null || true; nft flush chain ip filter SETS",
  );
  const { states } = await readTimeline(shell.run);
  expect(states.map((state) => rulesOf(state, 'SETS')).filter((rules) => rules.length === 1)).toEqual([
    ['-p tcp -m multiport --dports 80,443 -j ACCEPT'],
  ]);
});
