import type { SessionList, SessionSummary, StartEvent } from '../../contract/procedures/sessions.ts';
import { findLab } from '../../sessions/catalog.ts';
import type { LaunchOptions } from '../../sessions/launch.ts';
import { restartSessionNode } from '../../sessions/restart.ts';
import { findAnySession, findNode, findSession } from '../../sessions/session.ts';
import { type ListedSession, listSessions } from '../../sessions/sessions.ts';
import { resumeSession, type Started, startSession } from '../../sessions/start.ts';
import { stopSession } from '../../sessions/stop.ts';
import { watchValue } from '../changes.ts';
import type { Host } from '../host.ts';
import { streamOf } from '../stream-of.ts';
import { failureOf } from '../wire-failures.ts';
import { implementer } from './base.ts';

export async function sessionListOf(host: Host, all: boolean, signal?: AbortSignal): Promise<SessionList> {
  const { sessions, failure } = await listSessions(host.home, host.store, {
    all,
    listContainers: async (labels, stop) => (await host.docker.require()).list(labels, stop),
    ...(signal ? { signal } : {}),
  });
  return { sessions: sessions.map(summaryOf), failure: failure && failureOf(failure) };
}

function summaryOf({ session, status, report }: ListedSession): SessionSummary {
  const { id, pack, lab, seed, instance, created, ended } = session;
  return {
    id,
    pack,
    lab,
    title: instance.title,
    seed,
    status,
    created: created.getTime() / 1000,
    ended: ended && ended.getTime() / 1000,
    nodes: Object.keys(instance.topology.nodes),
    result: report && { score: report.score, possible: report.possible, passed: report.passed },
  };
}

function start(begin: (options: LaunchOptions) => Promise<Started>, signal: AbortSignal | undefined) {
  return streamOf<StartEvent>(signal, async (emit, stop) => {
    const progress: LaunchOptions['progress'] = (event) => emit({ kind: 'progress', ...event });
    const { session, elapsedMs, hostLogFailure } = await begin({ progress, signal: stop });
    emit({
      kind: 'started',
      session: session.id,
      elapsedMs,
      hostLogFailure: hostLogFailure && failureOf(hostLogFailure),
    });
  });
}

export const sessions = {
  list: implementer.sessions.list.handler(({ context: { host }, input, signal }) =>
    sessionListOf(host, input.all, signal),
  ),
  watch: implementer.sessions.watch.handler(({ context: { host }, input, signal }) =>
    watchValue(host.changes, signal, () => sessionListOf(host, input.all, signal)),
  ),
  start: implementer.sessions.start.handler(async ({ context: { host }, input, signal }) => {
    const found = await findLab(host.home, input.lab);
    return start(async (options) => startSession(await host.workspace(), found, input, options), signal);
  }),
  resume: implementer.sessions.resume.handler(({ context: { host }, input, signal }) => {
    const session = findAnySession(host.store, input.session);
    return start(async (options) => resumeSession(await host.workspace(), session, input, options), signal);
  }),
  stop: implementer.sessions.stop.handler(async ({ context: { host }, input, signal }) => {
    await stopSession(await host.workspace(), findSession(host.store, input.session), signal ? { signal } : {});
  }),
  restartNode: implementer.sessions.restartNode.handler(async ({ context: { host }, input, signal }) => {
    const session = findSession(host.store, input.session);
    return restartSessionNode(await host.workspace(), session, findNode(session, input.node), signal);
  }),
};
