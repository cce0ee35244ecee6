import { HookpointError } from '../../contract/error.ts';
import type { Container, RunScript } from '../../runtime/container.ts';
import { lock } from '../lock.ts';
import { lostOr, runningContainer } from '../session.ts';
import type { CheckpointReason, CheckpointRow, SessionRow } from '../store.ts';
import type { Workspace } from '../workspace.ts';
import { mostBytes, removeUnnamedFiles, writeCheckpointFile } from './checkpoint-file.ts';
import { folder, lookForChanges, noteSaved, saveScript } from './container-scripts.ts';

/** So many that somebody asked for, and so many that nobody did, of one session. */
const mostNamed = 20;
const mostAutomatic = 5;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;

/** Reading nodes takes a second at most; files of 64 MB each on a slow disk take longer. */
const patience = 180_000;

/**
 * Saves the state of every node, and the timeline, under a name; without one under the next free `checkpoint-N`. Nodes go on meanwhile.
 * BAD_INPUT (the name), LIMIT_REACHED, DISK_FULL, SESSION_LOST, SESSION_BUSY.
 */
export async function saveCheckpoint(
  workspace: Workspace,
  session: SessionRow,
  name: string | undefined,
  signal?: AbortSignal,
): Promise<CheckpointRow> {
  using _held = await lock(workspace.home, session.id, { signal });
  return await saveUnderLock(workspace, session, { name, reason: null, signal });
}

