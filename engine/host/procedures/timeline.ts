import { HookpointError } from '../../contract/error.ts';
import type { TimelineHistory } from '../../contract/procedures/timeline.ts';
import type { Timeline } from '../../observe/timeline.ts';
import { changeWords } from '../../sessions/change-words.ts';
import { HistoryMemory, historyOf, readHistory } from '../../sessions/history.ts';
import { stateAt } from '../../sessions/moment.ts';
import { netChanges } from '../../sessions/net-changes.ts';
import { findAnySession, findNode, findSession } from '../../sessions/session.ts';
import { readSessionTimeline, readState } from '../../sessions/state.ts';
import type { SessionRow } from '../../sessions/store.ts';
import { stepsOf } from '../../sessions/timeline-entries.ts';
import { watchValue } from '../changes.ts';
import type { Host } from '../host.ts';
import { SharedStream } from '../shared-stream.ts';
import { NetfilterViewer } from '../views/netfilter-view.ts';
import { withBell } from '../with-bell.ts';
import { implementer } from './base.ts';

/** Steps of an entry that are told at once. */
const stepsTogether = 100;
/** Changes of a step, or of a node against its start, that are put into words. */
const mostChanges = 200;
/** After a look the next one waits this many times as long as it took: a flood of changes leaves the engine time for others. */
const restFactor = 3;

/** All windows on a session share what is worked out. */
const streams = new WeakMap<Host, SharedStream<TimelineHistory>>();

function streamsOf(host: Host): SharedStream<TimelineHistory> {
  const known = streams.get(host) ?? new SharedStream<TimelineHistory>();
  streams.set(host, known);
  return known;
}

/** The history at once, and again after each change of a node and each command, answer, hint and check. */
async function* histories(host: Host, session: SessionRow, signal: AbortSignal): AsyncGenerator<TimelineHistory, void> {
  const memory = new HistoryMemory();
  const live = host.live.states(session, signal);
  let last = '';
  for await (const { timeline } of withBell(live, (ring) => host.changes.onNext(ring))) {
    const begin = performance.now();
    const history = historyOf(host.store, session, timeline, mostEntries, memory);
    const text = JSON.stringify(history);
    if (text !== last) yield history;
    last = text;
    await pause(restFactor * (performance.now() - begin));
  }
}

/** As many as a window may ask for. */
const mostEntries = 2000;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function* watch(
  host: Host,
  { session: text, most }: { readonly session: string; readonly most: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<TimelineHistory, void> {
  const session = findAnySession(host.store, text);
  const newest = (history: TimelineHistory) => ({ ...history, entries: history.entries.slice(-most) });
  if (session.status === 'stopped') {
    yield* watchValue(host.changes, signal, () => newest(historyOf(host.store, session, null, mostEntries)));
    return;
  }
  const all = streamsOf(host).watch(session.container, signal, (end) => histories(host, session, end));
  for await (const history of all) yield newest(history);
}

/** The timeline that is followed, where a window follows it, else read. */
async function timelineOf(host: Host, session: SessionRow, signal: AbortSignal | undefined): Promise<Timeline> {
  for await (const { timeline } of host.live.states(session, signal)) return timeline;
  return readSessionTimeline(await host.workspace(), session, signal);
}

export const timeline = {
  get: implementer.timeline.get.handler(async ({ context: { host }, input, signal }) => {
    const session = findAnySession(host.store, input.session);
    const { history } = await readHistory(await host.workspace(), session, signal);
    return { ...history, entries: history.entries.slice(-input.most) };
  }),
  watch: implementer.timeline.watch.handler(({ context: { host }, input, signal }) => watch(host, input, signal)),
  steps: implementer.timeline.steps.handler(async ({ context: { host }, input, signal }) => {
    const session = findSession(host.store, input.session);
    const node = findNode(session, input.node);
    const whole = await timelineOf(host, session, signal);
    const { steps, total } = stepsOf(whole, { ...input, node }, { from: input.from, most: stepsTogether });
    return {
      total,
      steps: steps.map(({ state, time, changes }) => ({
        state,
        time,
        changes: changes.slice(0, mostChanges).map(changeWords),
        total: changes.length,
      })),
    };
  }),
  rules: implementer.timeline.rules.handler(async ({ context: { host }, input, signal }) => {
    const session = findSession(host.store, input.session);
    const node = findNode(session, input.node);
    const whole = await timelineOf(host, session, signal);
    const past = stateAt(whole, { state: input.state });
    const then = past.nodes[node];
    const now = whole.states.at(-1)?.nodes[node];
    if (!then || !now) {
      throw new HookpointError('NOT_FOUND', `Nothing was recorded of ${node} in state ${input.state}.`, {
        remedy: 'Choose a later moment.',
      });
    }
    // One viewer for both: a rule that stands in both has one key, so that a window sees which came and went.
    const viewer = new NetfilterViewer(input.family);
    const latest = viewer.view(now);
    const ofFamily = then.rulesets.filter(({ family }) => family === input.family);
    return { latest, past: { ...viewer.view(then), time: past.time }, text: ofFamily.map(({ text }) => text).join('') };
  }),
  changes: implementer.timeline.changes.handler(async ({ context: { host }, input, signal }) => {
    const session = findSession(host.store, input.session);
    const nodes = Object.keys(session.instance.topology.nodes);
    return netChanges(
      host.store.baseline(session.id),
      await readState(await host.workspace(), session, nodes, signal),
      mostChanges,
    );
  }),
};
