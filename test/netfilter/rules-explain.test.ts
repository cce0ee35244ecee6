import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'explain-'));
afterAll(() => rmSync(folder, { recursive: true }));

function explain(words: readonly string[], input = ''): { code: number | null; out: string; err: string } {
  const result = spawnSync(process.execPath, [program, 'rules', 'explain', ...words], { input, encoding: 'utf8' });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const rules = file(
  'rules',
  '*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\n-A FORWARD -p tcp -j DROP\nCOMMIT\n',
);

describe('hookpoint rules explain', () => {
  it('answers with verdict, rewrites, walk and unknown as JSON', () => {
    const { code, out } = explain([
      rules,
      '--hook',
      'input',
      '--packet',
      'in=eth0 proto=tcp dport=22 state=new',
      '--json',
    ]);
    expect(code).toBe(0);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ verdict: 'drop', rewrites: {}, unknown: [] });
    expect(answer.walk).toMatchObject([
      { table: 'filter', chain: 'INPUT', rule: 1, matched: false },
      { table: 'filter', chain: 'INPUT', rule: 0, matched: true },
    ]);
  });

  it('says in words which rule decided', () => {
    const { out } = explain([rules, '--hook', 'forward', '--packet', 'in=a out=b proto=tcp state=new']);
    expect(out).toContain('It got to FORWARD (filter); rule 1 (-p tcp -j DROP) dropped it.');
  });

  it('answers one JSON line for each packet of a file, also from stdin', () => {
    const { out } = explain([rules, '--hook', 'input', '--packets', '-'], 'in=lo proto=tcp\n\nin=eth0 proto=tcp\n');
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).verdict),
    ).toEqual(['accept', 'drop']);
  });

  it('takes the addresses of a host from a snapshot', () => {
    const state = file(
      'state.json',
      JSON.stringify({
        addresses: [{ interface: 'eth0', address: '10.0.0.1', prefix: 24 }],
        sysctls: { 'net.ipv4.ip_forward': '0' },
      }),
    );
    const words = [rules, '--hook', 'prerouting', '--state', state, '--json', '--packet'];
    expect(JSON.parse(explain([...words, 'in=eth0 dst=10.0.0.1 proto=tcp']).out).walk.at(-1)).toMatchObject({
      chain: 'INPUT',
    });
    expect(JSON.parse(explain([...words, 'in=eth0 dst=10.0.9.9 proto=tcp']).out)).toMatchObject({ verdict: 'drop' });
  });

  it('names the key, the line and what was expected of a bad packet, with exit code 2', () => {
    const bad = explain([rules, '--hook', 'input', '--packets', '-'], 'in=lo\nin=lo dport=70000\n');
    expect(bad.code).toBe(2);
    expect(bad.err.replace(/\s+/g, ' ')).toContain(
      'stdin:2:7: dport=70000 is not right (expected: a port from 0 to 65535)',
    );
    expect(explain([rules, '--hook', 'nowhere', '--packet', 'in=lo']).code).toBe(2);
    expect(explain([rules, '--hook', 'input']).code).toBe(2);
    expect(explain([rules, '--hook', 'input', '--packet', 'in=lo', '--state', file('odd.json', '[]')]).code).toBe(2);
  });
});
