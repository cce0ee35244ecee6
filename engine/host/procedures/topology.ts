import type { TopologyView } from '../../contract/procedures/topology.ts';
import { findSession } from '../../sessions/session.ts';
import { readAddresses } from '../../sessions/state.ts';
import type { Host } from '../host.ts';
import { topologyView } from '../views/topology-view.ts';
import { implementer } from './base.ts';

async function viewOf(host: Host, id: string): Promise<TopologyView> {
  const session = findSession(host.store, id);
  return topologyView(session.instance.topology, await readAddresses(await host.workspace(), session));
}

async function* watch(host: Host, id: string, signal: AbortSignal | undefined): AsyncGenerator<TopologyView, void> {
  const session = findSession(host.store, id);
  let last = '';
  for await (const { timeline } of host.live.states(session, signal)) {
    const view = topologyView(session.instance.topology, timeline.states.at(-1)?.nodes ?? {});
    const text = JSON.stringify(view);
    if (text === last) continue;
    last = text;
    yield view;
  }
}

export const topology = {
  get: implementer.topology.get.handler(({ context: { host }, input }) => viewOf(host, input.session)),
  watch: implementer.topology.watch.handler(({ context: { host }, input, signal }) =>
    watch(host, input.session, signal),
  ),
};
