import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerState } from '../runtime/container.ts';
import { removeUnnamedFiles, sessionsWithFiles } from './checkpoints/checkpoint-file.ts';
import { restoreHostLog } from './host-log.ts';
import { labels } from './labels.ts';
import { tryLock } from './lock.ts';
import { recordedSessions, removeRecord } from './record/record-folder.ts';
import type { Workspace } from './workspace.ts';

export interface CleanRequest {
  /** Running sessions are ended too. */
  readonly all?: boolean;
  /** Containers that other data folders started are removed too, running or not. */
  readonly otherHomes?: boolean;
  readonly signal?: AbortSignal;
}

export interface Cleaned {
  /** Names of containers that were removed. */
  readonly containers: readonly string[];
  /** Sessions that are over and whose terminals and timeline were kept until now. */
  readonly records: readonly string[];
  /** Sessions that were lost and are given up now. */
  readonly lost: readonly string[];
  /** Sessions that ran and were ended. */
  readonly stopped: readonly string[];
  /** Sessions that another command is working on: left alone. */
  readonly busy: readonly string[];
  /** Sessions that are over, whose checkpoints were removed. */
  readonly checkpoints: readonly string[];
  /** The host's kernel log setting was put back. */
  readonly hostLogRestored: boolean;
}

/** Helpers older than this were left by a process that was killed. */
const helperMilliseconds = 120_000;

/** Removes what killed processes and lost sessions left: containers, rows, the host's setting. Never what another command is starting. */
export async function clean(workspace: Workspace, request: CleanRequest = {}): Promise<Cleaned> {
  const { home, store, runtime } = workspace;
  const { signal } = request;
  const removed: string[] = [];
  const ended: { readonly id: string; readonly lost: boolean }[] = [];
  const busy = new Set<string>();
  const remove = async (container: ContainerState) => {
    await runtime.container(container.id).remove();
    removed.push(container.name);
  };

  const ours = await runtime.list({ [labels.home]: home.hash }, signal);
  const rows = store.sessions().filter(({ status }) => status === 'running');
  const names = new Set([...ours.map((container) => sessionOf(container)), ...rows.map(({ id }) => id)]);
  for (const id of names) {
    signal?.throwIfAborted();
    using held = tryLock(home, id);
    if (!held) {
      busy.add(id);
      continue;
    }
    // Read under the lock: whoever was starting it may have finished just now.
    const row = store.session(id);
    const containers = ours.filter((container) => sessionOf(container) === id);
    const own = row?.status === 'running' ? await runtime.container(row.container).state(signal) : null;
    const runs = own !== null && own.status !== 'stopped';
    for (const container of containers) {
      if (!(runs && container.id === own.id) || request.all) await remove(container);
    }
    if (row?.status === 'running' && (!runs || request.all)) {
      store.endSession(id, runs ? 'stopped' : 'lost');
      ended.push({ id, lost: !runs });
    }
  }
  if (request.otherHomes) {
    const others = await runtime.list({ [labels.session]: true }, signal);
    for (const container of others.filter((one) => one.labels[labels.home] !== home.hash)) await remove(container);
  }
  for (const helper of await runtime.list({ [labels.host]: true }, signal)) {
    if (Date.now() - helper.created.getTime() > helperMilliseconds) await remove(helper);
  }
  const records = removeRecords(workspace);
  const checkpoints = removeCheckpoints(workspace);
  removeLocks(workspace);
  return {
    records,
    checkpoints,
    containers: removed,
    lost: ended.filter(({ lost }) => lost).map(({ id }) => id),
    stopped: ended.filter(({ lost }) => !lost).map(({ id }) => id),
    busy: [...busy],
    hostLogRestored: await restoreHostLog(workspace, signal),
  };
}

/** Those of sessions that are over, and files that nobody knows: of a database that was moved away, or a process that was killed. */
function removeCheckpoints({ home, store }: Workspace): readonly string[] {
  const removed: string[] = [];
  for (const id of sessionsWithFiles(home)) {
    using held = tryLock(home, id);
    if (!held) continue;
    if (store.session(id)?.status !== 'running') {
      const known = store.checkpoints(id);
      for (const checkpoint of known) store.removeCheckpoint(checkpoint.id);
      if (known.length > 0) removed.push(id);
    }
    removeUnnamedFiles(home, store, id);
  }
  return removed;
}

const sessionOf = (container: ContainerState): string => container.labels[labels.session] ?? container.name;

/** What was kept of sessions that are over. */
function removeRecords({ home, store }: Workspace): readonly string[] {
  const removed: string[] = [];
  for (const id of recordedSessions(home)) {
    using held = tryLock(home, id);
    if (!held || store.session(id)?.status === 'running') continue;
    removeRecord(home, id);
    removed.push(id);
  }
  return removed;
}

/** Lock files of sessions that are over. Ids are random and not used again, but for `start --resume`: a lock that is held stays. */
function removeLocks({ home, store }: Workspace): void {
  const open = new Set(
    store
      .sessions()
      .filter(({ status }) => status === 'running')
      .map(({ id }) => id),
  );
  for (const file of readdirSync(home.locks)) {
    const name = file.replace(/\.lock$/, '');
    if (name === file || open.has(name.replace(/\.check$/, ''))) continue;
    using held = tryLock(home, name);
    if (held) rmSync(join(home.locks, file), { force: true });
  }
}
