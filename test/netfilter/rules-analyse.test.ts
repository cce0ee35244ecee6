import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'analyse-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(words: readonly string[], input = ''): { code: number | null; out: string; err: string } {
  const result = spawnSync(process.execPath, [program, 'rules', ...words], { input, encoding: 'utf8' });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const input = (...rules: string[]): string =>
  ['*filter', ':INPUT DROP [0:0]', ...rules.map((rule) => `-A INPUT ${rule}`), 'COMMIT', ''].join('\n');
const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
const faulty = input(established, '-p tcp -j DROP', '-p tcp --dport 22 -j ACCEPT');
const sound = input(established, '-p tcp --dport 22 -j ACCEPT');

describe('hookpoint rules analyse', () => {
  it('says in words what is wrong, from stdin, and ends 0', () => {
    const { code, out } = run(['analyse', '-'], faulty);
    expect(code).toBe(0);
    expect(out).toContain('error shadowed\n    3: -p tcp --dport 22 -j ACCEPT\n');
    expect(out.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(out).not.toContain('\x1b');
  });

  it('prints findings as JSON', () => {
    const { out } = run(['analyse', file('faulty', faulty), '--json']);
    expect(JSON.parse(out).findings[0]).toMatchObject({
      code: 'shadowed',
      severity: 'error',
      family: 'ipv4',
      table: 'filter',
      chain: 'INPUT',
      rules: [3],
      causes: [{ chain: 'INPUT', rule: 2, text: '-p tcp -j DROP' }],
      witness: { hook: 'input' },
    });
  });

  it('ends 1 where asked to, and 2 for bad input', () => {
    expect(run(['analyse', file('faulty', faulty), '--fail-on', 'warning']).code).toBe(1);
    expect(run(['analyse', file('sound', sound), '--fail-on', 'warning'])).toMatchObject({ code: 0 });
    expect(run(['analyse', '-'], '*filter\n:INPUT ACCEPT\n-A INPUT -p tcp --dport x\nCOMMIT\n').code).toBe(2);
    expect(run(['analyse', file('a', sound), file('b', sound)]).code).toBe(2);
  });

  it('compares the families of one host', () => {
    const six = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p ipv6-icmp -j ACCEPT\nCOMMIT\n';
    const { code, out } = run(['analyse', file('four', sound), file('six', six)]);
    expect(code).toBe(0);
    expect(out).toContain('other-family-open');
  });
});

describe('hookpoint rules matrix', () => {
  it('shows who may open what', () => {
    const { code, out } = run(['matrix', file('sound', sound)]);
    expect(code).toBe(0);
    expect(out).toMatch(/^accept +tcp 22 +any +any +any$/m);
    expect(out).toMatch(/^drop +all else$/m);
  });

  it('prints rows as JSON', () => {
    const { out } = run(['matrix', '-', '--hook', 'input', '--json'], sound);
    expect(JSON.parse(out)).toMatchObject([
      {
        hook: 'input',
        otherwise: 'drop',
        rows: [{ verdict: 'accept', protocols: ['tcp'], ports: '22', from: ['any'] }],
      },
    ]);
  });
});

describe('hookpoint rules diff', () => {
  it('shows a packet that the two treat otherwise', () => {
    const { code, out } = run(['diff', file('sound', sound), file('faulty', faulty)]);
    expect(code).toBe(1);
    expect(out).toMatch(/first: {2}accept, filter INPUT rule 2 \(-p tcp --dport 22 -j ACCEPT\)/);
    expect(out).toMatch(/second: drop, filter INPUT rule 2 \(-p tcp -j DROP\)/);
  });

  it('proves that edits change nothing', () => {
    const other = input('-p tcp --dport 22 -j ACCEPT', established);
    const { code, out } = run(['diff', file('sound', sound), '-', '--json'], other);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ same: false, behaviour: { kind: 'none' } });
  });
});
