import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareRulesets, parseSave, printSave } from '../../engine/netfilter/index.ts';

/**
 * A case is a folder of test/fixtures/netfilter: `dump` (what iptables-save printed), `model.json` (what it is parsed into) and `print`
 * (its canonical print); `restore` is what a program such as Docker writes, as text for iptables-restore, `ipsets` the sets that it
 * matches, and the dump is of that; `source.md` says where it is from (test/docker/written-rulesets.test.ts makes the dump). UPDATE_FIXTURES=1 writes model.json and print; review them as a diff.
 */
const root = join(import.meta.dirname, '../fixtures/netfilter');
const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'forms')
  .map((entry) => entry.name);

function expected(name: string, file: string, actual: string): string {
  const path = join(root, name, file);
  if (process.env.UPDATE_FIXTURES) writeFileSync(path, actual);
  return readFileSync(path, 'utf8');
}

describe.each(cases)('the dump %s', (name) => {
  const dump = readFileSync(join(root, name, 'dump'), 'utf8');

  it('is printed back byte for byte', () => {
    expect(printSave(parseSave(dump))).toBe(dump);
  });

  it('is parsed into its model', () => {
    const model = `${JSON.stringify(parseSave(dump), null, 1)}\n`;
    expect(model).toBe(expected(name, 'model.json', model));
  });

  it("is printed in today's form, which means the same", () => {
    const print = printSave(parseSave(dump), { canonical: true });
    expect(print).toBe(expected(name, 'print', print));
    const { differences } = compareRulesets(parseSave(dump), parseSave(print));
    expect(differences.filter((difference) => difference.kind !== 'unreadable')).toEqual([]);
  });
});

describe.each(cases.filter((name) => existsSync(join(root, name, 'restore'))))('the dump %s', (name) => {
  it('means what was given to iptables-restore', () => {
    const family = name.endsWith('-ipv6') ? 'ipv6' : 'ipv4';
    const written = parseSave(readFileSync(join(root, name, 'restore'), 'utf8'), { family });
    const dump = parseSave(readFileSync(join(root, name, 'dump'), 'utf8'));
    expect(compareRulesets(written, dump).differences).toEqual([]);
  });
});
