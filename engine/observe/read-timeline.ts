import { HookpointError } from '../contract/error.ts';
import type { ExecResult, RunScript } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';
import { shellQuote } from '../runtime/shell-quote.ts';
import { buildTimeline } from './build-timeline.ts';
import { parseRecords } from './records.ts';
import type { Mark, Timeline } from './timeline.ts';

const sync = `${layout.programs}/recorder-sync`;

/**
 * The timeline up to now: the recorder first writes what it has not yet. Where no recorder answers, what it left is read and the
 * time since is a gap. Throws NODE_FAILED where there is no timeline, and what `run` throws.
 */
export async function readTimeline(run: RunScript, options: { readonly signal?: AbortSignal } = {}): Promise<Timeline> {
  const result = await readFile(run, options);
  const records = parseRecords(result.stdout);
  const timeline = buildTimeline(records);
  if (result.exitCode === 0) return timeline;
  const now = Number(result.stderr.trim().split('\n').at(-1));
  const from = records.at(-1)?.t ?? 0;
  return {
    ...timeline,
    gaps: [...timeline.gaps, { what: 'states', node: null, from, to: now, reason: 'the recorder does not run' }],
  };
}

/** The recorder's file up to now, as it stands. NODE_FAILED, and what `run` throws. */
export async function readTimelineFile(
  run: RunScript,
  options: { readonly signal?: AbortSignal; readonly timeout?: number } = {},
): Promise<string> {
  return (await readFile(run, options)).stdout;
}

async function readFile(run: RunScript, options: Parameters<RunScript>[1]): Promise<ExecResult> {
  const result = await run(
    `${sync}; answered=$?; date +%s.%N >&2; cat ${layout.timeline} && exit $((answered * 64))`,
    options,
  );
  if (result.exitCode !== 0 && result.exitCode !== 64) {
    throw new HookpointError('NODE_FAILED', `The session's timeline cannot be read: ${result.stderr.trim()}`, {
      remedy: 'Try again. If it fails again, stop the lab and start it anew.',
    });
  }
  return result;
}

/**
 * Puts a mark after everything that has happened until now: the recorder reads all events and counters first. False where no recorder
 * answers; the mark is written all the same.
 */
export async function writeMark(
  run: RunScript,
  mark: Omit<Mark, 'time'> & {
    /** The nf_tables table of a trace, which the recorder takes for none of the node's until the next mark, `detail` seconds at most. */
    readonly table?: string;
  },
  options: { readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  const { name, detail, table } = mark;
  const json = JSON.stringify({ name, detail, table });
  const { exitCode } = await run(`${sync} ${shellQuote(json)}`, options);
  return exitCode === 0;
}

/** Tells the recorder that somebody looks at a node's counters; nothing where no recorder runs. */
export async function lookAt(run: RunScript, node: string): Promise<void> {
  // Opened to read as well, so that it never waits for a reader that is not there.
  await run(`[ ! -p ${layout.recorder} ] || printf 'look %s\\n' ${shellQuote(node)} 1<>${layout.recorder}`);
}
