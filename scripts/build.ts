/**
 * `npm run build`: the release in dist/: one bundled program, with the packs, the image's inputs and the launcher beside it. Modules that
 * hold compiled code stay packages of their own.
 */
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const root = dirname(import.meta.dirname);
const out = join(root, 'dist');

rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: [join(root, 'cli/main.ts')],
  outfile: join(out, 'hookpoint.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // ssh2 takes its compiled parts where they are there, and does without where they are not.
  external: ['cpu-features', '*.node'],
  // Packages in CommonJS call require for Node's own modules and name their folder.
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url);',
      'const __dirname = import.meta.dirname;',
    ].join('\n'),
  },
  logLevel: 'warning',
});
for (const folder of ['labs', 'images', 'schemas']) cpSync(join(root, folder), join(out, folder), { recursive: true });
for (const file of ['package.json', 'README.md', 'LICENSE']) cpSync(join(root, file), join(out, file));
cpSync(join(root, 'cli/hookpoint.js'), join(out, 'cli/hookpoint.js'));
console.log(`built ${out}`);
