/** `npm run build:app`: the app's pages in dist/app, where their sources are newer than what is there; with --force in any case. */
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const page = join(root, 'dist/app/index.html');
const sources = ['app', 'engine/contract', 'vite.config.ts', 'svelte.config.js', 'package-lock.json'];

/** Builds the pages if they are missing or older than their sources. Throws where the build failed; it said why on stderr. */
export function buildApp(options: { readonly force?: boolean } = {}): 'built' | 'up to date' {
  const built = statSync(page, { throwIfNoEntry: false });
  if (!options.force && built && sources.every((path) => newest(join(root, path)) <= built.mtimeMs))
    return 'up to date';
  // A build that was broken off must not pass for one that is up to date.
  rmSync(page, { force: true });
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const { status } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error(`the app could not be built (vite ended with ${status})`);
  return 'built';
}

/** When the youngest file at or below a path was changed, in milliseconds. */
function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

if (import.meta.main) {
  const outcome = buildApp({ force: process.argv.includes('--force') });
  console.log(outcome === 'built' ? 'built dist/app' : 'dist/app is up to date');
}
