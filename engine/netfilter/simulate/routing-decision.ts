/** Where the routing code sends a packet: on its way in, on its way out, and again after something changed it. */

import { forwards, isLoopback, knownPart } from './host-state.ts';
import type { Packet } from './packet.ts';
import type { RouteQuestion } from './policy-rules.ts';
import { eitherSetting, martian, passesReversePath, reversePathFilter } from './reverse-path.ts';
import { groupType, type Hop, listensTo, localType, type Route, routeOf } from './routing.ts';
import type { Run } from './run.ts';
import type { Hook } from './simulation.ts';
import { sourceAddress } from './source-address.ts';
import { type Ended, type Track, withStep } from './track.ts';

export interface Decided {
  readonly here: Track[];
  readonly on: Track[];
  readonly ended: Ended[];
}

/** A packet that came in, after PREROUTING: delivered here, passed on, or neither. */
export function routeInput(run: Run, track: Track): Decided {
  const { state } = run;
  const { packet } = track;
  if (knownPart(state, 'addresses') === null || packet.dst === undefined) {
    // Without a host: what has a way out is passed on, what has none is delivered here, and so is what was redirected here.
    const { dst } = track.rewrites;
    const redirected = dst === null || (typeof dst === 'string' && isLoopback(dst));
    return packet.out === undefined || redirected ? only({ here: [track] }) : only({ on: [track] });
  }
  const odd = martian(state, packet);
  if (odd !== null) return only({ ended: [stopped(track, 'prerouting', 'martian', odd)] });
  const checked = checkReversePath(run, track);
  if (!checked.goesOn) return only({ ended: checked.ended });
  // What DNAT sent to ::1 is on no interface but lo (rt6_need_strict()).
  const isStrange = packet.dst === '::1' && packet.in !== undefined && packet.in !== 'lo';
  const type = isStrange ? 'UNICAST' : (localType(state, packet.dst) ?? 'UNICAST');
  const route: Route =
    type === 'UNICAST' || type === 'UNSPEC'
      ? routeOf(state, {
          ...questionOf(packet, packet.in),
          ...(isStrange && packet.in !== undefined ? { oif: packet.in } : {}),
        })
      : { kind: 'here', type };
  const decided = route.kind === 'here' ? deliver(run, track, route.type) : passOn(run, track, route);
  return { ...decided, ended: [...checked.ended, ...decided.ended] };
}

function deliver(run: Run, track: Track, type: string): Decided {
  const { dst } = track.packet;
  if (type !== 'MULTICAST' || dst === undefined) return only({ here: [track] });
  const listens = listensTo(run.state, dst);
  if (listens === true) return only({ here: [track] });
  const why = `the host does not listen to the group ${dst}`;
  if (listens === false) return only({ ended: [stopped(track, 'prerouting', 'route', why)] });
  return only({ here: [track], ended: [unknown(track, `whether the host listens to the group ${dst} is not known`)] });
}

/** ip6_forward(): sources that mean nothing beyond the link are not passed on to another one. */
function staysOnLink({ family, src, in: came, out }: Packet): boolean {
  return family === 'ipv6' && src !== undefined && came !== out && /^(::1?$|fe[89ab])/.test(src);
}

