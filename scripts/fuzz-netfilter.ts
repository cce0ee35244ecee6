/**
 * Compares the simulator with the kernel for as long as one likes: `npm run fuzz:netfilter -- --seconds 300 [--seed N] [--keep-going]`.
 * `--without REGEX` leaves out rules whose text it finds; `--save FOLDER` writes each counterexample as a fixture there.
 * Exit status 1 with the smallest counterexample found; 3 when it could not run.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  emptyTally,
  lastRefusal,
  lastUnsteady,
  runCampaign,
  type Tally,
} from '../test/support/differential/campaign.ts';
import {
  type Counterexample,
  describeCounterexample,
  fixtureText,
} from '../test/support/differential/counterexample.ts';
import { variantName } from '../test/support/differential/host.ts';
import { startKernel } from '../test/support/differential/kernel.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    without: { type: 'string' },
    save: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error(
    'usage: npm run fuzz:netfilter -- [--seconds N] [--seed N] [--keep-going] [--without REGEX] [--save FOLDER]',
  );
  process.exit(2);
}

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());

console.log(`seed ${seed}, ${seconds} seconds`);
const tallies = new Map<string, Tally>();
const found: Counterexample[] = [];
const began = performance.now();
{
  await using kernel = await startKernel();
  const runs = kernel.nodes.map(async (node, index) => {
    const tally = emptyTally();
    tallies.set(variantName(node.variant), tally);
    found.push(
      ...(await runCampaign(node, tally, {
        seed: (seed + index * 1_000_003) | 0,
        time: seconds * 1000,
        signal: stopping.signal,
        keepGoing: values['keep-going'],
        ...(values.without === undefined ? {} : { without: new RegExp(values.without) }),
      })),
    );
  });
  await Promise.all(runs);
}
const elapsed = (performance.now() - began) / 1000;

for (const counterexample of found) {
  console.log(`\n${describeCounterexample(counterexample)}`);
  if (values.save === undefined || counterexample.packet === null) continue;
  const file = join(values.save, `${variantName(counterexample.variant)}-${counterexample.seed}.json`);
  writeFileSync(file, fixtureText(counterexample));
  console.log(`  saved as ${file}`);
}
for (const [name, text] of lastUnsteady) console.log(`\nonce only, ${name}:\n${text}`);
for (const [name, refusal] of lastRefusal) console.log(`\nlast refused by ${name}: ${refusal}`);
console.log(`\nvariant        pairs  rulesets  unknown  refused  unsteady  disagreements`);
const total = emptyTally();
for (const [name, tally] of [...tallies, ['all', total] as const]) {
  const row = [tally.pairs, tally.rulesets, tally.unknown, tally.refused, tally.unsteady, tally.disagreements];
  console.log(
    `${name.padEnd(12)} ${row.map((number, index) => String(number).padStart([7, 9, 8, 8, 9, 14][index] ?? 8)).join(' ')}`,
  );
  if (tally !== total) for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += tally[key];
}
const of = (key: keyof Tally) => `${((100 * total[key]) / Math.max(1, total.pairs)).toFixed(0)} % ${key}`;
console.log(
  (['accepted', 'rejected', 'translated', 'inOwnChains', 'established', 'invalid', 'untracked'] as const)
    .map(of)
    .join(', '),
);
const share = total.pairs === 0 ? 0 : (100 * total.unknown) / total.pairs;
console.log(
  `${total.pairs} pairs in ${elapsed.toFixed(0)} s, ${(total.pairs / elapsed).toFixed(0)} a second, ${total.disagreements} disagreements, ${share.toFixed(1)} % unknown`,
);
process.exitCode = found.length > 0 ? 1 : 0;
