import type { NetfilterView } from '../../contract/procedures/netfilter.ts';
import type { Family } from '../../netfilter/index.ts';
import { findNode, findSession } from '../../sessions/session.ts';
import { readRules } from '../../sessions/state.ts';
import type { Host } from '../host.ts';
import { pollOfHost } from '../shared-poll.ts';
import { NetfilterViewer } from '../views/netfilter-view.ts';
import { implementer } from './base.ts';

type Views = Readonly<Record<Family, NetfilterView>>;

/** All windows on a node share one reading of both families. */
const pollOf = pollOfHost<Views>();

/** A reading of a node's rules; null while they are what they were. */
function reading(host: Host, session: string, node: string): () => Promise<Views | null> {
  const viewers = { ipv4: new NetfilterViewer('ipv4'), ipv6: new NetfilterViewer('ipv6') };
  let last = '';
  return async () => {
    const state = await readRules(host.workspace(), findSession(host.store, session), node);
    const views = { ipv4: viewers.ipv4.view(state), ipv6: viewers.ipv6.view(state) };
    const text = withoutTime(views.ipv4) + withoutTime(views.ipv6);
    if (text === last) return null;
    last = text;
    return views;
  };
}

const withoutTime = ({ time: _, ...rest }: NetfilterView): string => JSON.stringify(rest);

async function* watch(
  host: Host,
  place: { readonly session: string; readonly node: string; readonly family: Family },
  signal: AbortSignal | undefined,
): AsyncGenerator<NetfilterView, void> {
  const session = findSession(host.store, place.session);
  const node = findNode(session, place.node);
  const all = pollOf(host.changes).watch(`${session.id}/${node}`, signal, () => reading(host, session.id, node));
  let last = '';
  for await (const { [place.family]: view } of all) {
    // A change of the other family alone is no news here.
    const text = withoutTime(view);
    if (text === last) continue;
    last = text;
    yield view;
  }
}

export const netfilter = {
  get: implementer.netfilter.get.handler(async ({ context: { host }, input }) => {
    const session = findSession(host.store, input.session);
    const state = await readRules(host.workspace(), session, findNode(session, input.node));
    return new NetfilterViewer(input.family).view(state);
  }),
  watch: implementer.netfilter.watch.handler(({ context: { host }, input, signal }) => watch(host, input, signal)),
};
