import type { TopologyView } from '../../contract/procedures/topology.ts';
import { findSession } from '../../sessions/session.ts';
import { readAddresses } from '../../sessions/state.ts';
import type { Host } from '../host.ts';
import { pollOfHost } from '../shared-poll.ts';
import { topologyView } from '../views/topology-view.ts';
import { implementer } from './base.ts';

async function viewOf(host: Host, id: string): Promise<TopologyView> {
  const session = findSession(host.store, id);
  return topologyView(session.instance.topology, await readAddresses(host.workspace(), session));
}

const pollOf = pollOfHost<TopologyView>();

/** A reading; null while nothing has changed. */
function reading(host: Host, id: string): () => Promise<TopologyView | null> {
  let last = '';
  return async () => {
    const view = await viewOf(host, id);
    const text = JSON.stringify(view);
    if (text === last) return null;
    last = text;
    return view;
  };
}

export const topology = {
  get: implementer.topology.get.handler(({ context: { host }, input }) => viewOf(host, input.session)),
  watch: implementer.topology.watch.handler(({ context: { host }, input, signal }) => {
    const { id } = findSession(host.store, input.session);
    return pollOf(host.changes).watch(id, signal, () => reading(host, id));
  }),
};
