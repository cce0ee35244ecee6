import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { watchPacks } from '../../engine/host/watch-packs.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { writePack } from '../pack-format/sample-pack.ts';
import { temporaryHome } from '../support/cli.ts';

test('packs that another process puts there or takes away are noticed, each once', async () => {
  using folder = temporaryHome();
  const home = findHome({ HOOKPOINT_HOME: folder.folder });
  await using pack = await writePack();
  const target = join(home.packs, 'sample/1.0.0');
  let heard = 0;
  let tell: (() => void) | null = null;
  using _watching = watchPacks(home, () => {
    heard++;
    tell?.();
  });
  const change = async (act: () => Promise<unknown>) => {
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    await act();
    await told;
  };
  await change(async () => {
    // As `hookpoint pack install` does: under another name until it is whole.
    const unfinished = join(home.packs, '.installing-0');
    await mkdir(dirname(target), { recursive: true });
    await cp(pack.folder, unfinished, { recursive: true });
    await rename(unfinished, target);
  });
  await change(() => rename(target, join(home.packs, 'sample/1.0.1')));
  await change(() => rm(home.packs, { recursive: true }));
  expect(heard).toBe(3);
});
