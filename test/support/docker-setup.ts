import { connectDocker } from '../../engine/runtime/docker/connect.ts';

/** Before the tests on real containers: the engine answers and the image is built. After them: nothing of theirs is left. */
export default async function setup(): Promise<() => Promise<void>> {
  const runtime = await connectDocker();
  await runtime.ensureImage({});
  const before = new Set((await runtime.list({ 'dev.hookpoint.session': true })).map(({ id }) => id));
  return async () => {
    const left = (await runtime.list({ 'dev.hookpoint.session': true })).filter(({ id }) => !before.has(id));
    await Promise.all(left.map(({ id }) => runtime.container(id).remove()));
    if (left.length > 0) throw new Error(`tests left containers behind: ${left.map(({ name }) => name).join(', ')}`);
  };
}
