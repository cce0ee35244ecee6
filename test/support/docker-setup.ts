import type { ContainerState } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { beginTestRun, homeHashes, testRunLabel } from './test-run.ts';

/** Before the tests on real containers: the engine answers and the image is built. After them: nothing of theirs is left. */
export default async function setup(): Promise<() => Promise<void>> {
  const run = beginTestRun();
  const runtime = await connectDocker();
  await runtime.ensureImage({});
  return async () => {
    try {
      const homes = homeHashes();
      const ours = ({ labels }: ContainerState) =>
        labels['dev.hookpoint.test'] === testRunLabel() || homes.has(labels['dev.hookpoint.home'] ?? '');
      const left = (await runtime.list({ 'dev.hookpoint.session': true })).filter(ours);
      await Promise.all(left.map(({ id }) => runtime.container(id).remove()));
      if (left.length > 0) throw new Error(`tests left containers behind: ${left.map(({ name }) => name).join(', ')}`);
    } finally {
      run.end();
    }
  };
}
