import type { Observed, StoredAnswer } from '../grading/index.ts';
import type { AnswerRow } from './store.ts';

/** The last answer to each question, with the nodes as they were when it was given. */
export function lastAnswers(answers: readonly AnswerRow[]): Readonly<Record<string, StoredAnswer>> {
  return Object.fromEntries(
    answers.map(({ question, value, time, snapshot }) => [question, { value, time, nodes: { value: snapshot } }]),
  );
}

/** Whether lines of LOG rules can be had in a session that was started so. */
export function kernelLogOf(hostLog: boolean): Observed<true> {
  if (hostLog) return { value: true };
  return { failure: 'the host was not allowed to write log lines of containers when this session started.' };
}
