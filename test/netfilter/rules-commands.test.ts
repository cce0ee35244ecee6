import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'rules-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(words: readonly string[], input = ''): { code: number | null; out: string; err: string } {
  const result = spawnSync(process.execPath, [program, 'rules', ...words], { input, encoding: 'latin1' });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, 'latin1');
  return path;
}

const a = '*filter\n:INPUT ACCEPT [0:0]\n[3:180] -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n';
const spelled = '*filter\n:INPUT ACCEPT\n-A INPUT -p tcp -m multiport --dports ssh -j ACCEPT\nCOMMIT\n';
const other = '*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport 23 -j ACCEPT\nCOMMIT\n';

describe('hookpoint rules', () => {
  it('parse prints the model as JSON, from stdin', () => {
    const { code, out } = run(['parse', '-', '--json'], a);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ family: 'ipv4', tables: [{ name: 'filter' }] });
  });

  it('parse takes the family from -6', () => {
    expect(JSON.parse(run(['parse', '-6', '-', '--json'], a).out)).toMatchObject({ family: 'ipv6' });
  });

  it('parse says each rule in words', () => {
    expect(run(['parse', file('a', a)]).out).toContain('1. Accept TCP packets to port 22. [3 packets, 180 bytes]');
  });

  it('print gives the same bytes, also of text that is no UTF-8', () => {
    const dump = a.replace('-j ACCEPT', '-m comment --comment "caf\xe9" -j ACCEPT');
    expect(run(['print', file('latin', dump)]).out).toBe(dump);
    expect(run(['print', file('crlf', a.replaceAll('\n', '\r\n'))]).out).toBe(a.replaceAll('\n', '\r\n'));
    const path = join(import.meta.dirname, '../fixtures/netfilter/filter-every-match-with-counters/dump');
    expect(run(['print', path]).out).toBe(readFileSync(path, 'latin1'));
  });

  it("print --canonical writes today's form", () => {
    expect(run(['print', '--canonical', '-'], spelled).out).toContain('-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT');
    expect(run(['print', '--no-counters', '-'], a).out).not.toContain('[3:180]');
  });

  it('compare ends 0 for the same meaning and 1 for another', () => {
    expect(run(['compare', file('a', a), file('spelled', spelled)])).toMatchObject({ code: 0, out: 'same meaning\n' });
    const different = run(['compare', file('a', a), '-', '--json'], other);
    expect(different.code).toBe(1);
    expect(JSON.parse(different.out).differences.map(({ kind }: { kind: string }) => kind)).toEqual(['policy', 'rule']);
  });

  it('diff lists edits and ends 0 where there are none', () => {
    expect(run(['diff', file('a', a), file('spelled', spelled)]).code).toBe(0);
    const { code, out } = run(['diff', file('a', a), file('other', other)]);
    expect(code).toBe(1);
    expect(out).toContain('~ policy ACCEPT -> DROP');
  });

  it('names file, line and column of what is no ruleset, and ends 2', () => {
    const path = file('bad', '*filter\n:INPUT ACCEPT\n-A INPUT -p tcp --dport x\nCOMMIT\n');
    for (const words of [
      ['parse', path],
      ['compare', path, file('a', a)],
      ['diff', file('a', a), path],
    ]) {
      const { code, err } = run(words);
      expect(code).toBe(2);
      // A long path is broken over lines.
      expect(err.replace(/\n\s+/g, ' ')).toContain(`${path}:3:25:`);
    }
  });

  it('ends 2 for a file that is not there, for stdin twice, and for both families', () => {
    expect(run(['parse', join(folder, 'missing')]).code).toBe(2);
    expect(run(['compare', '-', '-']).code).toBe(2);
    expect(run(['parse', '-4', '-6', '-'], a).code).toBe(2);
  });

  it('colours nothing where there is no terminal', () => {
    expect(run(['diff', file('a', a), file('other', other)]).out).not.toContain('\x1b');
  });
});
