import { HookpointError } from '../contract/error.ts';
import type { TimelineEntry, TimelineHistory } from '../contract/procedures/timeline.ts';
import {
  type Criterion,
  type CriterionTurn,
  criterionTurns,
  type Evidence,
  isOfStates,
  type SnapshotMemory,
} from '../grading/index.ts';
import type { Timeline } from '../observe/timeline.ts';
import { openedHints } from './hints.ts';
import { readSessionTimeline } from './state.ts';
import { mostCommands, type SessionRow, type Store } from './store.ts';
import { ChangeMemory, changeEntries } from './timeline-entries.ts';
import type { Workspace } from './workspace.ts';

/** What was found out of a session's states and need not be found out again while it goes on. */
export class HistoryMemory {
  readonly changes = new ChangeMemory();
  readonly snapshots: SnapshotMemory = new Map();
}

export const containerGone =
  'The rules of this session at its moments went with its container. What was typed, answered, opened and checked is kept.';

/** All that is known of a session until now. Of one whose container is gone that is what the store has, and no timeline. */
export async function readHistory(
  workspace: Workspace,
  session: SessionRow,
  signal?: AbortSignal,
): Promise<{ readonly history: TimelineHistory; readonly timeline: Timeline | null }> {
  const timeline = session.status === 'running' ? await timelineOrNone(workspace, session, signal) : null;
  return { history: historyOf(workspace.store, session, timeline, Number.POSITIVE_INFINITY), timeline };
}

async function timelineOrNone(
  workspace: Workspace,
  session: SessionRow,
  signal?: AbortSignal,
): Promise<Timeline | null> {
  try {
    return await readSessionTimeline(workspace, session, signal);
  } catch (error) {
    if (error instanceof HookpointError && error.code === 'SESSION_LOST') return null;
    throw error;
  }
}

/** The newest of everything that happened, oldest first. */
export function historyOf(
  store: Store,
  session: SessionRow,
  timeline: Timeline | null,
  most: number,
  memory = new HistoryMemory(),
): TimelineHistory {
  const commands = store.commands(session.id);
  const remarks: string[] = [];
  const dropped = (commands[0]?.number ?? 1) - 1;
  if (dropped > 0) {
    const kept = mostCommands.toLocaleString('en');
    remarks.push(`${dropped.toLocaleString('en')} older commands are gone: ${kept} of a session are kept.`);
  }
  if (timeline === null) remarks.push(containerGone);
  const changes = changeEntries(timeline ?? nothing, commands, memory.changes);
  const turns = timeline === null ? [] : turnsOf(store, session, timeline, changes, memory, remarks);
  const all = [...changes, ...turns, ...doingsOf(store, session), ...(timeline === null ? [] : eventsOf(timeline))];
  // Sorting is stable: what a change turned stands after it.
  all.sort((a, b) => a.time - b.time);
  return {
    entries: Number.isFinite(most) ? all.slice(-most) : all,
    total: all.length,
    states: timeline?.states.length ?? null,
    remarks,
  };
}

const nothing: Timeline = { states: [], flows: [], log: [], marks: [], gaps: [] };

function turnsOf(
  store: Store,
  session: SessionRow,
  timeline: Timeline,
  changes: readonly TimelineEntry[],
  memory: HistoryMemory,
  remarks: string[],
): readonly TimelineEntry[] {
  const { criteria, questions } = session.instance;
  const worth = changes.flatMap((entry) => (entry.kind === 'change' ? [entry.last] : []));
  const evidence = evidenceOf(store, session, timeline);
  const { turns, judged, states } = criterionTurns(criteria, questions, evidence, worth, memory.snapshots);
  if (judged < states) {
    const [some, all] = [judged.toLocaleString('en'), states.toLocaleString('en')];
    remarks.push(
      `Criteria were judged at ${some} of ${all} states; one that turned and turned back between two of them is not told.`,
    );
  }
  return telling(turns, criteria).map((turn): TimelineEntry => {
    const { criterion, state, time, to, exact } = turn;
    const title = criteria.find(({ id }) => id === criterion)?.title ?? criterion;
    return { kind: 'turn', id: `t${state}-${criterion}`, time, criterion, title, to, at: 'state', state, exact };
  });
}

