import { HookpointError } from '../contract/error.ts';
import type { Container, ContainerRuntime } from '../runtime/container.ts';
import { matchId } from './session-id.ts';
import type { SessionRow, Store } from './store.ts';

/** The session that a person means: by id or by what begins it; the only one that runs where nothing is said. NOT_FOUND. */
export function findSession(store: Store, text: string | undefined): SessionRow {
  const all = store.sessions();
  const open = all.filter(({ status }) => status === 'running');
  if (text === undefined) return onlySession(open);
  const stopped = all.find(({ id, status }) => id === text && status === 'stopped');
  if (stopped) throw hasEnded(stopped);
  return pick(open, matchId(text, ids(open)));
}

/** The same among all sessions, ended ones too: for those that are to run again. */
export function findAnySession(store: Store, text: string): SessionRow {
  const all = store.sessions();
  return pick(all, matchId(text, ids(all)));
}

function onlySession(open: readonly SessionRow[]): SessionRow {
  const [only, ...more] = open;
  if (only && more.length === 0) return only;
  if (!only) {
    throw new HookpointError('NOT_FOUND', 'No session is running.', {
      remedy: 'Start one with `hookpoint start PACK/LAB`.',
    });
  }
  throw new HookpointError('USAGE', 'More than one session is running: say which.', {
    remedy: `Sessions here: ${ids(open).join(', ')}.`,
  });
}

/** A node of the session's lab, or the only one where nothing is said. NOT_FOUND, USAGE. */
export function findNode(session: SessionRow, text: string | undefined): string {
  const nodes = Object.keys(session.instance.topology.nodes);
  const remedy = `Nodes of ${session.id}: ${nodes.join(', ')}.`;
  if (text !== undefined) {
    if (nodes.includes(text)) return text;
    throw new HookpointError('NOT_FOUND', `The lab ${session.pack}/${session.lab} has no node "${text}".`, { remedy });
  }
  const [only, ...more] = nodes;
  if (only && more.length === 0) return only;
  throw new HookpointError('USAGE', 'The lab has more than one node: say which.', { remedy });
}

/** Turns a failure of a container into SESSION_LOST where the container is what is missing. */
export async function lostOr(session: SessionRow, container: Container, error: unknown): Promise<unknown> {
  const state = await container.state().catch(() => undefined); // no answer: the first error says more
  if (state === undefined || (state !== null && state.status !== 'stopped')) return error;
  return sessionLost(session, state === null ? 'is gone' : 'has stopped');
}

export function sessionLost(session: SessionRow, what: string): HookpointError {
  return new HookpointError('SESSION_LOST', `The container of ${session.id} ${what}: it was ended from outside.`, {
    remedy: `\`hookpoint start --resume ${session.id}\` goes on from its newest checkpoint; \`hookpoint clean\` gives it up.`,
  });
}

/** The session's container, which must run. SESSION_LOST. */
export async function runningContainer(
  runtime: ContainerRuntime,
  session: SessionRow,
  signal?: AbortSignal,
): Promise<Container> {
  const container = runtime.container(session.container);
  const state = await container.state(signal);
  if (state === null) throw sessionLost(session, 'is gone');
  if (state.status === 'stopped') throw sessionLost(session, 'has stopped');
  return container;
}

const ids = (sessions: readonly SessionRow[]): readonly string[] => sessions.map(({ id }) => id);

function pick(sessions: readonly SessionRow[], id: string): SessionRow {
  const found = sessions.find((session) => session.id === id);
  if (!found) throw new Error(`session ${id} was matched and is not there`);
  return found;
}

function hasEnded({ id, pack, lab, endedBecause }: SessionRow): HookpointError {
  const how = endedBecause === 'lost' ? 'was lost and given up' : 'was stopped';
  return new HookpointError('NOT_FOUND', `The session ${id} ${how}.`, {
    remedy: `\`hookpoint start --resume ${id}\` starts ${pack}/${lab} again where its newest checkpoint left it.`,
  });
}
