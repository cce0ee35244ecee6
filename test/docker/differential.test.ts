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

/** The second is PROPERTY_SEED's, as in test/support/property-seed.ts. */
const asked = process.env.PROPERTY_SEED ?? '20261121';
const seeds = [20_260_101, asked === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(asked)];

describe('the simulator and the kernel agree about generated rulesets and packets', () => {
  test.each(seeds)('seed %d', async (seed) => {
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
