import type { Readable } from 'node:stream';
import { z } from 'zod';
import { HookpointError } from '../../contract/error.ts';
import type { Container, ExecResult, RunScript } from '../../runtime/container.ts';
import { layout } from '../../runtime/layout.ts';
import { failUnlessBuilt } from '../../topology/index.ts';
import { lock } from '../lock.ts';
import { lostOr, runningContainer } from '../session.ts';
import type { CheckpointRow, SessionRow } from '../store.ts';
import type { Workspace } from '../workspace.ts';
import { readCheckpointFile } from './checkpoint-file.ts';
import { checkpointFormat, folder, type RestoreScriptRequest, restoreScript } from './container-scripts.ts';
import { saveUnderLock } from './save.ts';
import { settleRestore } from './settle.ts';

/** Nodes, services and rules take about a second; a lab's provisioning may take longer. */
const patience = 200_000;

export interface Restored {
  /** What was there before, saved first; null where it was not worth saving: a restore that had been cut short. */
  readonly before: CheckpointRow | null;
  /** By node: what could not be put back. */
  readonly left: Readonly<Record<string, readonly string[]>>;
}

/** The checkpoint of a session by its name; the newest where nothing is said. NOT_FOUND. */
export function findCheckpoint(
  { store }: Pick<Workspace, 'store'>,
  session: SessionRow,
  name: string | undefined,
): CheckpointRow {
  const all = store.checkpoints(session.id);
  const found = name === undefined ? all[0] : all.find((one) => one.name === name);
  if (found) return found;
  const names = all.map((one) => one.name).join(', ');
  throw new HookpointError(
    'NOT_FOUND',
    name === undefined ? `${session.id} has no checkpoint.` : `${session.id} has no checkpoint ${name}.`,
    {
      remedy: names
        ? `It has: ${names}.`
        : `\`hookpoint checkpoint ${session.id}\` saves one; \`hookpoint reset ${session.id}\` goes back to the start.`,
    },
  );
}

/**
 * Puts every node back to a checkpoint: files, rules, sets, sysctls, addresses and routes; processes and services start again. What stands
 * now is saved first. NOT_FOUND, BAD_INPUT (its file), SESSION_LOST, SESSION_BUSY, NODE_FAILED.
 */
export async function restoreCheckpoint(
  workspace: Workspace,
  session: SessionRow,
  name: string | undefined,
  signal?: AbortSignal,
): Promise<Restored & { readonly checkpoint: CheckpointRow }> {
  const { home } = workspace;
  using _held = await lock(home, session.id, { signal });
  const checkpoint = findCheckpoint(workspace, session, name);
  // Read and found whole before anything is touched.
  const archive = await readCheckpointFile(home, checkpoint);
  const restored = await change(workspace, session, {
    detail: `checkpoint ${checkpoint.name}`,
    nodes: Object.keys(session.instance.topology.nodes),
    files: { saved: folder },
    network: true,
    keep: checkpoint,
    signal,
    bring: (container, run) => unpackInto(container, run, archive, signal),
  }).finally(() => archive.destroy());
  return { ...restored, checkpoint };
}

/** Gives nodes what they had at the start: the lab's files, rules and addresses. What stands now is saved first. As restoreCheckpoint(). */
export async function resetNodes(
  workspace: Workspace,
  session: SessionRow,
  nodes: readonly string[],
  signal?: AbortSignal,
): Promise<Restored> {
  using _held = await lock(workspace.home, session.id, { signal });
  return await change(workspace, session, {
    detail: `reset ${nodes.join(' ')}`,
    nodes,
    files: 'new',
    network: false,
    signal,
    bring: async () => undefined,
  });
}

type Change = Omit<RestoreScriptRequest, 'session'> & {
  readonly keep?: CheckpointRow;
  readonly signal: AbortSignal | undefined;
  /** Brings into the container what the script needs. */
  readonly bring: (container: Container, run: RunScript) => Promise<void>;
};

async function change(workspace: Workspace, session: SessionRow, request: Change): Promise<Restored> {
  const { store } = workspace;
  const { signal, keep, bring } = request;
  const current = store.session(session.id) ?? session;
  const container = await runningContainer(workspace.runtime, current, signal);
  try {
    await using shell = await workspace.shell(container, signal);
    const broken = current.restoring !== null && !(await settleRestore(workspace, current, shell.run));
    const before = broken ? null : await saveUnderLock(workspace, current, { reason: 'restore', keep, signal });
    await bring(container, shell.run);
    signal?.throwIfAborted();
    store.changeRestoring(session.id, request.detail);
    // From here on it is done to its end: a signal no longer counts.
    const result = await shell.run(restoreScript({ ...request, session: current }), { timeout: patience });
    const left = resultOf(current, result);
    store.changeRestoring(session.id, null);
    return { before, left };
  } catch (error) {
    throw await lostOr(current, container, error);
  }
}

/** Puts a checkpoint's files into `folder` of a container. BAD_INPUT for one that this Hookpoint cannot read. */
export async function unpackInto(
  container: Container,
  run: RunScript,
  archive: Readable,
  signal?: AbortSignal,
): Promise<void> {
  await run(`rm -rf ${folder}`);
  // A stream that breaks ends nothing by itself: the request would wait for its rest.
  const broken = new AbortController();
  archive.once('error', () => broken.abort());
  try {
    await container.put(layout.volume, archive, AbortSignal.any([broken.signal, ...(signal ? [signal] : [])]));
  } catch (error) {
    throw archive.errored ?? error;
  }
  const { stdout } = await run(`cat ${folder}/manifest.json`);
  const manifest = manifestSchema.safeParse(stdout === '' ? null : JSON.parse(stdout));
  if (manifest.success && manifest.data.format === checkpointFormat) return;
  throw new HookpointError('BAD_INPUT', 'The checkpoint was written by another version of Hookpoint.', {
    remedy: 'Use that version, or another checkpoint.',
  });
}

const manifestSchema = z.object({ format: z.number() });
const leftSchema = z.object({ left: z.record(z.string(), z.array(z.string())) });

/** What the script says could not be put back. NODE_FAILED, PROVISIONING_FAILED with a way out. */
export function resultOf(session: Pick<SessionRow, 'id'>, result: ExecResult): Restored['left'] {
  const wayOut = `\`hookpoint restore ${session.id}\` brings the newest checkpoint back, \`hookpoint reset ${session.id}\` the start.`;
  if (result.exitCode === 1) {
    throw new HookpointError(
      'NODE_FAILED',
      `Not all of it could be brought back: ${result.stderr.trim().slice(-800)}`,
      {
        remedy: wayOut,
      },
    );
  }
  failUnlessBuilt(result, wayOut);
  const line = result.stdout.trim().split('\n').at(-1) ?? '';
  return line.startsWith('{') ? leftSchema.parse(JSON.parse(line)).left : {};
}
