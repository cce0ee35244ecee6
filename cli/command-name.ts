/** What one types to run Hookpoint again: through npx where npm started it, as in a clone. */
export function commandName(environment: NodeJS.ProcessEnv = process.env): string {
  return environment.npm_command === undefined ? 'hookpoint' : 'npx hookpoint';
}
