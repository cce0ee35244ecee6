import { randomInt } from 'node:crypto';
import { HookpointError } from '../contract/error.ts';
import { instantiate } from '../packs/index.ts';
import type { FoundLab } from './catalog.ts';
import { readCheckpointFile } from './checkpoints/checkpoint-file.ts';
import { findCheckpoint } from './checkpoints/restore.ts';
import { type Launched, type LaunchOptions, launch } from './launch.ts';
import { lock } from './lock.ts';
import { changeRecorded } from './record/record-folder.ts';
import { newSessionId } from './session-id.ts';
import type { CheckpointRow, SessionRow } from './store.ts';
import type { Workspace } from './workspace.ts';

export interface Started {
  readonly session: SessionRow;
  readonly elapsedMs: number;
  /** Why LOG lines cannot be graded, where the lab needs them and they were allowed. */
  readonly hostLogFailure: HookpointError | null;
  /** Where a resumed session goes on from; null where it began at the lab's start. */
  readonly checkpoint: CheckpointRow | null;
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
  return await keep(workspace, launched, { begin, checkpoint: null }, options.signal, () => {
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

export interface ResumeRequest extends Pick<StartRequest, 'hostLog'> {
  /** From the lab's start, with its values: answers and all that was done are of the past. */
  readonly afresh?: boolean | undefined;
  /** The name of the checkpoint; the newest where it is left out. */
  readonly checkpoint?: string | undefined;
}

/**
 * Starts a lost or stopped session again, with the values that it had, where its newest checkpoint left it: files, rules, addresses, what was
 * answered, and its timeline. Without one it begins at the lab's start. BAD_INPUT where it still runs or the checkpoint cannot be read, NOT_FOUND.
 */
export async function resumeSession(
  workspace: Workspace,
  session: SessionRow,
  request: ResumeRequest,
  options: LaunchOptions = {},
): Promise<Started> {
  const { home, store, runtime } = workspace;
  const { id, instance, version } = session;
  const { hostLog } = request;
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
  const checkpoint = checkpointFor(workspace, current, request);
  const archive = checkpoint ? await readCheckpointFile(home, checkpoint) : undefined;
  await old.remove();
  const launched = await launch(workspace, { id, instance, version, hostLog, checkpoint: archive }, options).finally(
    () => archive?.destroy(),
  );
  return await keep(workspace, launched, { begin, checkpoint }, options.signal, () => {
    const { container, image, hostLog } = launched;
    // What the lab was before anything was done to it is what it was in its first life.
    const baseline = checkpoint ? store.baseline(id) : launched.baseline;
    store.restartSession({ id, container: container.id, image, baseline, hostLog, afresh: checkpoint === null });
    return id;
  });
}

function checkpointFor(workspace: Workspace, session: SessionRow, request: ResumeRequest): CheckpointRow | null {
  if (request.afresh) return null;
  if (request.checkpoint === undefined && workspace.store.checkpoints(session.id).length === 0) return null;
  return findCheckpoint(workspace, session, request.checkpoint);
}

/** Writes the row, or takes the container back: an abort up to the last moment counts. */
async function keep(
  { store }: Workspace,
  launched: Launched,
  { begin, checkpoint }: { readonly begin: number; readonly checkpoint: CheckpointRow | null },
  signal: AbortSignal | undefined,
  write: () => string,
): Promise<Started> {
  const { container, shell, hostLogFailure } = launched;
  try {
    await shell[Symbol.asyncDispose]();
    signal?.throwIfAborted();
    const session = store.session(write());
    if (!session) throw new Error('the session was written and is not there');
    return { session, elapsedMs: Math.round(performance.now() - begin), hostLogFailure, checkpoint };
  } catch (error) {
    await container.remove();
    throw error;
  }
}
