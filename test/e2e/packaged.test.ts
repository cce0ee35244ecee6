import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programFolder } from '../../engine/runtime/program-folder.ts';
import { temporaryHome } from '../support/cli.ts';
import { electronRuntime } from '../support/electron-runtime.ts';
import { buildPackage, openPackaged } from '../support/packaged-app.ts';
import { startServe } from '../support/served.ts';
import { startVirtualDisplay } from '../support/virtual-display.ts';

const runtime = electronRuntime();
const unless = runtime.kind === 'missing' ? ` (no Electron for tests: ${runtime.reason})` : '';

describe.skipIf(runtime.kind === 'missing')(`the unpacked package${unless}`, () => {
  const home = temporaryHome();
  let folder: string;

  beforeAll(() => {
    if (runtime.kind === 'found') folder = buildPackage(runtime.folder);
  });
  afterAll(() => home[Symbol.dispose]());

  test('has its fuses set', async () => {
    const wire = await getCurrentFuseWire(join(folder, 'hookpoint'));
    const set = (fuse: FuseV1Options) => wire[fuse] === FuseState.ENABLE;
    expect(set(FuseV1Options.RunAsNode)).toBe(false);
    expect(set(FuseV1Options.EnableCookieEncryption)).toBe(true);
    expect(set(FuseV1Options.EnableNodeOptionsEnvironmentVariable)).toBe(false);
    expect(set(FuseV1Options.EnableNodeCliInspectArguments)).toBe(false);
    expect(set(FuseV1Options.EnableEmbeddedAsarIntegrityValidation)).toBe(true);
    expect(set(FuseV1Options.OnlyLoadAppFromAsar)).toBe(true);
  });

  test('has what the engine looks for above it, as real files', () => {
    const found = programFolder(join(folder, 'resources/app.asar/dist/electron'));
    expect(found).toBe(join(folder, 'resources'));
    for (const path of ['labs/netfilter/pack.yaml', 'images/lab-node', 'schemas']) {
      expect(existsSync(join(found, path)), path).toBe(true);
    }
  });

  test('opens its window at the lab that a link names', async () => {
    await using screen = await startVirtualDisplay();
    await using engine = await startServe({ home: home.folder });
    const words = ['--attach', engine.url, 'hookpoint://open/netfilter/redirect'];
    const env = { DISPLAY: screen.name, HOOKPOINT_HOME: home.folder };
    await using window = await openPackaged(join(folder, 'hookpoint'), words, env);
    await expect.poll(() => window.address()).toMatch(/^app:\/\/hookpoint\/#\/start\/netfilter\/redirect$/);
    const shown = await window.evaluate(`new Promise((resolve) => {
      const look = () => document.body?.innerText.includes('Send local connections from one port to another') && resolve(true);
      new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
      look();
    })`);
    expect(shown).toBe(true);
  });
});