function passOn(run: Run, track: Track, route: Exclude<Route, { kind: 'here' }>): Decided {
  const { packet } = track;
  const may = forwards(run.state, packet.family, packet.in);
  if (may === false) {
    const why = 'the host does not forward packets (ip_forward is 0)';
    return only({ ended: [stopped(track, 'prerouting', 'forwarding', why)] });
  }
  if (route.kind === 'none') return only({ ended: [stopped(track, 'prerouting', 'route', route.why)] });
  // ip_forward() and ip6_forward(): what came in a frame to all or to a group is passed on to nobody, whatever nat made of it.
  const to = run.came.dst;
  if (to !== undefined && groupType(run.state, to) !== null) {
    const why = `it came to ${to}, which is not one host alone`;
    return only({ ended: [stopped(track, 'prerouting', 'forwarding', why)] });
  }
  const ended: Ended[] = [];
  if (may === null) ended.push(unknown(track, 'whether the host forwards packets is not known'));
  // ip_forward() counts the time to live down before FORWARD sees the packet.
  const { ttl } = packet;
  if (ttl !== undefined && ttl <= 1) {
    const why = `its time to live is over (ttl ${ttl}): it would have to be passed on`;
    return only({ ended: [...ended, stopped(track, 'prerouting', 'forwarding', why)] });
  }
  const older = ttl === undefined ? track : { ...track, packet: { ...packet, ttl: ttl - 1 } };
  const away = packet.out ?? (route.kind === 'out' ? route.hops[0].interface : undefined);
  if (staysOnLink({ ...packet, ...(away === undefined ? {} : { out: away }) })) {
    const why = `a packet from ${packet.src} is not passed on to another link`;
    return only({ ended: [...ended, stopped(track, 'prerouting', 'forwarding', why)] });
  }
  if (packet.out !== undefined) {
    const hop = route.kind === 'out' ? route.hops.find((one) => one.interface === packet.out) : undefined;
    return only({ on: [{ ...older, nextHop: hop?.via ?? null }], ended });
  }
  if (route.kind === 'unknown') {
    // Which way does not matter where no rule asks for it; where one does, the reason is here.
    return only({ on: [{ ...older, reasons: [...older.reasons, route.why] }], ended });
  }
  return only({ on: alongHops(older, route.hops), ended });
}

function checkReversePath(run: Run, track: Track): { goesOn: boolean; ended: Ended[] } {
  const { state } = run;
  const filter = reversePathFilter(state, track.packet);
  if (filter === 0) return { goesOn: true, ended: [] };
  const { in: name = '', src } = track.packet;
  const passes = passesReversePath(state, track.packet, {
    loose: filter === 2,
    mark: eitherSetting(state, name, 'src_valid_mark'),
    acceptLocal: eitherSetting(state, name, 'accept_local'),
  });
  if (passes === true) return { goesOn: true, ended: [] };
  const text = filter === 2 ? 'has no route to' : `would not answer through ${name} to`;
  if (passes === null) {
    return {
      goesOn: true,
      ended: [unknown(track, `rp_filter is ${filter} on ${name}, and the way back to the source is not known`)],
    };
  }
  const why = `rp_filter is ${filter} on ${name}, and the host ${text} ${src}`;
  return { goesOn: false, ended: [stopped(track, 'prerouting', 'rp_filter', why)] };
}

/** A packet that this host sends, before OUTPUT: its way out and, where it has none yet, its source. */
export function routeOutput(run: Run, track: Track): Decided {
  const { packet } = track;
  if (knownPart(run.state, 'addresses') === null || packet.dst === undefined) return only({ on: [track] });
  const route = routeOf(run.state, questionOf(packet, 'lo'));
  if (packet.out !== undefined) {
    const hop = route.kind === 'out' ? route.hops.find((one) => one.interface === packet.out) : undefined;
    return only({ on: [withSource(run, { ...track, nextHop: hop?.via ?? null }, hop)] });
  }
  switch (route.kind) {
    case 'here':
      return only({ on: [withSource(run, { ...track, packet: { ...packet, out: 'lo' } }, undefined)] });
    case 'none':
      return only({ ended: [stopped(track, 'output', 'route', route.why)] });
    case 'unknown':
      return only({ on: [{ ...track, reasons: [...track.reasons, route.why] }] });
    case 'out':
      return only({
        on: alongHops(track, route.hops).map((one) =>
          withSource(
            run,
            one,
            route.hops.find((hop) => hop.interface === one.packet.out),
          ),
        ),
      });
  }
}

/** A packet of this host without a source takes the route's own, or one of its interface's; to an address of the host itself it takes that. */
function withSource(run: Run, track: Track, hop: Hop | undefined): Track {
  const { src, dst, out, family } = track.packet;
  if (src !== undefined || dst === undefined || out === undefined) return track;
  const own =
    out === 'lo' ? dst : sourceAddress(run.state, out, family === 'ipv4' ? (track.nextHop ?? dst) : dst, family);
  const chosen = hop?.source ?? own;
  return chosen === null ? track : { ...track, packet: { ...track.packet, src: chosen } };
}

