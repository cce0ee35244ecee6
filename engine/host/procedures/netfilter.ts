import type { NetfilterEvent, NetfilterView } from '../../contract/procedures/netfilter.ts';
import type { Family } from '../../netfilter/index.ts';
import type { NodeSnapshot } from '../../observe/snapshot.ts';
import type { NodeRules } from '../../observe/snapshot-nodes.ts';
import { findNode, findSession } from '../../sessions/session.ts';
import { lookAtCounters, readRules } from '../../sessions/state.ts';
import type { SessionRow } from '../../sessions/store.ts';
import type { Host } from '../host.ts';
import { SharedStream } from '../shared-stream.ts';
import { netfilterNews } from '../views/netfilter-news.ts';
import { NetfilterViewer } from '../views/netfilter-view.ts';
import { withBell } from '../with-bell.ts';
import { implementer } from './base.ts';

type Views = Readonly<Record<Family, NetfilterView>>;

/** How often the recorder is told that somebody looks at a node, and counters are read that it does not record, in milliseconds. */
const beat = 1000;

/** All windows on a node share one stream for both families. */
const streams = new WeakMap<Host, SharedStream<Views>>();

function streamsOf(host: Host): SharedStream<Views> {
  const known = streams.get(host) ?? new SharedStream<Views>();
  streams.set(host, known);
  return known;
}

async function* viewsOf(
  host: Host,
  session: SessionRow,
  node: string,
  signal: AbortSignal,
): AsyncGenerator<Views, void> {
  const viewers = { ipv4: new NetfilterViewer('ipv4'), ipv6: new NetfilterViewer('ipv6') };
  const onBeat = (ring: () => void) => {
    const timer = setInterval(ring, beat);
    return () => clearInterval(timer);
  };
  let last: NodeSnapshot | undefined;
  let looked = 0;
  for await (const { timeline, time } of withBell(host.live.states(session, signal), onBeat)) {
    if (performance.now() - looked >= beat) {
      looked = performance.now();
      await lookAtCounters(await host.workspace(), session, node);
    }
    const now = timeline.states.at(-1)?.nodes[node];
    if (now === undefined || (now === last && isWholeOnTimeline(now))) continue;
    last = now;
    const rules: NodeRules = isWholeOnTimeline(now)
      ? { ...now, time }
      : await readRules(await host.workspace(), session, node);
    yield { ipv4: viewers.ipv4.view(rules), ipv6: viewers.ipv6.view(rules) };
  }
}

/** Of tables of nft's own the recorder tells neither the counters nor the text. */
const isWholeOnTimeline = ({ nftTables, problems }: NodeSnapshot): boolean =>
  nftTables.length === 0 && !problems.some(({ section }) => section === 'nft' || section === 'iptables');

async function* watch(
  host: Host,
  place: { readonly session: string; readonly node: string; readonly family: Family },
  signal: AbortSignal | undefined,
): AsyncGenerator<NetfilterEvent, void> {
  const session = findSession(host.store, place.session);
  const node = findNode(session, place.node);
  const key = `${session.container}/${node}`;
  let last: NetfilterView | null = null;
  for await (const views of streamsOf(host).watch(key, signal, (end) => viewsOf(host, session, node, end))) {
    const view = views[place.family];
    const news = netfilterNews(last, view);
    last = view;
    if (news !== null) yield news;
  }
}

export const netfilter = {
  get: implementer.netfilter.get.handler(async ({ context: { host }, input }) => {
    const session = findSession(host.store, input.session);
    const state = await readRules(await host.workspace(), session, findNode(session, input.node));
    return new NetfilterViewer(input.family).view(state);
  }),
  watch: implementer.netfilter.watch.handler(({ context: { host }, input, signal }) => watch(host, input, signal)),
};
