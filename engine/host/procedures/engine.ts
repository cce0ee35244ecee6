import type { EngineStatus } from '../../contract/procedures/engine.ts';
import { watchValue } from '../changes.ts';
import type { Host } from '../host.ts';
import { version } from '../version.ts';
import { failureOf } from '../wire-failures.ts';
import { implementer } from './base.ts';

function statusOf({ docker }: Host): EngineStatus {
  const { failure } = docker;
  return { version, runtime: docker.runtime?.description ?? null, failure: failure && failureOf(failure) };
}

export const engine = {
  status: implementer.engine.status.handler(({ context }) => statusOf(context.host)),
  watch: implementer.engine.watch.handler(({ context: { host }, signal }) =>
    watchValue(host.changes, signal, () => statusOf(host)),
  ),
};
