/** What a target does to a packet: it goes on, it leaves the table, or its way ends. */

import type { Action, Option, PortRange } from '../model.ts';
import { hasPorts, type Packet } from './packet.ts';
import type { Rewrites, Verdict } from './simulation.ts';
import { redirectAddress, sourceAddress } from './source-address.ts';
import type { Setting, Track } from './track.ts';

/** `next`: it goes on with the rule after. `accept` and the others end the table or the packet's way. */
export interface Effect {
  readonly track: Track;
  readonly outcome: 'next' | Verdict;
}

type Opaque = Extract<Action, { kind: 'opaque' }>;

/** The effect of an action that is no jump and no return. */
export function apply(
  action: Exclude<Action, { kind: 'jump' | 'goto' | 'return' }>,
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

function applyOpaque(action: Opaque, track: Track): Effect {
  const { target, options } = action;
  if (passing.has(target)) return { track, outcome: 'next' };
  if (target === 'NOTRACK' || (target === 'CT' && options.some((option) => option.name === '--notrack'))) {
    return {
      track: { ...track, packet: { ...track.packet, state: 'UNTRACKED' }, states: ['UNTRACKED'], notrack: true },
      outcome: 'next',
    };
  }
  if (target === 'CT') return { track, outcome: 'next' };
  if (target === 'CONNSECMARK') return { track, outcome: 'next' };
  if (target === 'CONNMARK') return { track: connmark(track, options), outcome: 'next' };
  if (target === 'TTL' || target === 'HL') return { track: timeToLive(track, options), outcome: 'next' };
  if (target === 'NETMAP') return { track: netmap(track, options), outcome: 'accept' };
  return {
    track: { ...track, reasons: [...track.reasons, `what target ${target} does is not known to the simulator`] },
    outcome: 'unknown',
  };
}

function connmark(track: Track, options: readonly Option[]): Track {
  const touched = { ...track, connmarkTouched: true };
  if (!options.some((option) => option.name === '--restore-mark')) return touched;
  // A new connection's mark is 0 until something sets it.
  const fresh = !track.connmarkTouched && track.states.length === 1 && track.states[0] === 'NEW';
  if (fresh && options.length === 1) return { ...track, packet: { ...track.packet, mark: 0 } };
  return { ...touched, reasons: [...track.reasons, 'the mark that CONNMARK restores is not known'] };
}

function timeToLive(track: Track, options: readonly Option[]): Track {
  const [option] = options;
  const value = Number(option?.values[0]);
  const { ttl: before, ...rest } = track.packet;
  const ttl = option?.name.endsWith('-set')
    ? value
    : before === undefined
      ? undefined
      : option?.name.endsWith('-inc')
        ? Math.min(255, before + value)
        : Math.max(0, before - value);
  return { ...track, packet: ttl === undefined || Number.isNaN(ttl) ? rest : { ...rest, ttl } };
}

function netmap(track: Track, options: readonly Option[]): Track {
  const reasons = [
    ...track.reasons,
    `NETMAP ${options.map((option) => option.values.join(' ')).join(' ')} changes the address`,
  ];
  return { ...toAddress(track, null), reasons };
}
