import { randomInt } from 'node:crypto';
import { HookpointError } from '../contract/error.ts';
import { instantiate } from '../packs/index.ts';
import type { FoundLab } from './catalog.ts';
import { type Launched, type LaunchOptions, launch } from './launch.ts';
import { lock } from './lock.ts';
import { changeRecorded } from './record/record-folder.ts';
import { newSessionId } from './session-id.ts';
import type { SessionRow } from './store.ts';
import type { Workspace } from './workspace.ts';

export interface Started {
  readonly session: SessionRow;
  readonly elapsedMs: number;
  /** Why LOG lines cannot be graded, where the lab needs them and they were allowed. */
  readonly hostLogFailure: HookpointError | null;
}

export interface StartRequest {
  /** Drawn where it is left out. */
  readonly seed?: number | undefined;
  /** The user allows the host's kernel log to hear containers, where the lab needs that. */
  readonly hostLog: boolean;
  /** Its terminals are kept for `export` and `replay`; so they are where this is left out. */
  readonly record?: boolean;
}

/** Seeds that people can type: up to nine digits. */
const seeds = 1_000_000_000;

/**
 * Starts a lab. The session is in the store only once everything runs, in one transaction; after a failure or an abort there is neither a row
 * nor a container.
 */
export async function startSession(
  workspace: Workspace,
  found: FoundLab,
  request: StartRequest,
  options: LaunchOptions = {},
): Promise<Started> {
  const { home, store } = workspace;
  const begin = performance.now();
  const instance = instantiate(found.lab, request.seed ?? randomInt(seeds));
  const id = newSessionId(instance.id, (taken) => store.session(taken) !== null);
  using _held = await lock(home, id, { signal: options.signal });
  const launched = await launch(workspace, { id, instance, version: found.version, hostLog: request.hostLog }, options);
  return await keep(workspace, launched, begin, options.signal, () => {
    const { container, image, baseline, hostLog } = launched;
    const { pack, id: lab, seed } = instance;
    changeRecorded(store, id, request.record ?? true);
    store.addSession({
      id,
      pack,
      lab,
      seed,
      instance,
      source: found.folder,
      version: found.version,
      container: container.id,
      image,
      created: new Date(),
      hostLog,
      baseline,
    });
    return id;
  });
}

/** Starts a lost or stopped session afresh, with the values that it had. BAD_INPUT where it still runs. */
export async function resumeSession(
  workspace: Workspace,
  session: SessionRow,
  request: Pick<StartRequest, 'hostLog'>,
  options: LaunchOptions = {},
): Promise<Started> {
  const { home, store, runtime } = workspace;
  const { id, instance, version } = session;
  const begin = performance.now();
  using _held = await lock(home, id, { signal: options.signal });
  const current = store.session(id) ?? session;
  const old = runtime.container(current.container);
  const state = await old.state(options.signal);
  if (state !== null && state.status !== 'stopped') {
    throw new HookpointError('BAD_INPUT', `The session ${id} still runs: there is nothing to resume.`, {
      remedy: `Go on with \`hookpoint shell ${id}\`, or stop it first.`,
    });
  }
  await old.remove();
  const launched = await launch(workspace, { id, instance, version, hostLog: request.hostLog }, options);
  return await keep(workspace, launched, begin, options.signal, () => {
    const { container, image, baseline, hostLog } = launched;
    store.restartSession({ id, container: container.id, image, baseline, hostLog });
    return id;
  });
}

/** Writes the row, or takes the container back: an abort up to the last moment counts. */
async function keep(
  { store }: Workspace,
  launched: Launched,
  begin: number,
  signal: AbortSignal | undefined,
  write: () => string,
): Promise<Started> {
  const { container, shell, hostLogFailure } = launched;
  try {
    await shell[Symbol.asyncDispose]();
    signal?.throwIfAborted();
    const session = store.session(write());
    if (!session) throw new Error('the session was written and is not there');
    return { session, elapsedMs: Math.round(performance.now() - begin), hostLogFailure };
  } catch (error) {
    await container.remove();
    throw error;
  }
}
