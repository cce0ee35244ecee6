import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CaseResult, loadPack, type PackTest, testPack } from '../../engine/packs/index.ts';
import { openLabRunner } from '../../engine/sessions/lab-runner.ts';

const pack = await loadPack(join(import.meta.dirname, '../../labs/netfilter'));

/** Every solution gets full marks, every mistake fails exactly what it declares: on real nodes. */
describe.each(pack.labs.map((lab) => lab.id))('netfilter/%s', (lab) => {
  let runner: Awaited<ReturnType<typeof openLabRunner>>;
  let result: PackTest;
  beforeAll(async () => {
    runner = await openLabRunner({ hostLog: true });
    result = await testPack(pack, runner, { labs: [lab], parallel: 2 });
  }, 600_000);
  afterAll(async () => {
    await runner[Symbol.asyncDispose]();
  });

  test('every solution passes every criterion', () => {
    expect(wrong(result, 'solution')).toEqual([]);
  });

  test('every mistake fails exactly what it declares', () => {
    expect(wrong(result, 'mistake')).toEqual([]);
  });

  test('there is a mistake for every criterion and more than one solution', () => {
    expect([result.withoutMistake, result.fewSolutions]).toEqual([[], []]);
  });
});

function wrong(result: PackTest, kind: CaseResult['kind']): string[] {
  return result.cases
    .filter((one) => one.kind === kind && one.outcome !== 'passed')
    .map(({ name, seed, messages }) => `${name} (seed ${seed}): ${messages.join(' | ')}`);
}
