import { describe, expect, test } from 'vitest';
import { reportText } from '../../cli/output/report-text.ts';
import { filter, judged, snapshot } from '../grading/hand-made.ts';

const log = { log: { node: 'host', prefix: 'PING: ' } };
const packet = 'in=eth0 src=10.0.0.9 dst=10.0.0.1 proto=tcp sport=40000 dport=80 flags=syn state=new';
const report = judged(
  [
    { id: 'on', title: 'Forwarding <on>', all: [{ sysctl: { node: 'host', name: 'net.a', value: 1 } }] },
    { id: 'off', title: 'Off', all: [{ sysctl: { node: 'host', name: 'net.a', value: 0 } }] },
    { id: 'later', title: 'Later', after: ['off'], all: [log] },
    { id: 'logged', title: 'Logged \u001b[31m', all: [log] },
    {
      id: 'web',
      title: 'The web server is reached',
      all: [
        { verdict: { node: 'host', hook: 'input', packet, expect: 'accept' } },
        { verdict: { node: 'host', hook: 'input', packet, decidedIn: { table: 'filter', chain: 'WEB' } } },
      ],
    },
  ],
  {
    now: snapshot(filter('-A INPUT -s 10.0.0.8 -j ACCEPT\n-A INPUT -p tcp -j DROP'), { sysctls: { 'net.a': '1' } }),
    kernelLog: { failure: 'no way \u0001' },
  },
);

describe('a report for a terminal', () => {
  const text = reportText(report);
  test('shows symbols, marks, what was expected and found, and no control characters', () => {
    expect(text).toContain('✔ 10/10  Forwarding <on> (on)');
    expect(text).toContain('✘  0/10  Off (off: failed)');
    expect(text).toContain('○  0/10  Later');
    expect(text).toContain('?  0/10  Logged');
    expect(text).toContain('found     net.a = 1');
    expect(text).toContain('10 of 50 points, 10 could not be checked');
    expect(text).not.toContain('\u001b');
  });
  test("shows a packet's way once, aligned", () => {
    const way = text.split('\n').filter((line) => line.includes('filter INPUT ') && !line.includes('It '));
    expect(way.map((line) => line.trim())).toEqual([
      'filter INPUT 1  -s 10.0.0.8 -j ACCEPT',
      '→ filter INPUT 2  -p tcp -j DROP',
    ]);
  });
  test('stays within the width that it is given', () => {
    const lines = reportText(report, { width: 60 }).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines.length).toBeGreaterThan(text.split('\n').length);
  });
  test('takes its colours from the caller', () => {
    const mark = (one: string) => `<${one}>`;
    const paint = { green: mark, red: mark, yellow: mark, dim: mark, bold: mark };
    expect(reportText(report, { paint })).toContain('<✔>');
  });
});
