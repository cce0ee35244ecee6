import { describe, expect, test } from 'vitest';
import { toJUnit } from '../../engine/grading/junit.ts';
import { judged, snapshot } from './hand-made.ts';

const log = { log: { node: 'host', prefix: 'PING: ' } };
const report = judged(
  [
    { id: 'on', title: 'Forwarding <on>', all: [{ sysctl: { node: 'host', name: 'net.a', value: 1 } }] },
    { id: 'off', title: 'Off', all: [{ sysctl: { node: 'host', name: 'net.a', value: 0 } }] },
    { id: 'later', title: 'Later', after: ['off'], all: [log] },
    { id: 'logged', title: 'Logged \u001b[31m', all: [log] },
  ],
  { now: snapshot('', { sysctls: { 'net.a': '1' } }), kernelLog: { failure: 'no way \u0001' } },
);

describe('reports', () => {
  test('JUnit counts each verdict as what it is', () => {
    const xml = toJUnit(report);
    expect(xml).toContain('<testsuites name="hookpoint" tests="4" failures="1" errors="1" skipped="1">');
    expect(xml).toContain('<property name="score" value="10"/>');
    expect(xml).not.toMatch(/[\u0000-\u0008\u001b]/);
    expect(xml).toContain('Forwarding &lt;on&gt;');
  });
});
