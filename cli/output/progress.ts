import type { Progress } from '../../engine/runtime/container.ts';
import { coloursFor } from './colour.ts';

const eraseLine = '\r\u001b[2K';

export interface ProgressLine extends Disposable {
  readonly report: Progress;
}

/**
 * Says on stderr what is going on: one line that changes on a terminal, a line for each new stage elsewhere. With `quiet`,
 * nothing. Disposing it clears the line.
 */
export function openProgress(options: { readonly quiet?: boolean } = {}): ProgressLine {
  const stream = process.stderr;
  if (options.quiet) return { report: () => undefined, [Symbol.dispose]: () => undefined };
  const live = stream.isTTY === true && process.env.TERM !== 'dumb';
  const colours = coloursFor(stream);
  let last = '';
  let shown = false;
  return {
    report: ({ stage, detail }) => {
      if (!live) {
        // Details come by the hundred while an image is built: without a terminal only stages are said.
        if (stage !== last) stream.write(`${stage}...\n`);
        last = stage;
        return;
      }
      const line = [stage, detail].filter(Boolean).join(': ').replace(/\s+/g, ' ');
      const columns = Math.max(20, (stream.columns || 80) - 1);
      stream.write(eraseLine + colours.dim(line.length > columns ? `${line.slice(0, columns - 1)}…` : line));
      shown = true;
    },
    [Symbol.dispose]: () => {
      if (shown) stream.write(eraseLine);
      shown = false;
    },
  };
}
