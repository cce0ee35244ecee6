import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { DifferentialFixture } from '../../support/differential/counterexample.ts';
import { variantName } from '../../support/differential/host.ts';
import { judge } from '../../support/differential/judge.ts';

const folder = new URL('../../fixtures/differential/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

/** Where the simulator once disagreed with the kernel: what the kernel did is on record, so no kernel is needed. */
describe('the simulator says what the kernel did', () => {
  test.each(files)('%s', (file) => {
    const { variant, ruleset, outside, packet, observed, state }: DifferentialFixture = JSON.parse(
      readFileSync(new URL(file, folder), 'utf8'),
    );
    const question = { ruleset: `${ruleset.join('\n')}\n`, ...variant, state, packet, outside };
    expect(judge(question, observed).disagreements, variantName(variant)).toEqual([]);
  });
});
