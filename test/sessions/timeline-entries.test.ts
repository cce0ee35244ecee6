import { expect, test } from 'vitest';
import type { ChangeEntry } from '../../engine/contract/procedures/timeline.ts';
import { parseSave } from '../../engine/netfilter/index.ts';
import type { NodeSnapshot } from '../../engine/observe/snapshot.ts';
import type { Timeline, TimelineState } from '../../engine/observe/timeline.ts';
import { changeCommands } from '../../engine/sessions/change-commands.ts';
import { changeWords } from '../../engine/sessions/change-words.ts';
import { nodeChanges } from '../../engine/sessions/node-changes.ts';
import { changeEntries, stepsOf } from '../../engine/sessions/timeline-entries.ts';
import { filter, snapshot } from '../grading/hand-made.ts';

function timelineOf(states: readonly (Partial<TimelineState> & { readonly now: NodeSnapshot })[]): Timeline {
  return {
    states: states.map(({ now, ...state }, index) => ({
      index,
      time: index,
      node: 'host',
      process: 'iptables',
      provisioning: false,
      probing: false,
      nodes: { host: now },
      ...state,
    })),
    flows: [],
    log: [],
    marks: [],
    gaps: [],
  };
}

const rules = (...ports: number[]) =>
  snapshot(filter(ports.map((port) => `-A INPUT -p tcp -m tcp --dport ${port} -j ACCEPT`).join('\n')));

test('a change is a sentence with the rule and what it does', () => {
  const said = (before: NodeSnapshot, now: NodeSnapshot) => nodeChanges(before, now).map(changeWords);
  expect(said(rules(80), rules(80, 443))).toEqual([
    {
      effect: 'added',
      what: 'added rule 2 to filter INPUT',
      rule: '-p tcp -m tcp --dport 443 -j ACCEPT',
      meaning: 'Accept TCP packets to port 443.',
      before: null,
    },
  ]);
  expect(said(rules(80), rules(81))).toMatchObject([
    { effect: 'changed', what: 'changed rule 1 of filter INPUT', before: '-p tcp -m tcp --dport 80 -j ACCEPT' },
  ]);
  const settings = (ip: string, forward: string) =>
    snapshot('', {
      addresses: [{ interface: 'eth0', address: ip, prefix: 24 }],
      sysctls: { 'net.ipv4.ip_forward': forward },
      listeners: [{ protocol: 'tcp', address: '0.0.0.0', port: forward === '1' ? 80 : 81 }],
    });
  expect(said(settings('10.0.0.1', '0'), settings('10.0.0.2', '1')).map(({ what }) => what)).toEqual([
    'changed the address on eth0 from 10.0.0.1/24 to 10.0.0.2/24',
    'nothing listens on tcp 0.0.0.0:81 any more',
    'set net.ipv4.ip_forward to 1 (it was 0)',
    'something listens on tcp 0.0.0.0:80',
  ]);
  expect(said(snapshot(filter()), snapshot(filter('', { input: 'DROP' })))[0]?.what).toBe(
    'set the policy of filter INPUT to DROP (it was ACCEPT)',
  );
});

test('what one command made is one entry, and commands that changed nothing stand between', () => {
  const command = {
    number: 1,
    node: 'host',
    terminal: 't',
    text: 'bash rules.sh',
    begun: 0.5,
    ended: 8.5,
    exitCode: 0,
  };
  const look = { number: 2, node: 'host', terminal: 'u', text: 'iptables -L', begun: 3.1, ended: 3.2, exitCode: 0 };
  const timeline = timelineOf([
    { now: rules(), process: null, provisioning: true },
    { now: rules(1) },
    { now: rules(1, 2) },
    { now: rules(1, 2), process: null },
    { now: rules(1, 2, 3) },
    { now: rules(1, 2), time: 60, process: 'nft' },
  ]);
  const entries = changeEntries(timeline, [command, look]);
  expect(
    entries.map((entry) =>
      entry.kind === 'change' ? [entry.by?.command.text ?? entry.process, entry.summary, entry.total] : entry.kind,
    ),
  ).toEqual([
    [null, expect.any(String), expect.any(Number)],
    ['bash rules.sh', '3 rules added in filter', 3],
    'command',
    ['nft', 'removed rule 3 from filter INPUT', 1],
  ]);
});

test('a loop of thousands is one entry with what is left of it, and its steps can be asked for', () => {
  const states = Array.from({ length: 3000 }, (_, index) => ({
    now: rules(...(index % 2 === 0 ? [1] : [1, 2])),
    time: index / 100,
  }));
  const timeline = timelineOf(states);
  const [first, ...more] = changeEntries(timeline, []).filter((entry): entry is ChangeEntry => entry.kind === 'change');
  expect(more).toEqual([]);
  expect(first).toMatchObject({ steps: 3000, listedSingly: false, total: expect.any(Number) });
  expect(first?.summary).toMatch(/^3,000 changes: /);
  const { steps, total } = stepsOf(timeline, { node: 'host', first: 0, last: 2999 }, { from: 10, most: 3 });
  expect(total).toBe(3000);
  expect(steps.map(({ state, changes }) => [state, changes.map(changeWords)[0]?.what])).toEqual([
    [10, 'removed rule 2 from filter INPUT'],
    [11, 'added rule 2 to filter INPUT'],
    [12, 'removed rule 2 from filter INPUT'],
  ]);
});

test('the very same rules of two states are not compared', () => {
  const many = rules(...Array.from({ length: 5000 }, (_, index) => index + 1));
  const [ruleset] = many.rulesets;
  const [table] = ruleset?.ruleset.tables ?? [];
  const input = table?.chains.find(({ name }) => name === 'INPUT');
  if (!ruleset || !table || !input) throw new Error('no chain');
  const without = input.rules.filter((_, index) => index !== 2499);
  const chains = table.chains.map((chain) => (chain === input ? { ...chain, rules: without } : chain));
  const now = { ...many, rulesets: [{ ...ruleset, ruleset: { ...ruleset.ruleset, tables: [{ ...table, chains }] } }] };
  const took = (before: NodeSnapshot) => {
    const begin = performance.now();
    for (let index = 0; index < 10; index += 1) nodeChanges(before, now);
    return performance.now() - begin;
  };
  const copied = structuredClone(many);
  expect(took(many) * 3).toBeLessThan(took(copied));
  expect(
    nodeChanges(many, now)
      .map(changeWords)
      .map(({ what }) => what),
  ).toEqual(['removed rule 2500 from filter INPUT']);
});

test('commands make the one of the other, chains first and policies last', () => {
  const before = snapshot(filter('-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -j DROP'));
  const now = snapshot(
    `*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:MINE - [0:0]\n-A INPUT -j MINE\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A MINE -m comment --comment "it's \\$HOME" -j RETURN\nCOMMIT\n`,
    { sysctls: { 'net.ipv4.ip_forward': '1' } },
  );
  const { commands, untold } = changeCommands(nodeChanges(before, now), before);
  expect(untold).toEqual([]);
  expect(commands).toEqual([
    'iptables -N MINE',
    'iptables -D INPUT 2',
    'iptables -I INPUT 1 -j MINE',
    expect.stringContaining(`iptables -A MINE -m comment --comment 'it'\\''s`),
    'iptables -P INPUT DROP',
    'sysctl -w net.ipv4.ip_forward=1',
  ]);
  expect(parseSave(now.rulesets[0]?.text ?? '', { family: 'ipv4' }).tables).toHaveLength(1);
});
