/** What targets do that change a packet's fields, its marks, or how it is tracked. */

import { readIPv4, readIPv6, writeIPv4, writeIPv6 } from '../addresses.ts';
import type { PacketAction } from '../canonical-packet.ts';
import type { Network } from '../model.ts';
import { hasNoConnection, isBeforeConntrack } from './connection-conditions.ts';
import type { Packet } from './packet.ts';
import type { Verdict } from './simulation.ts';
import type { Setting, Track } from './track.ts';

/** `next`: it goes on with the rule after. `accept` and the others end the table or the packet's way. */
export interface Effect {
  readonly track: Track;
  readonly outcome: 'next' | Verdict;
}

/** All but `netmap`, which is nat. */
export type ChangingAction = Exclude<PacketAction, { kind: 'netmap' }>;

export function applyToPacket(action: ChangingAction, track: Track, at: Setting): Effect {
  switch (action.kind) {
    case 'nflog':
    case 'trace':
    case 'classify':
    case 'set-entry':
    case 'ct':
      return { track, outcome: 'next' };
    case 'notrack':
      return {
        track: { ...track, packet: { ...track.packet, state: 'UNTRACKED' }, states: ['UNTRACKED'], notrack: true },
        outcome: 'next',
      };
    case 'connmark':
    case 'save-mark':
    case 'restore-mark':
      return { track: changeMarks(action, track, at), outcome: 'next' };
    case 'set-ttl':
      return { track: withField(track, 'ttl', timeToLive(action, track.packet.ttl)), outcome: 'next' };
    case 'set-dscp':
      return { track: withField(track, 'dscp', action.value), outcome: 'next' };
    case 'set-tos': {
      const { dscp } = track.packet;
      const known = dscp === undefined ? (action.clear & 0xfc) === 0xfc : true;
      const tos = known ? (((dscp ?? 0) << 2) & ~action.clear) ^ action.xor : undefined;
      return { track: withField(track, 'dscp', tos === undefined ? undefined : tos >> 2), outcome: 'next' };
    }
    case 'set-mss': {
      const { mss } = track.packet;
      // tcpmss_mangle_packet() never raises it.
      const value = mss === undefined || action.mss === null ? undefined : Math.min(mss, action.mss);
      return { track: withField(track, 'mss', value), outcome: 'next' };
    }
    case 'tproxy': {
      const reason = `TPROXY: whether a socket listens on port ${action.port} is not known`;
      return { track: { ...track, reasons: [...track.reasons, reason] }, outcome: 'unknown' };
    }
  }
}

function withField(track: Track, field: 'ttl' | 'dscp' | 'mss' | 'connmark', value: number | undefined): Track {
  const { [field]: _before, family, ...rest } = track.packet;
  const packet: Packet = { family, ...rest };
  return { ...track, packet: value === undefined ? packet : { ...packet, [field]: value } };
}

function timeToLive(
  { operation, by }: Extract<PacketAction, { kind: 'set-ttl' }>,
  before: number | undefined,
): number | undefined {
  if (operation === 'set') return by;
  if (before === undefined) return undefined;
  return operation === 'inc' ? Math.min(255, before + by) : Math.max(0, before - by);
}

/** connmark_tg_shift() of net/netfilter/xt_connmark.c. Without a connection nothing happens. */
function changeMarks(
  action: Extract<PacketAction, { kind: 'connmark' | 'save-mark' | 'restore-mark' }>,
  track: Track,
  at: Setting,
): Track {
  if (isBeforeConntrack(track, at) || hasNoConnection(track)) return track;
  const { mark = 0 } = track.packet;
  const fresh = !track.connmarkTouched && track.states.length === 1 && track.states[0] === 'NEW';
  const connmark = track.packet.connmark ?? (fresh ? 0 : undefined);
  if (action.kind === 'restore-mark') {
    if (connmark === undefined) {
      return { ...track, reasons: [...track.reasons, 'the mark that CONNMARK restores is not known'] };
    }
    const restored = ((mark & ~action.nfmask) ^ (connmark & action.ctmask)) >>> 0;
    return { ...track, packet: { ...track.packet, mark: restored } };
  }
  const [clear, xor] = action.kind === 'connmark' ? [action.clear, action.xor] : [action.ctmask, mark & action.nfmask];
  const value =
    connmark === undefined ? (clear === 0xffffffff ? xor >>> 0 : undefined) : ((connmark & ~clear) ^ xor) >>> 0;
  return { ...withField(track, 'connmark', value), connmarkTouched: true };
}

/** The address with the network's bits in place of its own (nf_nat's netmap). */
export function mappedAddress(address: string, network: Network): string {
  const bits = (own: number, of: number, mask: number) => (own & ~mask) | (of & mask);
  const own = readIPv4(address);
  if (own !== null) {
    return writeIPv4(bits(own, readIPv4(network.address) ?? 0, readIPv4(network.mask) ?? 0) >>> 0);
  }
  const [of, mask] = [readIPv6(network.address) ?? [], readIPv6(network.mask) ?? []];
  return writeIPv6((readIPv6(address) ?? []).map((group, at) => bits(group, of[at] ?? 0, mask[at] ?? 0) & 0xffff));
}
