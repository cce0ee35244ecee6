import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyseRulesets, findBehaviourDifference } from '../../../engine/netfilter/analyse/index.ts';
import { parseSave, RulesetSyntaxError } from '../../../engine/netfilter/index.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const own = join(fixtures, 'analyse');
const dumps = readdirSync(join(fixtures, 'netfilter'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('dump'))
  .map((name) => join(fixtures, 'netfilter', name));

function read(path: string) {
  try {
    return parseSave(readFileSync(path, 'latin1'));
  } catch (thrown) {
    if (thrown instanceof RulesetSyntaxError) return null;
    throw thrown;
  }
}

describe('rulesets that programs write', () => {
  it.each(readdirSync(own))('%s has nothing that its administrator would have to mend', (name) => {
    const { findings } = analyseRulesets([parseSave(readFileSync(join(own, name), 'utf8'))]);
    expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });

  it("of people in a program's chain are no reserve of it", () => {
    const text = readFileSync(join(own, 'ufw.rules'), 'utf8');
    const more = '-A ufw-user-input -s 203.0.113.0/24 -p tcp -m tcp --dport 22 -j DROP\nCOMMIT';
    const { findings } = analyseRulesets([parseSave(text.replace('COMMIT', more))]);
    expect(findings[0]).toMatchObject({
      code: 'shadowed',
      severity: 'error',
      chain: 'ufw-user-input',
      managedBy: 'ufw',
    });
  });

  it.each(dumps)('%s is analysed, and is like itself', (path) => {
    const ruleset = read(path);
    if (ruleset === null) return;
    const { findings } = analyseRulesets([ruleset]);
    for (const { message, rules, chain } of findings) {
      expect(message).toMatch(/^[A-Z].*\.$/s);
      const found = ruleset.tables.flatMap((table) => table.chains).filter(({ name }) => name === chain);
      expect(Math.max(0, ...rules)).toBeLessThanOrEqual(Math.max(0, ...found.map((one) => one.rules.length)));
    }
    const isRead = ruleset.tables.every((table) => table.unreadable === undefined);
    if (isRead) expect(findBehaviourDifference(ruleset, ruleset)).toEqual({ kind: 'none' });
  });
});
