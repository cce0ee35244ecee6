import { HookpointError } from '../contract/error.ts';
import type { Report } from '../contract/report.ts';
import { type Evidence, gather, judge } from '../grading/index.ts';
import type { LabInstance } from '../packs/index.ts';
import type { RunScript } from '../runtime/container.ts';
import { failWhenCutShort } from './checkpoints/settle.ts';
import { kernelLogOf, lastAnswers } from './evidence-parts.ts';
import { openedHints, withHints } from './hints.ts';
import { lock } from './lock.ts';
import { lostOr, runningContainer } from './session.ts';
import type { AnswerRow, SessionRow, Snapshots } from './store.ts';
import type { Workspace } from './workspace.ts';

/** What is needed to grade a lab that runs, wherever it comes from. */
export interface Gradable {
  readonly id: string;
  readonly instance: LabInstance;
  readonly baseline: Snapshots;
  readonly answers: readonly AnswerRow[];
  readonly hostLog: boolean;
}

/**
 * Grades a session as it stands and keeps the report. Checks of one session come one after another, since their probes would count each
 * other's packets; commands of the learner go on meanwhile. A container that is gone makes every criterion could-not-check.
 */
export async function checkSession(workspace: Workspace, session: SessionRow, signal?: AbortSignal): Promise<Report> {
  const { home, store, runtime } = workspace;
  using _held = await lock(home, `${session.id}.check`, { signal });
  const container = runtime.container(session.container);
  let report: Report;
  try {
    await runningContainer(runtime, session, signal);
    await using shell = await workspace.shell(container, signal);
    await failWhenCutShort(workspace, session, shell.run);
    const gradable = { ...session, baseline: store.baseline(session.id), answers: store.answers(session.id) };
    report = await gradeNow(gradable, shell.run, signal);
    // Ended while it was read: what could be gathered until then is no fair picture.
    await runningContainer(runtime, session, signal);
  } catch (error) {
    signal?.throwIfAborted();
    const cause = await lostOr(session, container, error);
    if (!(cause instanceof HookpointError) || cause.code !== 'SESSION_LOST') throw cause;
    report = couldNotCheck(session, cause);
  }
  report = withHints(report, openedHints(store, session));
  store.addVerdict(session.id, report);
  return report;
}

/** Gathers, then judges. */
export async function gradeNow(lab: Gradable, run: RunScript, signal?: AbortSignal): Promise<Report> {
  return judgeLab(lab.instance, await gatherNow(lab, run, signal));
}

export function judgeLab(instance: LabInstance, evidence: Evidence): Report {
  const { criteria, questions } = instance;
  return judge({ lab: `${instance.pack}/${instance.id}`, criteria, questions }, evidence);
}

/** All that the criteria of a running lab rest on. */
export async function gatherNow(lab: Gradable, run: RunScript, signal?: AbortSignal): Promise<Evidence> {
  const { id, instance, baseline, answers, hostLog } = lab;
  return await gather(instance.criteria, {
    session: id,
    run,
    topology: instance.topology,
    baseline: { value: baseline },
    answers: lastAnswers(answers),
    kernelLog: kernelLogOf(hostLog),
    ...(signal ? { signal } : {}),
  });
}

function couldNotCheck(session: SessionRow, cause: HookpointError): Report {
  const criteria = session.instance.criteria.map(({ id, title, points }) => ({
    id,
    title,
    verdict: 'could-not-check' as const,
    points: 0,
    possible: points,
    checks: [
      {
        type: 'session',
        outcome: 'unknown' as const,
        expected: "the session's container runs",
        actual: 'it does not',
        message: `${cause.message} ${cause.remedy ?? ''}`.trim(),
      },
    ],
  }));
  const possible = criteria.reduce((sum, one) => sum + one.possible, 0);
  return {
    session: session.id,
    lab: `${session.pack}/${session.lab}`,
    score: 0,
    possible,
    undecided: possible,
    passed: false,
    criteria,
  };
}
