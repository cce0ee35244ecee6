/** Conditions that nf_tables expresses itself: something is loaded into a register, masked, and compared. */

import { readNetwork } from '../addresses.ts';
import { tcpFlags } from '../extensions/tcp-flags.ts';
import type { Condition, ConntrackState, Family, PortRange } from '../model.ts';
import { Bytes, onesHex, padHex } from './bytes.ts';

/** What a register holds. `mask` is hex; null for all bits. */
export type Loaded =
  | {
      readonly from: 'payload';
      readonly base: number;
      readonly offset: number;
      readonly length: number;
      readonly mask: string | null;
    }
  | { readonly from: 'meta' | 'ct'; readonly key: number; readonly mask: string | null }
  | { readonly from: 'fib'; readonly flags: number; readonly result: number; readonly mask: null }
  | { readonly from: 'constant'; readonly data: string; readonly mask: null }
  | { readonly from: 'unknown'; readonly what: string; readonly mask: null };

/** enum nft_cmp_ops. */
export type Comparison = 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte';
export const comparisons: readonly Comparison[] = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte'];

/** enum nft_payload_bases. */
const networkHeader = 1;
const transportHeader = 2;

/** enum nft_meta_keys, enum nft_ct_keys, enum nft_fib_result: those with a counterpart in iptables. */
/** No packet has the protocol "none of all". */
const never: Condition[] = [{ kind: 'protocol', protocol: 0, negated: true }];

const meta = { mark: 3, iif: 4, oif: 5, iifname: 6, oifname: 7, nfproto: 15, l4proto: 16 } as const;
const ct = { state: 0, status: 2, mark: 3 } as const;
const fibAddressType = 3;

/** What a comparison means. null: it has no counterpart in iptables. An empty list always holds. */
export function comparisonMeans(
  loaded: Loaded,
  comparison: Comparison,
  data: string,
  family: Family,
): Condition[] | null {
  switch (loaded.from) {
    case 'payload':
      return payloadMeans(loaded, comparison, data, family);
    case 'meta':
      return metaMeans(loaded.key, loaded.mask, comparison, data, family);
    case 'ct':
      return ctMeans(loaded.key, loaded.mask, comparison, data);
    case 'fib':
      return fibMeans(loaded, comparison, data);
    default:
      return null;
  }
}

/** What a range means: only ports have one in iptables. */
export function rangeMeans(loaded: Loaded, negated: boolean, from: string, to: string): Condition[] | null {
  if (loaded.from !== 'payload' || loaded.mask !== null) return null;
  const kind = portOf(loaded);
  if (kind === null) return null;
  return [{ kind, ranges: [{ from: new Bytes(from).big16(0), to: new Bytes(to).big16(0) }], negated }];
}

type Payload = Extract<Loaded, { from: 'payload' }>;

function payloadMeans(loaded: Payload, comparison: Comparison, data: string, family: Family): Condition[] | null {
  if (loaded.base === networkHeader) return networkMeans(loaded, comparison, data, family);
  if (loaded.base !== transportHeader) return null;
  const kind = portOf(loaded);
  if (kind !== null && loaded.mask === null) return portMeans(kind, comparison, new Bytes(data).big16(0));
  // Both ports in one comparison.
  if (loaded.offset === 0 && loaded.length === 4 && loaded.mask === null && comparison === 'eq') {
    const ports = new Bytes(data);
    return [one('source-port', ports.big16(0)), one('destination-port', ports.big16(2))];
  }
  if (loaded.offset === 13 && loaded.length === 1) return flagsMean(loaded.mask, comparison, data);
  return null;
}

const one = (kind: 'source-port' | 'destination-port', port: number): Condition => ({
  kind,
  ranges: [{ from: port, to: port }],
  negated: false,
});

function portOf({ base, offset, length }: Payload): 'source-port' | 'destination-port' | null {
  if (base !== transportHeader || length !== 2) return null;
  return offset === 0 ? 'source-port' : offset === 2 ? 'destination-port' : null;
}

function portMeans(kind: 'source-port' | 'destination-port', comparison: Comparison, port: number): Condition[] | null {
  const range = ((): PortRange => {
    if (comparison === 'lt') return { from: 0, to: port - 1 };
    if (comparison === 'lte') return { from: 0, to: port };
    if (comparison === 'gt') return { from: port + 1, to: 65535 };
    return comparison === 'gte' ? { from: port, to: 65535 } : { from: port, to: port };
  })();
  if (range.from > range.to) return null;
  return [{ kind, ranges: [range], negated: comparison === 'neq' }];
}

/** Bits of the TCP header's flags that iptables knows by name. */
const namedFlags = 0x3f;

function flagsMean(maskHex: string | null, comparison: Comparison, data: string): Condition[] | null {
  const mask = maskHex === null ? 0xff : new Bytes(maskHex).u8(0);
  const set = new Bytes(data).u8(0);
  if ((mask & ~namedFlags) !== 0 || (comparison !== 'eq' && comparison !== 'neq')) return null;
  // `tcp flags syn` asks whether the masked flags are unlike 0.
  return [tcpFlags(mask, set, comparison === 'neq')];
}

