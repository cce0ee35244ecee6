import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ContainerRuntime } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { runCli, temporaryHome } from '../support/cli.ts';
import { runFaults } from '../support/fault-campaign.ts';

/** `npm run fuzz:faults` does many more, of another seed each time. */
const rounds = 6;

const home = temporaryHome();
let runtime: ContainerRuntime;
beforeAll(async () => {
  runtime = await connectDocker();
});
afterAll(async () => {
  await runCli(['clean', '--all'], { home: home.folder });
  await runtime?.[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

test(`what is killed at a random moment, ${rounds} times, leaves nothing behind and loses nothing`, async () => {
  const generator = xoroshiro128plus(1);
  const random = () => (generator.next() >>> 0) / 2 ** 32;
  let hits = 0;
  await runFaults({
    runtime,
    home: home.folder,
    rounds,
    random,
    told: (_round, _victim, hit) => (hits += Number(hit)),
  });
  expect(hits).toBeGreaterThanOrEqual(rounds / 2);
}, 300_000);
