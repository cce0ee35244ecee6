import { HookpointError } from '../../contract/error.ts';
import type { EngineStatus } from '../../contract/procedures/engine.ts';
import type { ContainerRuntime } from '../../runtime/container.ts';
import { watchValue } from '../changes.ts';
import type { Host } from '../host.ts';
import { version } from '../version.ts';
import { failureOf } from '../wire-failures.ts';
import { implementer } from './base.ts';

async function statusOf({ docker }: Host): Promise<EngineStatus> {
  const state = await docker.state();
  const [runtime, failure] = state instanceof HookpointError ? [null, state] : [state, null];
  return {
    version,
    runtime: runtime?.description ?? null,
    failure: failure && failureOf(failure),
    imageBuilt: runtime && (await isImageBuilt(runtime)),
  };
}

/** Of which it is known that they have the image: nobody but the user takes it away, and then the next start builds it anew. */
const withImage = new WeakSet<ContainerRuntime>();

async function isImageBuilt(runtime: ContainerRuntime): Promise<boolean | null> {
  if (withImage.has(runtime)) return true;
  try {
    const built = (await runtime.findImage()) !== undefined;
    if (built) withImage.add(runtime);
    return built;
  } catch (error) {
    if (!(error instanceof HookpointError)) throw error;
    return null; // Docker went away in this moment: the link says so next
  }
}

export const engine = {
  status: implementer.engine.status.handler(({ context }) => statusOf(context.host)),
  watch: implementer.engine.watch.handler(({ context: { host }, signal }) =>
    watchValue(host.changes, signal, () => statusOf(host)),
  ),
};
