import picocolors from 'picocolors';

export type Colours = ReturnType<typeof picocolors.createColors>;

/** Colours for one stream: only on a terminal, never where NO_COLOR is set (no-color.org) or TERM is dumb. */
export function coloursFor(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv = process.env): Colours {
  const wanted = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
  return picocolors.createColors(wanted);
}
