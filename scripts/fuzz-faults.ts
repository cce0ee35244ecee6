/**
 * Kills parts of Hookpoint at random moments for as long as one likes: `npm run fuzz:faults -- [--rounds 200] [--seed N]`. Exit status 1 with what was
 * left behind or lost, and the seed that shows it again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { connectDocker } from '../engine/runtime/docker/connect.ts';
import { runCli } from '../test/support/cli.ts';
import { runFaults } from '../test/support/fault-campaign.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '200' }, seed: { type: 'string' } } });
const rounds = Number(values.rounds);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) {
  console.error('usage: npm run fuzz:faults -- [--rounds N] [--seed N]');
  process.exit(2);
}

const home = mkdtempSync(join(tmpdir(), 'hookpoint-faults-'));
const generator = xoroshiro128plus(seed);
const random = () => (generator.next() >>> 0) / 2 ** 32;
const killed = new Map<string, number>();
let done = 0;
await using runtime = await connectDocker();
console.log(`seed ${seed}`);
try {
  await runFaults({
    runtime,
    home,
    rounds,
    random,
    told: (round, victim, hit) => {
      done = round + 1;
      if (hit) killed.set(victim, (killed.get(victim) ?? 0) + 1);
      if (process.stdout.isTTY) process.stdout.write(`\r${round + 1} of ${rounds}: ${victim}          `);
    },
  });
  console.log(
    `${rounds} rounds, killed (${[...killed].map(([name, count]) => `${name} ${count}`).join(', ')}), nothing lost`,
  );
} catch (error) {
  console.error(`in round ${done + 1} of seed ${seed}: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await runCli(['clean', '--all'], { home });
  rmSync(home, { recursive: true, force: true });
}
