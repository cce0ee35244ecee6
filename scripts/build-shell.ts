/** `npm run build:shell`: Electron's side in dist/electron: main and preload as CommonJS, the engine's process as a module. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { engineBundle } from './engine-bundle.ts';

const root = dirname(import.meta.dirname);
const out = join(root, 'dist/electron');

/** Takes well under a second, so it is done whenever the window is opened from the sources. */
export async function buildShell(): Promise<void> {
  mkdirSync(out, { recursive: true });
  const thin = {
    bundle: true,
    format: 'cjs',
    external: ['electron'],
    logLevel: 'warning',
  } as const satisfies BuildOptions;
  await Promise.all([
    build({
      ...thin,
      platform: 'node',
      // The oldest Electron that tests run has Node 16.
      target: 'node16',
      entryPoints: [join(root, 'electron/main/main.ts')],
      outfile: join(out, 'main.cjs'),
    }),
    build({
      ...thin,
      platform: 'browser',
      target: 'chrome108',
      entryPoints: [join(root, 'electron/preload/preload.ts')],
      outfile: join(out, 'preload.cjs'),
    }),
    build({ ...engineBundle, entryPoints: [join(root, 'electron/engine/entry.ts')], outfile: join(out, 'engine.mjs') }),
  ]);
  copyFileSync(join(root, 'electron/icons/512x512.png'), join(out, 'icon.png'));
}

if (import.meta.main) await buildShell();