/** A walk that begins after routing: the router that its way out goes by. */
export function withNextHop(run: Run, track: Track): Track {
  const { packet } = track;
  if (packet.out === undefined || packet.dst === undefined || knownPart(run.state, 'routes') === null) return track;
  const route = routeOf(run.state, questionOf(packet, packet.in));
  const hop = route.kind === 'out' ? route.hops.find((one) => one.interface === packet.out) : undefined;
  return hop === undefined ? track : { ...track, nextHop: hop.via };
}

/**
 * A packet of this host whose addresses or mark changed in mangle OUTPUT, or whose destination changed in nat OUTPUT, is routed anew
 * (ip_route_me_harder()). Chains of OUTPUT go on seeing the interface of the first decision.
 */
export function routeAgain(run: Run, before: Packet, track: Track): Decided {
  const { packet } = track;
  if (packet.dst === undefined) return only({ on: [track] });
  if (before.dst === packet.dst && before.src === packet.src && (before.mark ?? 0) === (packet.mark ?? 0)) {
    return only({ on: [track] });
  }
  const known = knownPart(run.state, 'addresses') !== null;
  if (!known && !isLoopback(packet.dst)) return only({ on: [track] });
  const route = routeOf(run.state, questionOf(packet, 'lo'));
  if (route.kind === 'none') return only({ ended: [stopped(track, 'output', 'route', route.why)] });
  if (route.kind === 'unknown') return only({ on: [{ ...track, reasons: [...track.reasons, route.why] }] });
  const hops: readonly Hop[] = route.kind === 'here' ? [{ interface: 'lo', via: null, source: null }] : route.hops;
  const moved = alongHops(track, hops).map((one): Track => {
    const first = track.firstOut ?? packet.out ?? null;
    return one.packet.out === packet.out ? one : { ...one, firstOut: first };
  });
  // __mkroute_output(): a loopback source leaves by no other interface.
  const stuck = moved.filter(({ packet: { src, out } }) => {
    const outside = src !== undefined && isLoopback(src) && out !== undefined && out !== 'lo';
    return outside && packet.family === 'ipv4' && !eitherSetting(run.state, out, 'route_localnet');
  });
  return only({
    on: moved.filter((one) => !stuck.includes(one)),
    ended: stuck.map((one) =>
      stopped(one, 'output', 'route', `${one.packet.src} cannot leave through ${one.packet.out} (route_localnet is 0)`),
    ),
  });
}

/** One track for each of several equal ways. */
function alongHops(track: Track, hops: readonly Hop[]): Track[] {
  const distinct = [...new Map(hops.map((hop) => [`${hop.interface} ${hop.via}`, hop])).values()];
  return distinct.map((hop) => {
    const moved = { ...track, packet: { ...track.packet, out: hop.interface }, nextHop: hop.via };
    if (distinct.length === 1) return moved;
    const way = `${hop.interface}${hop.via === null ? '' : ` via ${hop.via}`}`;
    const text = `its route, one of ${distinct.length} equal ones, is ${way}`;
    return {
      ...moved,
      reasons: [...track.reasons, 'its route has several equal ways, and a hash chooses'],
      share: { odds: null, counters: [] },
      conditions: [...track.conditions, { about: '', holds: true, text, before: track.share }],
    };
  });
}

function questionOf(packet: Packet, iif: string | undefined): RouteQuestion {
  const { family, dst = '', src, mark = 0, protocol, sport, dport, uid } = packet;
  const unspecified = family === 'ipv4' ? '0.0.0.0' : '::';
  return {
    family,
    dst,
    mark,
    ...(src === undefined ? (iif === 'lo' ? { src: unspecified } : {}) : { src }),
    ...(iif === undefined ? {} : { iif }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(uid === undefined ? {} : { uid }),
  };
}

const only = (part: Partial<Decided>): Decided => ({ here: [], on: [], ended: [], ...part });

const unknown = (track: Track, reason: string): Ended => ({
  track: { ...track, reasons: [...track.reasons, reason] },
  verdict: 'unknown',
});

/** An end at the routing code, with its own step on the walk. */
export function stopped(track: Track, hook: Hook, by: string, why: string): Ended {
  const step = { hook, table: 'routing', chain: by, rule: 0, matched: true, why, action: 'DROP', of: null } as const;
  return { track: withStep(track, step), verdict: 'drop' };
}
