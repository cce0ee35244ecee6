import { expect, test } from 'vitest';
import { buildTimeline } from '../../engine/observe/build-timeline.ts';
import type { TimelineRecord } from '../../engine/observe/records.ts';
import { filter, snapshot, verdictOf } from '../grading/hand-made.ts';

/**
 * A check's probes moved a rule's counter, and the next check took those packets for the learner's: what probes moved was looked for in
 * the timeline's counters, off which it has been taken already, and then not taken off the snapshot of now, which has it.
 */

const words = '-p tcp -m tcp --dport 80 -j ACCEPT';
const reading = (t: number, packets: number): TimelineRecord => ({
  t,
  kind: 'rules',
  node: 'host',
  gen: 2,
  tables: [{ family: 'ipv4', table: 'filter', texts: { 5: words }, counters: { 5: [packets, packets * 60] } }],
});
const mark = (t: number, name: 'provisioned' | 'probe-begin' | 'probe-end'): TimelineRecord => ({
  t,
  kind: 'mark',
  name,
});
const rule = { op: 'newrule', family: 'ip', table: 'filter', chain: 'INPUT', handle: 5, flags: ['append'] };
const probed: readonly TimelineRecord[] = [
  { t: 1, kind: 'base', node: 'host', gen: 1, tables: [], sections: {} },
  mark(2, 'provisioned'),
  {
    t: 3,
    kind: 'generation',
    node: 'host',
    gen: 2,
    pid: 1,
    process: 'iptables',
    events: [{ ...rule, counters: [0, 0] }],
  },
  mark(4, 'probe-begin'),
  reading(4.5, 4),
  mark(5, 'probe-end'),
];

const check = { rule: { node: 'host', chain: 'INPUT', spec: '-p tcp --dport 80 -j ACCEPT', counters: 'moved' } };
const verdictAfter = (records: readonly TimelineRecord[], packets: number, when: 'now' | 'ever') => {
  const now = snapshot(filter(`[${packets}:${packets * 60}] -A INPUT ${words}`));
  return verdictOf(check, { now, timeline: buildTimeline(records) }, { when }).verdict;
};

test.each(['now', 'ever'] as const)('what an earlier check’s probes moved is not the learner’s: %s', (when) => {
  expect(verdictAfter(probed, 4, when)).toBe('failed');
});

test.each(['now', 'ever'] as const)('what the learner moved after it is: %s', (when) => {
  expect(verdictAfter([...probed, reading(6, 5)], 5, when)).toBe('passed');
});
