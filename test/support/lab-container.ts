import type { Container, ContainerRuntime, RunScript } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { layout } from '../../engine/runtime/layout.ts';
import { outerArgv } from '../../engine/topology/index.ts';
import { testRunLabel } from './test-run.ts';

/** An outer container with the recorder and without nodes, for tests of what runs in it. Removed when it is disposed of. */
export interface LabContainer extends AsyncDisposable {
  readonly runtime: ContainerRuntime;
  readonly container: Container;
}

export async function startLabContainer(): Promise<LabContainer> {
  const runtime = await connectDocker();
  const image = await runtime.ensureImage({});
  const name = `hookpoint-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const container = await runtime.start({
    name,
    image,
    argv: outerArgv,
    hostname: 'lab',
    labels: { 'dev.hookpoint.session': name, 'dev.hookpoint.test': testRunLabel() },
    limits: { memoryMegabytes: 512, pids: 1000, cpus: 2 },
    tmpfs: { '/run': { megabytes: 64 }, '/tmp': { megabytes: 64 } },
    volumes: [layout.volume],
  });
  return {
    runtime,
    container,
    async [Symbol.asyncDispose]() {
      await container.remove();
      await runtime[Symbol.asyncDispose]();
    },
  };
}

/** Waits until the recorder, which is started with its container and again after its end, listens in every namespace that is there. */
export async function untilRecorderListens(run: RunScript): Promise<void> {
  while ((await run(`${layout.programs}/recorder-sync`)).exitCode !== 0);
}