/** One that has to be true ever is not lost when it is no more; one that has to hold is not made good by being true again. */
function telling(turns: readonly CriterionTurn[], criteria: readonly Criterion[]): readonly CriterionTurn[] {
  const decided = new Set<string>();
  const deciding = { ever: 'met', held: 'unmet' } as const;
  return turns.filter(({ criterion, to }) => {
    const when = criteria.find(({ id }) => id === criterion)?.when;
    if (when !== 'ever' && when !== 'held') return true;
    if (decided.has(criterion)) return false;
    if (to === deciding[when]) decided.add(criterion);
    return true;
  });
}

/** What criteria of states alone are judged by. */
function evidenceOf(store: Store, session: SessionRow, timeline: Timeline): Evidence {
  const last = timeline.states.at(-1);
  return {
    session: session.id,
    time: last?.time ?? 0,
    now: last ? { value: last.nodes } : { failure: 'nothing was recorded yet.' },
    baseline: { value: store.baseline(session.id) },
    timeline: { value: timeline },
    probes: {},
    files: {},
    answers: {},
    kernelLog: { failure: 'it is no part of the states.' },
  };
}

/** Answers, hints and checks, and the criteria that a check turned: those that rest on more than states. */
function doingsOf(store: Store, session: SessionRow): readonly TimelineEntry[] {
  const answers = store
    .givenAnswers(session.id)
    .map(
      ({ question, value, time }, index): TimelineEntry => ({ kind: 'answer', id: `a${index}`, time, question, value }),
    );
  const hints = openedHints(store, session).map(
    ({ number, cost, time }): TimelineEntry => ({ kind: 'hint', id: `h${number}`, time, number, cost }),
  );
  return [...answers, ...hints, ...checksOf(store, session)];
}

const outcomes = { passed: 'met', failed: 'unmet', 'not-reached': 'unmet', 'could-not-check': 'unknown' } as const;

function checksOf(store: Store, session: SessionRow): readonly TimelineEntry[] {
  const byStates = new Set(session.instance.criteria.filter(isOfStates).map(({ id }) => id));
  const last = new Map<string, (typeof outcomes)[keyof typeof outcomes]>();
  return store
    .reports(session.id)
    .toReversed()
    .flatMap(({ id, time, report }): TimelineEntry[] => {
      const { score, possible, passed } = report;
      const check: TimelineEntry = { kind: 'check', id: `k${id}`, time, score, possible, passed };
      const turns = report.criteria.flatMap(({ id: criterion, title, verdict }): TimelineEntry[] => {
        const to = outcomes[verdict];
        const before = last.get(criterion) ?? 'unmet';
        last.set(criterion, to);
        if (byStates.has(criterion) || before === to) return [];
        const turn = { kind: 'turn', id: `k${id}-${criterion}`, time, criterion, title, to } as const;
        return [{ ...turn, at: 'check', state: null, exact: true }];
      });
      return [check, ...turns];
    });
}

/** Restarts, and what was not recorded. */
function eventsOf({ marks, gaps }: Timeline): readonly TimelineEntry[] {
  const begin = marks.find(({ name }) => name === 'provisioned')?.time ?? 0;
  return [
    ...marks.flatMap(({ name, time, detail }, index): TimelineEntry[] =>
      name === 'node-restarting' ? [{ kind: 'restart', id: `r${index}`, time, node: detail ?? '' }] : [],
    ),
    ...gaps
      .filter(({ to }) => to >= begin)
      .map(({ what, node, from, to, reason }, index): TimelineEntry => {
        return { kind: 'gap', id: `g${index}`, time: from, until: to, node, lost: what, reason };
      }),
  ];
}
