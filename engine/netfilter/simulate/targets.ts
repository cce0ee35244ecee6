/** What a target does to a packet: it goes on, it leaves the table, or its way ends. */

import type { Action, Network, PortRange } from '../model.ts';
import { hasPorts, type Packet } from './packet.ts';
import { applyToPacket, type Effect, mappedAddress } from './packet-targets.ts';
import type { Rewrites } from './simulation.ts';
import { redirectAddress, sourceAddress } from './source-address.ts';
import type { Setting, Track } from './track.ts';

type Opaque = Extract<Action, { kind: 'opaque' }>;

/** The effect of an action that is no jump, no return and not several. */
export function apply(
  action: Exclude<Action, { kind: 'jump' | 'goto' | 'return' | 'several' }>,
  track: Track,
  at: Setting,
): Effect {
  switch (action.kind) {
    case 'none':
    case 'log':
      return { track, outcome: 'next' };
    case 'accept':
    case 'drop':
    case 'reject':
      return { track, outcome: action.kind };
    case 'mark': {
      const mark = (((track.packet.mark ?? 0) & ~action.clear) ^ action.xor) >>> 0;
      return { track: { ...track, packet: { ...track.packet, mark } }, outcome: 'next' };
    }
    case 'redirect':
      return redirect(track, at, action.ports);
    case 'dnat': {
      const { addresses } = action;
      const moved =
        addresses === null ? track : toAddress(track, addresses.from === addresses.to ? addresses.from : null);
      return { track: toPort(moved, action.ports), outcome: 'accept' };
    }
    case 'snat': {
      const { addresses } = action;
      const moved =
        addresses === null ? track : fromAddress(track, addresses.from === addresses.to ? addresses.from : null);
      return { track: fromPort(moved, action.ports), outcome: 'accept' };
    }
    case 'masquerade':
      return { track: fromPort(fromAddress(track, masqueradeAddress(track, at)), action.ports), outcome: 'accept' };
    case 'unseen':
      if (passing.has(action.target)) return { track, outcome: 'next' };
      return {
        track: { ...track, reasons: [...track.reasons, `what target ${action.target} does was never seen`] },
        outcome: 'unknown',
      };
    case 'opaque':
      return applyOpaque(action, track);
    case 'netmap':
      return netmap(track, at, action.network);
    default:
      return applyToPacket(action, track, at);
  }
}

/** iptables-extensions(8), REDIRECT: 127.0.0.1 for packets of this host, else an address of the interface they came in through. */
function redirect(track: Track, at: Setting, ports: PortRange | null): Effect {
  const { family, dst } = track.packet;
  const own = { address: family === 'ipv4' ? '127.0.0.1' : '::1' };
  const target =
    at.hook === 'output' ? own : typeof at.in === 'string' ? redirectAddress(at.state, at.in, dst, family) : null;
  if (target === 'none') return { track, outcome: 'drop' };
  return { track: toPort(toAddress(track, target?.address ?? null), ports), outcome: 'accept' };
}

function masqueradeAddress(track: Track, at: Setting): string | null {
  if (typeof at.out !== 'string') return null;
  const { dst, family } = track.packet;
  const towards = family === 'ipv4' ? (track.nextHop ?? dst) : dst;
  return sourceAddress(at.state, at.out, towards ?? null, family);
}

function changed<K extends 'src' | 'dst' | 'sport' | 'dport'>(
  track: Track,
  key: K,
  value: Rewrites[K] & (string | number | null),
): Track {
  if (value !== null && track.packet[key] === value) return track;
  return {
    ...track,
    packet: value === null ? without(track.packet, key) : { ...track.packet, [key]: value },
    rewrites: { ...track.rewrites, [key]: value },
  };
}

function without(packet: Packet, key: 'src' | 'dst' | 'sport' | 'dport'): Packet {
  const { [key]: _before, family, ...rest } = packet;
  return { family, ...rest };
}

const toAddress = (track: Track, address: string | null): Track => changed(track, 'dst', address);
const fromAddress = (track: Track, address: string | null): Track => changed(track, 'src', address);

function toPort(track: Track, ports: PortRange | null): Track {
  return ports === null || portless(track) ? track : changed(track, 'dport', chosen(track.packet.dport, ports));
}

function fromPort(track: Track, ports: PortRange | null): Track {
  return ports === null || portless(track) ? track : changed(track, 'sport', chosen(track.packet.sport, ports));
}

const portless = (track: Track): boolean => track.packet.protocol !== undefined && !hasPorts(track.packet.protocol);

/** A port that lies within the range is kept (nf_nat_core.c); else one of the range, which one only the host knows. */
function chosen(port: number | undefined, { from, to }: PortRange): number | null {
  if (from === to) return from;
  return port !== undefined && port >= from && port <= to ? port : null;
}

/** Targets that let the packet go on and change nothing that the simulator looks at. */
const passing: ReadonlySet<string> = new Set([
  'AUDIT',
  'CHECKSUM',
  'CONNSECMARK',
  'CLASSIFY',
  'DSCP',
  'ECN',
  'HMARK',
  'IDLETIMER',
  'LED',
  'NFLOG',
  'RATEEST',
  'SECMARK',
  'SET',
  'TCPMSS',
  'TCPOPTSTRIP',
  'TEE',
  'TOS',
  'TRACE',
  'ULOG',
]);

function applyOpaque({ target }: Opaque, track: Track): Effect {
  if (passing.has(target)) return { track, outcome: 'next' };
  return {
    track: { ...track, reasons: [...track.reasons, `what target ${target} does is not known to the simulator`] },
    outcome: 'unknown',
  };
}

/** nf_nat's netmap: the destination on the way in, the source on the way out. */
function netmap(track: Track, at: Setting, network: Network): Effect {
  const { src, dst } = track.packet;
  const moved =
    at.hook === 'prerouting' || at.hook === 'output'
      ? toAddress(track, dst === undefined ? null : mappedAddress(dst, network))
      : fromAddress(track, src === undefined ? null : mappedAddress(src, network));
  return { track: moved, outcome: 'accept' };
}
