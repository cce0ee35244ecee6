import type { TopologyView } from '../../contract/procedures/topology.ts';
import { findSession } from '../../sessions/session.ts';
import { readAddresses } from '../../sessions/state.ts';
import type { Host } from '../host.ts';
import { SharedPoll } from '../shared-poll.ts';
import { topologyView } from '../views/topology-view.ts';
import { implementer } from './base.ts';

async function viewOf(host: Host, id: string): Promise<TopologyView> {
  const session = findSession(host.store, id);
  return topologyView(session.instance.topology, await readAddresses(host.workspace(), session));
}

const polls = new WeakMap<Host, SharedPoll<TopologyView>>();

function pollOf(host: Host): SharedPoll<TopologyView> {
  const known = polls.get(host);
  if (known) return known;
  const poll = new SharedPoll<TopologyView>(host.changes);
  polls.set(host, poll);
  return poll;
}

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
    return pollOf(host).watch(id, signal, () => reading(host, id));
  }),
};
