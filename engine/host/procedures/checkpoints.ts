import type { Checkpoint, CheckpointList } from '../../contract/procedures/checkpoints.ts';
import { removeCheckpoint } from '../../sessions/checkpoints/remove.ts';
import { resetNodes, restoreCheckpoint } from '../../sessions/checkpoints/restore.ts';
import { saveCheckpoint } from '../../sessions/checkpoints/save.ts';
import { findAnySession, findNode, findSession } from '../../sessions/session.ts';
import type { CheckpointRow } from '../../sessions/store.ts';
import { watchValue } from '../changes.ts';
import type { Host } from '../host.ts';
import { implementer } from './base.ts';

function listOf({ store }: Host, text: string): CheckpointList {
  const { id, restoring } = findAnySession(store, text);
  return { checkpoints: store.checkpoints(id).map(checkpointOf), restoring };
}

const checkpointOf = ({ name, time, bytes, reason }: CheckpointRow): Checkpoint => ({ name, time, bytes, reason });

const leftOf = (left: CheckpointRow['leftOut']): Record<string, string[]> =>
  Object.fromEntries(Object.entries(left).map(([node, things]) => [node, [...things]]));

export const checkpoints = {
  list: implementer.checkpoints.list.handler(({ context: { host }, input }) => listOf(host, input.session)),
  watch: implementer.checkpoints.watch.handler(({ context: { host }, input, signal }) =>
    watchValue(host.changes, signal, () => listOf(host, input.session)),
  ),
  save: implementer.checkpoints.save.handler(async ({ context: { host }, input, signal }) => {
    const session = findSession(host.store, input.session);
    const saved = await saveCheckpoint(await host.workspace(), session, input.name, signal);
    return { checkpoint: checkpointOf(saved), left: leftOf(saved.leftOut) };
  }),
  restore: implementer.checkpoints.restore.handler(async ({ context: { host }, input, signal }) => {
    const session = findSession(host.store, input.session);
    const { before, left } = await restoreCheckpoint(await host.workspace(), session, input.name, signal);
    return { before: before?.name ?? null, left: leftOf(left) };
  }),
  reset: implementer.checkpoints.reset.handler(async ({ context: { host }, input, signal }) => {
    const session = findSession(host.store, input.session);
    const all = Object.keys(session.instance.topology.nodes);
    const nodes = input.node === undefined ? all : [findNode(session, input.node)];
    const { before, left } = await resetNodes(await host.workspace(), session, nodes, signal);
    return { before: before?.name ?? null, left: leftOf(left) };
  }),
  remove: implementer.checkpoints.remove.handler(({ context: { host }, input }) => {
    removeCheckpoint(host, findAnySession(host.store, input.session), input.name);
  }),
};
