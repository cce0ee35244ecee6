/**
 * `npm run build`: the release in dist/: one bundled program, with the app, the packs, the image's inputs and the launcher beside it, and
 * Electron's side of the app. `npm run dist` makes packages of the latter.
 */
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { buildApp } from './build-app.ts';
import { buildShell } from './build-shell.ts';
import { engineBundle } from './engine-bundle.ts';

const root = dirname(import.meta.dirname);
const out = join(root, 'dist');

rmSync(out, { recursive: true, force: true });
await build({ ...engineBundle, entryPoints: [join(root, 'cli/main.ts')], outfile: join(out, 'hookpoint.mjs') });
buildApp({ force: true });
await buildShell();
for (const folder of ['labs', 'images', 'schemas']) cpSync(join(root, folder), join(out, folder), { recursive: true });
for (const file of ['package.json', 'README.md', 'LICENSE']) cpSync(join(root, file), join(out, file));
// `hookpoint serve` looks for its pages from the program's folder, which here is dist itself.
cpSync(join(out, 'app'), join(out, 'dist/app'), { recursive: true });
cpSync(join(root, 'cli/hookpoint.js'), join(out, 'cli/hookpoint.js'));
console.log(`built ${out}`);
