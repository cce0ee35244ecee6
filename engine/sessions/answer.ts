import { HookpointError } from '../contract/error.ts';
import { missedForm } from '../grading/index.ts';
import { writeMark } from '../observe/read-timeline.ts';
import { snapshotNodes } from '../observe/snapshot-nodes.ts';
import type { LabInstance } from '../packs/index.ts';
import type { RunScript } from '../runtime/container.ts';
import type { AnswerRow, SessionRow } from './store.ts';
import { withShell } from './with-shell.ts';
import type { Workspace } from './workspace.ts';

/**
 * Stores an answer with the state of all nodes at this moment, right or wrong. NOT_FOUND for a question that the lab does not ask, BAD_INPUT for
 * a value that could be no answer to it: neither is stored.
 */
export async function answerQuestion(
  workspace: Workspace,
  session: SessionRow,
  question: string,
  value: string,
  signal?: AbortSignal,
): Promise<AnswerRow> {
  const asked = requireQuestion(session.instance, question);
  const wanted = missedForm(asked, value);
  if (wanted !== null) {
    throw new HookpointError('BAD_INPUT', `"${value.trim()}" cannot be an answer to ${question}: it takes ${wanted}.`, {
      remedy: 'Nothing was stored.',
    });
  }
  const answer = await withShell(workspace, session, signal, (run) =>
    answerNow(session.instance, question, value, run, signal),
  );
  workspace.store.addAnswer(session.id, answer);
  return answer;
}

/** Reads the state that an answer is judged against. */
export async function answerNow(
  instance: LabInstance,
  question: string,
  value: string,
  run: RunScript,
  signal?: AbortSignal,
): Promise<AnswerRow> {
  requireQuestion(instance, question);
  const given = signal ? { signal } : {};
  const snapshot = await snapshotNodes(run, Object.keys(instance.topology.nodes), given);
  await writeMark(run, { name: 'answer', detail: question }, given);
  const times = Object.values(snapshot).map(({ time }) => time);
  return { question, value, time: Math.max(...times), snapshot };
}

function requireQuestion(instance: LabInstance, question: string): LabInstance['questions'][number] {
  const found = instance.questions.find(({ id }) => id === question);
  if (found) return found;
  const known = instance.questions.map(({ id }) => id);
  throw new HookpointError('NOT_FOUND', `The lab ${instance.pack}/${instance.id} asks no question "${question}".`, {
    remedy: known.length > 0 ? `Its questions: ${known.join(', ')}.` : 'It asks none.',
  });
}
