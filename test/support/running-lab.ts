import type { z } from 'zod';
import { openShell, type ResidentShell } from '../../engine/observe/resident-shell.ts';
import type { Container, ExecResult } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { layout } from '../../engine/runtime/layout.ts';
import {
  buildTopology,
  execArgv,
  outerArgv,
  restartNode,
  type Topology,
  topologySchema,
} from '../../engine/topology/index.ts';
import { testRunLabel } from './test-run.ts';

/** A container with the nodes of a topology running in it. Removed when it is disposed of. */
export interface RunningLab extends AsyncDisposable {
  readonly container: Container;
  readonly shell: ResidentShell;
  readonly topology: Topology;
  /** A bash script as the learner there. */
  inNode(node: string, script: string, timeout?: number): Promise<ExecResult>;
  /** A bash script in the outer container, as the grader. */
  outside(script: string): Promise<ExecResult>;
  restart(node: string): Promise<void>;
}

export async function startRunningLab(nodes: z.input<typeof topologySchema>['nodes']): Promise<RunningLab> {
  const topology = topologySchema.parse({ nodes });
  const runtime = await connectDocker();
  const image = await runtime.ensureImage({});
  const session = `test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const specs = Object.values(topology.nodes);
  const container = await runtime.start({
    name: `hookpoint-${session}`,
    image,
    argv: outerArgv,
    hostname: 'lab',
    labels: { 'dev.hookpoint.session': session, 'dev.hookpoint.test': testRunLabel() },
    limits: {
      memoryMegabytes: specs.reduce((sum, { memoryMegabytes }) => sum + memoryMegabytes, 128),
      pids: specs.reduce((sum, { pids }) => sum + pids, 200),
      cpus: 2,
    },
    tmpfs: { '/run': { megabytes: 64 }, '/tmp': { megabytes: 64 } },
    volumes: [layout.volume],
  });
  const remove = async () => {
    await container.remove();
    await runtime[Symbol.asyncDispose]();
  };
  try {
    const shell = await openShell(container);
    await buildTopology(shell.run, topology, { session });
    return {
      container,
      shell,
      topology,
      inNode: (node, script, timeout = 20_000) => container.exec(execArgv(node, ['bash', '-c', script]), { timeout }),
      outside: (script) => shell.run(script, { timeout: 20_000 }),
      restart: (node) => restartNode(shell.run, topology, node, { session }),
      async [Symbol.asyncDispose]() {
        await shell[Symbol.asyncDispose]();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
