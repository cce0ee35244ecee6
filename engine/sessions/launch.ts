import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import { HookpointError } from '../contract/error.ts';
import { writeMark } from '../observe/read-timeline.ts';
import { openShell, type ResidentShell } from '../observe/resident-shell.ts';
import { snapshotNodes } from '../observe/snapshot-nodes.ts';
import type { LabInstance } from '../packs/index.ts';
import type { Container, ContainerSpec, Progress } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';
import { buildTopology, outerArgv } from '../topology/index.ts';
import { folder, loadNetwork, noteUnchanged, takeUpTimeline } from './checkpoints/container-scripts.ts';
import { resultOf, unpackInto } from './checkpoints/restore.ts';
import { allowHostLog, restoreHostLog } from './host-log.ts';
import { containerName, sessionLabels } from './labels.ts';
import type { Snapshots } from './store.ts';
import type { Workspace } from './workspace.ts';

export interface LaunchRequest {
  readonly id: string;
  readonly instance: LabInstance;
  readonly version: string;
  /** The user allows that the host's kernel log hears containers, where the lab needs that. */
  readonly hostLog: boolean;
  /** The lab goes on where this tar stream of a checkpoint left it; its provisioning does not run again. */
  readonly checkpoint?: Readable | undefined;
}

export interface LaunchOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

/** A lab that runs. Whoever has it removes the container and closes the shell. */
export interface Launched {
  readonly container: Container;
  readonly shell: ResidentShell;
  readonly image: string;
  /** All nodes at the end of provisioning. */
  readonly baseline: Snapshots;
  /** Lines of LOG rules reach the kernel log. */
  readonly hostLog: boolean;
  /** Why they do not, where the lab needs them and they were allowed. */
  readonly hostLogFailure: HookpointError | null;
}

/**
 * Starts a container and builds a lab in it. Nothing of it is left after a failure or an abort, at whatever moment. The session's lock must
 * be held until the session is in the store, or `clean` takes the container for a dead one's.
 */
export async function launch(
  workspace: Workspace,
  request: LaunchRequest,
  options: LaunchOptions = {},
): Promise<Launched> {
  const { runtime } = workspace;
  const { signal } = options;
  const given = signal ? { signal } : {};
  const wantsLog = request.hostLog && request.instance.needs.includes('log');
  const image = await runtime.ensureImage({ ...given, ...(options.progress ? { progress: options.progress } : {}) });
  options.progress?.({ stage: 'Starting the container' });
  const container = await runtime.start(containerSpec(workspace, request, image, wantsLog), signal);
  let shell: ResidentShell | undefined;
  // The container already carries its label: from here on nobody puts the host's setting back under us.
  const allowing = wantsLog ? allowHostLog(workspace, signal) : Promise.resolve(null);
  allowing.catch(() => undefined); // awaited on both ways below
  try {
    options.progress?.({ stage: 'Building the lab' });
    shell = await openShell(container, signal);
    const baseline = await build(container, shell, request, options);
    const hostLogFailure = await allowing;
    return { container, shell, image, baseline, hostLog: wantsLog && !hostLogFailure, hostLogFailure };
  } catch (error) {
    // All of this without the signal: it is aborted already, and this must be done.
    await container.remove();
    await Promise.allSettled([shell?.[Symbol.asyncDispose](), allowing]);
    if (wantsLog) await restoreHostLog(workspace);
    signal?.throwIfAborted();
    throw error;
  }
}

async function build(
  container: Container,
  shell: ResidentShell,
  request: LaunchRequest,
  options: LaunchOptions,
): Promise<Snapshots> {
  const { id: session, instance, checkpoint } = request;
  const { topology } = instance;
  const nodes = Object.keys(topology.nodes);
  const given = options.signal ? { signal: options.signal } : {};
  if (checkpoint) {
    options.progress?.({ stage: 'Bringing the checkpoint back' });
    await unpackInto(container, shell.run, checkpoint, options.signal);
    await shell.run(takeUpTimeline('resumed'), given);
    await buildTopology(shell.run, topology, { session, files: { saved: folder }, ...given });
    resultOf({ id: session }, await shell.run(loadNetwork(nodes), given));
  } else {
    await buildTopology(shell.run, topology, { session, ...given });
  }
  const baseline = await snapshotNodes(shell.run, nodes, given);
  if (
    !(await writeMark(shell.run, checkpoint ? { name: 'restored', detail: 'resumed' } : { name: 'provisioned' }, given))
  ) {
    throw new HookpointError('NODE_FAILED', "The lab's recorder does not answer.", {
      remedy: 'Try again. If it fails again, `hookpoint doctor` says whether this machine has what labs need.',
    });
  }
  await shell.run(checkpoint ? `rm -rf ${folder}; ${noteUnchanged}` : noteUnchanged, given);
  return baseline;
}

/** What the outer container has beside its nodes: the recorder, the grader and its shell. */
const graderMegabytes = 128;
const graderPids = 200;

function containerSpec({ home }: Workspace, request: LaunchRequest, image: string, hostLog: boolean): ContainerSpec {
  const { id, instance, version } = request;
  const nodes = Object.values(instance.topology.nodes);
  const lab = `${instance.pack}/${instance.id}`;
  return {
    name: containerName(id),
    image,
    argv: outerArgv,
    hostname: 'lab',
    labels: sessionLabels(home, { id, lab, version, hostLog }),
    limits: {
      memoryMegabytes: nodes.reduce((sum, node) => sum + node.memoryMegabytes, graderMegabytes),
      pids: nodes.reduce((sum, node) => sum + node.pids, graderPids),
      cpus: Math.min(2, availableParallelism()),
    },
    tmpfs: { '/run': { megabytes: 64 }, '/tmp': { megabytes: 64 } },
    volumes: [layout.volume],
  };
}
