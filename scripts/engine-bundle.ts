import type { BuildOptions } from 'esbuild';

/** How everything that holds the engine is bundled: a module for Node 24. Packages with compiled code stay packages of their own. */
export const engineBundle = {
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
} as const satisfies BuildOptions;
