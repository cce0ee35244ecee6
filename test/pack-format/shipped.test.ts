import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lintPack } from '../../engine/packs/index.ts';

const labs = join(import.meta.dirname, '../../labs');

test.each(readdirSync(labs))('the pack %s that we ship has no problems', async (pack) => {
  expect(await lintPack(join(labs, pack))).toEqual([]);
});