function networkMeans(loaded: Payload, comparison: Comparison, data: string, family: Family): Condition[] | null {
  if (comparison !== 'eq' && comparison !== 'neq') return null;
  const negated = comparison === 'neq';
  const { offset, length, mask } = loaded;
  if (length === 1 && mask === null && offset === (family === 'ipv4' ? 9 : 6)) {
    return [{ kind: 'protocol', protocol: new Bytes(data).u8(0), negated }];
  }
  if (family === 'ipv4' && offset === 6 && length === 2 && mask === '1fff' && /^0+$/.test(data)) {
    return [{ kind: 'fragment', negated: !negated }];
  }
  const size = family === 'ipv4' ? 4 : 16;
  const places = family === 'ipv4' ? { 12: 'source', 16: 'destination' } : { 8: 'source', 24: 'destination' };
  const kind = (places as Readonly<Record<number, 'source' | 'destination'>>)[offset];
  if (kind === undefined || length > size) return null;
  const address = new Bytes(padHex(data, size)).address(0, family);
  const bits = new Bytes(mask === null ? onesHex(length, size) : padHex(mask, size)).address(0, family);
  const network = readNetwork(`${address}/${bits}`, family);
  return network === null ? null : [{ kind, network, negated }];
}

function metaMeans(
  key: number,
  mask: string | null,
  comparison: Comparison,
  data: string,
  family: Family,
): Condition[] | null {
  if (comparison !== 'eq' && comparison !== 'neq') return null;
  const negated = comparison === 'neq';
  const bytes = new Bytes(data);
  if (key === meta.mark) {
    return [{ kind: 'mark', value: bytes.u32(0), mask: mask === null ? 0xffffffff : new Bytes(mask).u32(0), negated }];
  }
  if (mask !== null) return null;
  const side = (wanted: number) => (key === wanted ? 'in-interface' : 'out-interface');
  if (key === meta.iifname || key === meta.oifname) {
    const name = bytes.text(0, 16);
    // The zero that ends a name is compared with it; a name without it is the beginning of any.
    return [{ kind: side(meta.iifname), name: data.endsWith('00') ? name : `${name}+`, negated }];
  }
  // An interface by number: 1 is lo in every network namespace (net/core/dev.c), no other is known here.
  if (key === meta.iif || key === meta.oif) {
    return bytes.u32(0) === 1 ? [{ kind: side(meta.iif), name: 'lo', negated }] : null;
  }
  if (key === meta.l4proto) return [{ kind: 'protocol', protocol: bytes.u8(0), negated }];
  if (key === meta.nfproto) return (bytes.u8(0) === (family === 'ipv4' ? 2 : 10)) !== negated ? [] : never;
  return null;
}

/** NF_CT_STATE_BIT and NF_CT_STATE_UNTRACKED_BIT of linux/netfilter/nf_conntrack_common.h. */
const stateBits: readonly (readonly [number, ConntrackState])[] = [
  [1, 'INVALID'],
  [8, 'NEW'],
  [4, 'RELATED'],
  [2, 'ESTABLISHED'],
  [64, 'UNTRACKED'],
];
/** IPS_SRC_NAT and IPS_DST_NAT. */
const statusBits: readonly (readonly [number, ConntrackState])[] = [
  [16, 'SNAT'],
  [32, 'DNAT'],
];

function ctMeans(key: number, mask: string | null, comparison: Comparison, data: string): Condition[] | null {
  if (comparison !== 'eq' && comparison !== 'neq') return null;
  const value = new Bytes(data).u32(0);
  if (key === ct.mark) {
    const bits = mask === null ? 0xffffffff : new Bytes(mask).u32(0);
    return [{ kind: 'connmark', value, mask: bits, negated: comparison === 'neq' }];
  }
  const table = key === ct.state ? stateBits : key === ct.status ? statusBits : null;
  if (table === null) return null;
  // `ct state new,established` asks whether any of the bits is set: masked, and unlike 0.
  const any = mask !== null && value === 0;
  if (!any && (mask !== null || key === ct.status)) return null;
  const wanted = any ? new Bytes(mask).u32(0) : value;
  const states = table.filter(([bit]) => (wanted & bit) !== 0);
  if (states.length === 0 || states.reduce((bits, [bit]) => bits | bit, 0) !== wanted) return null;
  if (!any && states.length > 1) return null;
  return [
    {
      kind: 'conntrack-state',
      states: states.map(([, state]) => state),
      negated: any ? comparison === 'eq' : comparison === 'neq',
    },
  ];
}

/** RTN_ of linux/rtnetlink.h. */
const addressTypes: Readonly<Record<number, string>> = {
  0: 'UNSPEC',
  1: 'UNICAST',
  2: 'LOCAL',
  3: 'BROADCAST',
  4: 'ANYCAST',
  5: 'MULTICAST',
  6: 'BLACKHOLE',
  7: 'UNREACHABLE',
  8: 'PROHIBIT',
};

function fibMeans(loaded: Extract<Loaded, { from: 'fib' }>, comparison: Comparison, data: string): Condition[] | null {
  const type = addressTypes[new Bytes(data).u32(0)];
  if (loaded.result !== fibAddressType || type === undefined || (comparison !== 'eq' && comparison !== 'neq'))
    return null;
  // NFTA_FIB_F_SADDR and NFTA_FIB_F_DADDR alone: with an interface or a mark it is another question.
  const side = loaded.flags === 1 ? 'source' : loaded.flags === 2 ? 'destination' : null;
  return side === null ? null : [{ kind: 'address-type', side, types: [type], negated: comparison === 'neq' }];
}
