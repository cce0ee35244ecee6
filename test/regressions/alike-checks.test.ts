import { expect, test } from 'vitest';
import { reportText } from '../../cli/output/report-text.ts';
import { alikeChecks, alikeText } from '../../engine/contract/alike-checks.ts';
import { filter, judged, snapshot } from '../grading/hand-made.ts';

const packet = (port: number) =>
  `in=eth0 src=10.0.0.9 dst=10.0.0.1 proto=tcp sport=40000 dport=${port} flags=syn state=new`;
const ports = Array.from({ length: 28 }, (_, index) => 1000 + index);

const reportOf = (checks: (port: number) => object, save: string) =>
  judged([{ id: 'all', title: 'All', all: ports.map((port) => ({ verdict: { node: 'host', ...checks(port) } })) }], {
    now: snapshot(save),
  });

test('a chain that is missing is told once, however many packets ask for it; the report itself keeps them all', () => {
  const from = { table: 'filter', chain: 'TEST_CHAIN' };
  const report = reportOf((port) => ({ from, packet: packet(port), expect: 'accept' }), filter());
  const text = reportText(report);
  expect(text.match(/There is no chain TEST_CHAIN/g)).toHaveLength(1);
  expect(text).toContain('and 27 more packets like it');
  expect(text.split('\n').length).toBeLessThan(12);
  expect(report.criteria[0]?.checks).toHaveLength(28);
  expect(reportText(report, { all: true }).match(/There is no chain TEST_CHAIN/g)).toHaveLength(28);
});

test('packets that one rule drops are one cause, those that another one drops are another', () => {
  const save = filter('-A INPUT -p tcp --dport 1000:1019 -j DROP\n-A INPUT -p tcp --dport 1020:1027 -j DROP');
  const report = reportOf((port) => ({ hook: 'input', packet: packet(port), expect: 'accept' }), save);
  const groups = alikeChecks(report.criteria[0]?.checks ?? []);
  expect(groups.map(alikeText)).toEqual(['and 19 more packets like it', 'and 7 more packets like it']);
  expect(groups.map(({ check }) => check.walk?.steps.at(-1)?.rule)).toEqual([1, 2]);
});

test('what differs in its message or its outcome is not put together', () => {
  const checks = [
    { type: 'sysctl', outcome: 'unmet', expected: '1', actual: '0', message: 'It is 0.' },
    { type: 'sysctl', outcome: 'unknown', expected: '1', actual: '', message: 'It is 0.' },
    { type: 'sysctl', outcome: 'unmet', expected: '2', actual: '0', message: 'It is 0.' },
    { type: 'sysctl', outcome: 'unmet', expected: '2', actual: '0', message: 'It is none.' },
  ] as const;
  expect(alikeChecks(checks).map(({ alike }) => alike.length)).toEqual([1, 0, 0]);
  expect(alikeText({ check: checks[0], alike: [checks[2]] })).toBe('and 1 more check like it');
});
