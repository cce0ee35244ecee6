import type { HookpointError, Problem } from '../../engine/contract/error.ts';
import { coloursFor } from './colour.ts';
import { plain, textWidth, wrap } from './text.ts';

/** For people, on stderr: what happened, where and what was expected, what to do, and the code to look up. */
export function printError(error: HookpointError, stream: NodeJS.WriteStream = process.stderr): void {
  const colours = coloursFor(stream);
  const width = textWidth(stream);
  const lines = [wrap(plain(error.message), width, '', `${colours.red('error:')} `)];
  for (const problem of error.problems) lines.push(wrap(plain(problemText(problem)), width, '    ', '  '));
  if (error.remedy) lines.push(wrap(plain(error.remedy), width));
  lines.push(colours.dim(`code: ${error.code}`));
  if (error.code === 'INTERNAL' || process.env.HOOKPOINT_DEBUG) lines.push(colours.dim(stackOf(error)));
  stream.write(`${lines.join('\n')}\n`);
}

/** For programs, on stdout where `--json` was asked for. */
export function errorJson(error: HookpointError): string {
  const { code, message, remedy, problems } = error;
  return JSON.stringify({ error: { code, message, remedy: remedy ?? null, problems } }, null, 2);
}

/** `lab.yaml:3:7: message (expected: ...)`, as compilers print it and editors find it. */
function problemText({ message, place, expected }: Problem): string {
  const where = place ? `${place.file}:${place.line}:${place.column}: ` : '';
  return `${where}${message}${expected ? ` (expected: ${expected})` : ''}`;
}

function stackOf(error: Error): string {
  const own = error.stack ?? '';
  return error.cause instanceof Error ? `${own}\ncaused by: ${error.cause.stack ?? error.cause.message}` : own;
}
