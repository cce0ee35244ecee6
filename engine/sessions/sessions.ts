import { HookpointError } from '../contract/error.ts';
import type { Report } from '../contract/report.ts';
import type { ContainerRuntime, ContainerState } from '../runtime/container.ts';
import { connectDocker } from '../runtime/docker/connect.ts';
import type { Home } from './home.ts';
import { labels } from './labels.ts';
import type { SessionRow, Store } from './store.ts';

/** unknown: Docker could not be asked. */
export type SessionStatus = 'running' | 'paused' | 'lost' | 'stopped' | 'unknown';

export interface ListedSession {
  readonly session: SessionRow;
  readonly status: SessionStatus;
  /** What the latest check said. */
  readonly report: Report | null;
}

export interface SessionList {
  readonly sessions: readonly ListedSession[];
  /** Why Docker could not be asked. */
  readonly failure: HookpointError | null;
}

type ListContainers = ContainerRuntime['list'];

/** Over a connection for this one question. */
const askDocker =
  (home: Home): ListContainers =>
  async (wanted, signal) => {
    await using runtime = await connectDocker({ ...(signal ? { signal } : {}), stateFolder: home.folder });
    return await runtime.list(wanted, signal);
  };

/**
 * Sessions with what has become of them, newest first; stopped ones too with `all`. `listContainers` belongs to an engine that is connected
 * already, and fails with a HookpointError where there is none.
 */
export async function listSessions(
  home: Home,
  store: Store,
  options: { readonly all?: boolean; readonly signal?: AbortSignal; readonly listContainers?: ListContainers } = {},
): Promise<SessionList> {
  const rows = store.sessions().filter(({ status }) => options.all === true || status === 'running');
  const verdicts = store.latestVerdicts();
  const { signal } = options;
  const { containers, failure } = await containersOf(home, options.listContainers ?? askDocker(home), signal);
  const sessions = rows.map((session) => ({
    session,
    status: statusOf(session, containers),
    report: verdicts.get(session.id) ?? null,
  }));
  return { sessions, failure: rows.some(({ status }) => status === 'running') ? failure : null };
}

function statusOf(session: SessionRow, containers: ReadonlyMap<string, ContainerState> | null): SessionStatus {
  if (session.status === 'stopped') return 'stopped';
  if (!containers) return 'unknown';
  const status = containers.get(session.container)?.status;
  return status === 'running' || status === 'paused' ? status : 'lost';
}

async function containersOf(home: Home, listContainers: ListContainers, signal: AbortSignal | undefined) {
  try {
    const states = await listContainers({ [labels.home]: home.hash }, signal);
    return { containers: new Map(states.map((state) => [state.id, state])), failure: null };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof HookpointError) return { containers: null, failure: error };
    throw error;
  }
}