export interface SaveRequest {
  readonly name?: string | undefined;
  /** null: somebody asked for it. */
  readonly reason: CheckpointReason | null;
  /** Not to be dropped for the new one, whatever the limits say. */
  readonly keep?: CheckpointRow | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The same for who holds the session's lock. */
export async function saveUnderLock(
  workspace: Workspace,
  session: SessionRow,
  request: SaveRequest,
): Promise<CheckpointRow> {
  const { store, runtime, home } = workspace;
  const { signal, reason } = request;
  const name = nameFor(store.checkpoints(session.id), session, request);
  const container = await runningContainer(runtime, store.session(session.id) ?? session, signal);
  try {
    await using shell = await workspace.shell(container, signal);
    return await write(workspace, session, container, shell.run, { ...request, name, reason });
  } catch (error) {
    removeUnnamedFiles(home, store, session.id);
    throw await lostOr(session, container, error);
  }
}

/** Saves where something changed since the last time, or the start. null where nothing did. Under the session's lock. */
export async function saveIfChanged(
  workspace: Workspace,
  session: SessionRow,
  reason: CheckpointReason,
  signal?: AbortSignal,
): Promise<CheckpointRow | null> {
  const container = await runningContainer(workspace.runtime, session, signal);
  await using shell = await workspace.shell(container, signal);
  const { exitCode } = await shell.run(lookForChanges(nodesOf(session)), signal ? { signal } : {});
  if (exitCode !== 0) return null;
  const name = nameFor(workspace.store.checkpoints(session.id), session, { reason });
  return await write(workspace, session, container, shell.run, { reason, name, signal });
}

async function write(
  { home, store }: Workspace,
  session: SessionRow,
  container: Container,
  run: RunScript,
  request: SaveRequest & { readonly name: string },
): Promise<CheckpointRow> {
  const { signal, name, reason } = request;
  const given = { timeout: patience, ...(signal ? { signal } : {}) };
  removeUnnamedFiles(home, store, session.id);
  const time = Date.now() / 1000;
  const saved = await run(saveScript(session, time), given);
  if (saved.exitCode !== 0) {
    throw new HookpointError('NODE_FAILED', `The nodes could not be saved: ${saved.stderr.trim().slice(-500)}`, {
      remedy: 'Try again. If it fails again, stop the lab and start it anew.',
    });
  }
  const { left } = JSON.parse(saved.stdout.trim().split('\n').at(-1) ?? '') as {
    left: Record<string, readonly string[]>;
  };
  try {
    const { digest, bytes } = await writeCheckpointFile(home, session.id, await container.get(folder, signal));
    signal?.throwIfAborted();
    const dropped = droppedFor(store.checkpoints(session.id), session, { reason, bytes, keep: request.keep });
    const row = { session: session.id, name, time, bytes, digest, reason, leftOut: left };
    store.addCheckpoint(row, dropped);
    await run(noteSaved).catch(() => undefined); // then the next look finds a change, and saves once more
  } finally {
    removeUnnamedFiles(home, store, session.id);
    // Where this fails the next one begins with it.
    await run(`rm -rf ${folder}`).catch(() => undefined);
  }
  const row = store.checkpoints(session.id).find((one) => one.name === name);
  if (!row) throw new Error('the checkpoint was written and is not there');
  return row;
}

const nodesOf = (session: SessionRow): readonly string[] => Object.keys(session.instance.topology.nodes);

/** The name of the next one. BAD_INPUT where it cannot be had. */
function nameFor(
  known: readonly CheckpointRow[],
  session: SessionRow,
  { name, reason }: Pick<SaveRequest, 'name' | 'reason'>,
): string {
  const taken = new Set(known.map((one) => one.name));
  const next = (stem: string): string => {
    for (let number = 1; ; number += 1) if (!taken.has(`${stem}-${number}`)) return `${stem}-${number}`;
  };
  if (reason !== null) {
    const numbers = known.flatMap((one) => Number(/^auto-(\d+)$/.exec(one.name)?.[1] ?? 0));
    return `auto-${Math.max(0, ...numbers) + 1}`;
  }
  if (known.filter((one) => one.reason === null).length >= mostNamed) {
    throw new HookpointError('LIMIT_REACHED', `${session.id} has ${mostNamed} checkpoints, and may not have more.`, {
      remedy: `Remove one: \`hookpoint checkpoint ${session.id} NAME --remove\`.`,
    });
  }
  if (name === undefined) return next('checkpoint');
  if (!namePattern.test(name) || name.startsWith('auto-')) {
    throw new HookpointError('BAD_INPUT', `"${name.slice(0, 60)}" cannot be the name of a checkpoint.`, {
      remedy: 'Letters, digits, dots, hyphens and underscores, 40 at most, and not one that begins with "auto-".',
    });
  }
  if (taken.has(name)) {
    throw new HookpointError('BAD_INPUT', `${session.id} already has a checkpoint ${name}.`, {
      remedy: `Choose another name, or remove that one: \`hookpoint checkpoint ${session.id} ${name} --remove\`.`,
    });
  }
  return name;
}

/** Which to drop for a new one: the oldest that nobody asked for. LIMIT_REACHED where those that somebody asked for leave no room. */
export function droppedFor(
  known: readonly CheckpointRow[],
  session: Pick<SessionRow, 'id'>,
  added: {
    readonly reason: CheckpointReason | null;
    readonly bytes: number;
    readonly keep?: CheckpointRow | undefined;
  },
): readonly number[] {
  const automatic = known.filter((one) => one.reason !== null).sort((a, b) => a.time - b.time);
  const open = automatic.filter((one) => one.id !== added.keep?.id);
  let count = automatic.length + (added.reason === null ? 0 : 1);
  let bytes = known.reduce((sum, one) => sum + one.bytes, added.bytes);
  const dropped: number[] = [];
  for (const one of open) {
    if (count <= mostAutomatic && bytes <= mostBytes) break;
    dropped.push(one.id);
    count -= 1;
    bytes -= one.bytes;
  }
  if (bytes > mostBytes) {
    throw new HookpointError(
      'LIMIT_REACHED',
      `The checkpoints of ${session.id} would take ${bytes >> 20} MB; ${mostBytes >> 20} are allowed.`,
      { remedy: `Remove one: \`hookpoint checkpoint ${session.id} NAME --remove\`.` },
    );
  }
  return dropped;
}
