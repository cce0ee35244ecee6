/** The checks that need nothing but the sources, in the order in which `npm run check` and `npm test` make them: a name and a command. */
export const checks = [
  ['format and lint', ['biome', 'ci', '.', '--colors=off']],
  ['types', ['tsc', '-p', '.']],
  ['types of the preload', ['tsc', '-p', 'electron/preload']],
  ['types of tests in a window', ['tsc', '-p', 'test/e2e']],
  ['types of the app', ['svelte-check', '--tsconfig', 'app/tsconfig.json', '--fail-on-warnings']],
  ['rooms', ['depcruise', 'engine', 'cli', 'app', 'electron', 'bench', 'test', 'scripts', '--output-type', 'err']],
] as const satisfies readonly (readonly [name: string, command: readonly string[]])[];
