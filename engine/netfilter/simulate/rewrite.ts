import type { Action, PortRange } from '../model.ts';
import { addressOf, type HostState } from './host.ts';
import type { Packet } from './packet.ts';
import type { Hook, Way } from './way.ts';

export type RewriteAction = Extract<Action, { kind: 'dnat' | 'snat' | 'redirect' | 'masquerade' }>;

export function isRewrite(action: Action): action is RewriteAction {
  return ['dnat', 'snat', 'redirect', 'masquerade'].includes(action.kind);
}

/** A packet after a nat target, as xt_NAT, xt_REDIRECT and xt_MASQUERADE rewrite a connection's first one. */
export function rewrite(way: Way, action: RewriteAction, hook: Hook | null, host: HostState | undefined): Way {
  const { packet } = way;
  switch (action.kind) {
    case 'dnat':
      return {
        ...way,
        destinationRewritten: true,
        packet: withDestination(packet, chosen(action.addresses, packet.dst), action.ports),
      };
    case 'redirect': {
      const local = packet.family === 'ipv4' ? '127.0.0.1' : '::1';
      const arrived = packet.in === undefined ? undefined : addressOf(packet.in, packet.family, host);
      const to = hook === 'output' ? local : arrived;
      return {
        ...way,
        destinationRewritten: true,
        redirected: true,
        packet: withDestination(packet, to, action.ports),
      };
    }
    case 'snat':
      return {
        ...way,
        sourceRewritten: true,
        packet: withSource(packet, chosen(action.addresses, packet.src), action.ports),
      };
    case 'masquerade': {
      const own = packet.out === undefined ? undefined : addressOf(packet.out, packet.family, host);
      return { ...way, sourceRewritten: true, packet: withSource(packet, own, action.ports) };
    }
  }
}

/** One address is that one; of a range any may be taken; none leaves it as it is. */
function chosen(range: { from: string; to: string } | null, otherwise: string | undefined): string | undefined {
  if (range === null) return otherwise;
  return range.from === range.to ? range.from : undefined;
}

/** A port within the range stays; else one of the range is taken, known only where there is one. */
function chosenPort(range: PortRange | null, port: number | undefined): number | undefined {
  if (range === null) return port;
  if (range.from === range.to) return range.from;
  return port !== undefined && port >= range.from && port <= range.to ? port : undefined;
}

function withDestination(packet: Packet, address: string | undefined, ports: PortRange | null): Packet {
  const { dst: _, dport, ...rest } = packet;
  return known({ ...rest, dst: address, dport: chosenPort(ports, dport) });
}

function withSource(packet: Packet, address: string | undefined, ports: PortRange | null): Packet {
  const { src: _, sport, ...rest } = packet;
  return known({ ...rest, src: address, sport: chosenPort(ports, sport) });
}

/** A packet has no keys for what is not known. */
function known(packet: { [Key in keyof Packet]: Packet[Key] | undefined }): Packet {
  return Object.fromEntries(Object.entries(packet).filter(([, value]) => value !== undefined)) as unknown as Packet;
}
