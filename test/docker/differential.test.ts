import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyTally, runCampaign } from '../support/differential/campaign.ts';
import { describeCounterexample } from '../support/differential/counterexample.ts';
import { type Kernel, startKernel } from '../support/differential/kernel.ts';

/** A slice of what `npm run fuzz:netfilter` does for longer. */
let kernel: Kernel;

beforeAll(async () => {
  kernel = await startKernel();
});

afterAll(async () => {
  await kernel?.[Symbol.asyncDispose]();
});

const fixed = 20_260_101;
const fresh = Math.floor(Math.random() * 2 ** 31);

describe('the simulator and the kernel agree about generated rulesets and packets', () => {
  test.each([
    ['a fixed seed', fixed],
    [`a fresh seed, ${fresh}`, fresh],
  ])('%s', async (_, seed) => {
    const results = await Promise.all(
      kernel.nodes.map(async (node, index) => {
        const tally = emptyTally();
        const found = await runCampaign(node, tally, { seed: (seed + index * 1_000_003) | 0, time: 18_000 });
        return { tally, found };
      }),
    );
    expect(results.flatMap(({ found }) => found).map(describeCounterexample)).toEqual([]);
    for (const { tally } of results) {
      // Slow machines do less in the same time, but none does nothing; and "unknown" is no way out.
      expect(tally.pairs).toBeGreaterThan(50);
      expect(tally.unknown / tally.pairs).toBeLessThan(0.2);
      expect(tally.refused / tally.rulesets).toBeLessThan(0.1);
      expect(tally.unsteady).toBeLessThanOrEqual(1);
    }
  });
});
