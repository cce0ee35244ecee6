import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyKernelLogSetting, type KernelLogSetting, readKernelLogSetting } from '../../engine/observe/kernel-log.ts';
import { readTimeline, writeMark } from '../../engine/observe/read-timeline.ts';
import { openShell, type ResidentShell } from '../../engine/observe/resident-shell.ts';
import type { NodeSnapshot } from '../../engine/observe/snapshot.ts';
import type { Timeline, TimelineState } from '../../engine/observe/timeline.ts';
import { layout } from '../../engine/runtime/layout.ts';
import { type LabContainer, startLabContainer, untilRecorderListens } from '../support/lab-container.ts';

let lab: LabContainer;
let shell: ResidentShell;
let former: KernelLogSetting;

beforeAll(async () => {
  lab = await startLabContainer();
  shell = await openShell(lab.container);
  former = await readKernelLogSetting(lab.runtime);
  await applyKernelLogSetting(lab.runtime, '1');
});

afterAll(async () => {
  if (former !== undefined) await applyKernelLogSetting(lab.runtime, former);
  await shell?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** A fresh namespace that the recorder listens in. */
async function makeNode(node: string): Promise<void> {
  const made = await shell.run(`ip netns add ${node} && ip -n ${node} link set lo up`);
  expect(made.stderr).toBe('');
  await untilRecorderListens(shell.run);
}

async function inNode(node: string, script: string): Promise<void> {
  const result = await shell.run(`nsenter --net=${layout.netns(node)} bash <<'SCRIPT'\nset -e\n${script}\nSCRIPT`, {
    timeout: 60_000,
  });
  expect(result.exitCode, result.stderr).toBe(0);
}

const statesOf = (timeline: Timeline, node: string) => timeline.states.filter((state) => state.node === node);

function rulesOf(state: TimelineState, node: string, chain: string, table = 'filter') {
  const snapshot: NodeSnapshot | undefined = state.nodes[node];
  const ruleset = snapshot?.rulesets.find((each) => each.family === 'ipv4' && each.backend === 'nft')?.ruleset;
  return ruleset?.tables.find((each) => each.name === table)?.chains.find((each) => each.name === chain)?.rules;
}

test('a whole lab in one script is on the timeline, generation by generation', async () => {
  await makeNode('chain');
  await inNode(
    'chain',
    `iptables -N TEST_CHAIN
    iptables -A TEST_CHAIN -p icmp -j LOG --log-prefix "PING: "
    iptables -A TEST_CHAIN -p icmp -j ACCEPT
    iptables -A INPUT -j TEST_CHAIN
    ping -q -c 2 -i 0.2 127.0.0.1
    iptables -D INPUT -j TEST_CHAIN
    iptables -F TEST_CHAIN
    iptables -X TEST_CHAIN`,
  );
  const timeline = await readTimeline(shell.run);
  const seen = statesOf(timeline, 'chain')
    .filter((state) => state.process === 'iptables')
    .map((state) => [
      rulesOf(state, 'chain', 'INPUT')?.length ?? 0,
      rulesOf(state, 'chain', 'TEST_CHAIN')?.length ?? null,
    ]);
  expect(seen).toEqual([
    [0, 0],
    [0, 1],
    [0, 2],
    [1, 2],
    [0, 2],
    [0, 0],
    [0, null],
  ]);

  const states = statesOf(timeline, 'chain');
  const whole = states.find((state) => rulesOf(state, 'chain', 'INPUT')?.length === 1);
  expect(whole && rulesOf(whole, 'chain', 'INPUT')?.[0]?.action).toEqual({ kind: 'jump', chain: 'TEST_CHAIN' });
  const linked = states.findLast((state) => rulesOf(state, 'chain', 'TEST_CHAIN')?.length === 2);
  const [log, accept] = (linked && rulesOf(linked, 'chain', 'TEST_CHAIN')) ?? [];
  expect(log?.action).toMatchObject({ kind: 'log', prefix: 'PING: ' });
  expect(log?.counters?.packets).toBe(4);
  expect(accept?.action).toEqual({ kind: 'accept' });
  expect(accept?.counters?.packets).toBe(4);
  expect(timeline.log.filter((line) => line.text.includes('PING: ') && line.text.includes('IN=lo'))).toHaveLength(4);
});

test('a line written into the kernel log by hand is not on the timeline', async () => {
  await shell.run(`printf '<4>FORGED: IN=lo OUT= SRC=127.0.0.1' >/dev/kmsg; printf '<0>FORGED: IN=lo OUT=' >/dev/kmsg`);
  const timeline = await readTimeline(shell.run);
  expect(timeline.log.filter((line) => line.text.includes('FORGED'))).toEqual([]);
});

test('twenty rules that live 50 ms each', async () => {
  await makeNode('brief');
  await inNode(
    'brief',
    `for port in $(seq 5001 5020); do
      iptables -A INPUT -p udp --dport $port -m comment --comment "number $port" -j DROP
      sleep 0.05
      iptables -D INPUT 1
    done`,
  );
  const timeline = await readTimeline(shell.run);
  const ports = statesOf(timeline, 'brief').flatMap((state) => {
    const condition = rulesOf(state, 'brief', 'INPUT')?.[0]?.conditions.find(
      (each) => each.kind === 'destination-port',
    );
    return condition?.kind === 'destination-port' ? condition.ranges.map((range) => range.from) : [];
  });
  expect([...new Set(ports)]).toEqual(Array.from({ length: 20 }, (_, index) => 5001 + index));
});

test('a restore of five thousand rules is one state', async () => {
  await makeNode('large');
  await inNode(
    'large',
    `{ echo '*filter'
      for number in $(seq 1 5000); do echo "-A INPUT -p tcp --dport $((number + 1000)) -j DROP"; done
      echo COMMIT
    } | iptables-restore`,
  );
  const states = statesOf(await readTimeline(shell.run), 'large');
  const counts = states.map((state) => rulesOf(state, 'large', 'INPUT')?.length ?? 0);
  expect(counts.filter((count) => count > 0 && count < 5000)).toEqual([]);
  expect(counts.at(-1)).toBe(5000);
  expect(
    states.filter((state) => state.process === 'iptables-restor' || state.process === 'iptables-restore'),
  ).toHaveLength(1);
});

test('a connection that lived for a moment is a flow with the port it was redirected to', async () => {
  await makeNode('redirect');
  await inNode(
    'redirect',
    `nc -N -l 80 < <(printf 'HTTP/1.0 200 OK\\r\\n\\r\\nhello') >/dev/null & server=$!
    until ss -Hltn | grep -q :80; do :; done
    iptables -t nat -A OUTPUT -p tcp --dport 8888 -j REDIRECT --to-port 80
    curl -s http://127.0.0.1:8888/ >/dev/null
    iptables -t nat -D OUTPUT 1
    kill $server 2>/dev/null || true`,
  );
  const timeline = await readTimeline(shell.run);
  const flows = timeline.flows.filter(
    (flow) => flow.node === 'redirect' && flow.flow.original.destinationPort === 8888,
  );
  expect(flows[0]).toMatchObject({ event: 'new', flow: { protocol: 'tcp', reply: { sourcePort: 80 } } });
  expect(flows.some((flow) => flow.flow.replied && flow.flow.assured)).toBe(true);
});

test('what moved between the marks of a probe is no evidence', async () => {
  await makeNode('probed');
  await inNode('probed', 'iptables -A INPUT -p icmp -j ACCEPT; ping -q -c 1 127.0.0.1');
  await writeMark(shell.run, { name: 'probe-begin' });
  await inNode('probed', 'ping -q -c 3 -i 0.01 127.0.0.1');
  await writeMark(shell.run, { name: 'probe-end', detail: "it's over" });
  await inNode('probed', 'ping -q -c 1 127.0.0.1');
  const timeline = await readTimeline(shell.run);
  const last = timeline.states.at(-1);
  expect(last && rulesOf(last, 'probed', 'INPUT')?.[0]?.counters?.packets).toBe(4);
  expect(timeline.marks.map((mark) => [mark.name, mark.detail])).toEqual([
    ['probe-begin', undefined],
    ['probe-end', "it's over"],
  ]);
  expect(timeline.states.some((state) => state.probing)).toBe(true);
});

test('a recorder that is killed goes on after a gap, and a mark is not lost meanwhile', async () => {
  await makeNode('killed');
  await inNode('killed', 'iptables -A INPUT -p tcp --dport 1 -j DROP');
  await readTimeline(shell.run);
  await shell.run('kill -9 $(</run/hookpoint/recorder.pid)');
  await writeMark(shell.run, { name: 'note', detail: 'while it was dead' });
  await inNode('killed', 'iptables -A INPUT -p tcp --dport 2 -j DROP');
  await untilRecorderListens(shell.run);
  await inNode('killed', 'iptables -A INPUT -p tcp --dport 3 -j DROP');
  const timeline = await readTimeline(shell.run);
  expect(timeline.gaps).toContainEqual(
    expect.objectContaining({ what: 'states', node: null, reason: 'the recorder was not running' }),
  );
  expect(timeline.marks.some((mark) => mark.detail === 'while it was dead')).toBe(true);
  const last = timeline.states.at(-1);
  expect(last && rulesOf(last, 'killed', 'INPUT')).toHaveLength(3);
});
