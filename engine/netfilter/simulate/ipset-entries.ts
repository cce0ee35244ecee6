/** Entries of ipsets as `ipset save` prints them, read into what a packet is compared with. */

import { canonicalAddress, readIPv4, readNetwork } from '../addresses.ts';
import type { Family, Network } from '../model.ts';
import { protocolNumber } from '../protocols.ts';
import type { HostIpset } from './host-state.ts';
import { networkKey } from './network-key.ts';

/** What one part of an entry wants of its dimension. */
export type EntryPart =
  | { readonly kind: 'network'; readonly network: Network }
  /** IPv4 addresses as numbers, both ends within. */
  | { readonly kind: 'range'; readonly from: number; readonly to: number }
  /** protocol null: tcp or udp (bitmap:port). For ICMP the port is type * 256 + code. */
  | { readonly kind: 'port'; readonly protocol: number | null; readonly from: number; readonly to: number }
  | { readonly kind: 'mac'; readonly mac: string }
  | { readonly kind: 'interface'; readonly name: string; readonly wildcard: boolean }
  | { readonly kind: 'mark'; readonly mark: number }
  /** A form that is not known here: nobody can say what it takes. */
  | { readonly kind: 'odd' };

export interface SetEntry {
  readonly parts: readonly EntryPart[];
  readonly nomatch: boolean;
}

export interface ReadSet {
  /** `hash:ip,port` has ['ip', 'port']. */
  readonly dimensions: readonly string[];
  readonly family: Family | null;
  /** Addresses count by so many leading bits only (`netmask`); null: whole. */
  readonly netmask: number | null;
  readonly markmask: number;
  /** Members of a list:set, in order. */
  readonly members: readonly string[];
  readonly entries: readonly SetEntry[];
  /** Entries whose first part is a network, by prefix length and network; longest prefix first. */
  readonly byNetwork: ReadonlyMap<number, ReadonlyMap<string, readonly SetEntry[]>>;
  /** All other entries. */
  readonly others: readonly SetEntry[];
}

const known = new WeakMap<HostIpset, ReadSet>();

export function readSet(set: HostIpset): ReadSet {
  let read = known.get(set);
  if (read === undefined) {
    read = parseSet(set);
    known.set(set, read);
  }
  return read;
}

function parseSet(set: HostIpset): ReadSet {
  const header = set.header.split(/\s+/);
  const setting = (name: string) => {
    const at = header.indexOf(name);
    return at < 0 ? undefined : header[at + 1];
  };
  const [, names = ''] = set.type.split(':');
  const dimensions = names.split(',');
  const isList = set.type === 'list:set';
  const family: Family | null =
    setting('family') === 'inet6' ? 'ipv6' : dimensions.some((one) => one === 'ip' || one === 'net') ? 'ipv4' : null;
  const netmask = setting('netmask') === undefined ? null : Number(setting('netmask'));
  const entries = isList ? [] : set.entries.map((entry) => parseEntry(entry, dimensions, family, netmask));
  const byNetwork = new Map<number, Map<string, SetEntry[]>>();
  const others: SetEntry[] = [];
  for (const entry of entries) {
    const [first] = entry.parts;
    if (first?.kind !== 'network' || first.network.prefix === null) others.push(entry);
    else {
      const { address, prefix } = first.network;
      const same = byNetwork.get(prefix) ?? new Map<string, SetEntry[]>();
      const key = networkKey(address, prefix);
      same.set(key, [...(same.get(key) ?? []), entry]);
      byNetwork.set(prefix, same);
    }
  }
  return {
    dimensions,
    family,
    netmask,
    markmask: Number(setting('markmask') ?? 0xffffffff) >>> 0,
    members: isList ? set.entries.map((entry) => entry.split(' ')[0] ?? '') : [],
    entries,
    byNetwork: new Map([...byNetwork].sort(([a], [b]) => b - a)),
    others,
  };
}

function parseEntry(text: string, dimensions: readonly string[], family: Family | null, netmask: number | null) {
  const [element = '', ...options] = text.split(/\s+/);
  const texts = element.split(',');
  // `10.0.0.1,tcp:80`, but a part that is missing (bitmap:ip,mac without an address of hardware) takes what nobody can say.
  const parts = dimensions.map((dimension, at) => parsePart(texts[at], dimension, family, netmask, options));
  return { parts, nomatch: options.includes('nomatch') };
}

function parsePart(
  text: string | undefined,
  dimension: string,
  family: Family | null,
  netmask: number | null,
  options: readonly string[],
): EntryPart {
  if (text === undefined) return { kind: 'odd' };
  switch (dimension) {
    case 'ip':
    case 'net':
      return addressPart(text, family ?? 'ipv4', netmask);
    case 'port':
      return portPart(text);
    case 'mac':
      return { kind: 'mac', mac: text.toLowerCase() };
    case 'iface':
      return text.startsWith('physdev:')
        ? { kind: 'odd' }
        : { kind: 'interface', name: text, wildcard: options.includes('wildcard') };
    case 'mark':
      return { kind: 'mark', mark: Number(text) >>> 0 };
    default:
      return { kind: 'odd' };
  }
}

function addressPart(text: string, family: Family, netmask: number | null): EntryPart {
  const [from = '', to] = text.split('-');
  if (to !== undefined) {
    const ends = [readIPv4(from), readIPv4(to)] as const;
    return ends[0] === null || ends[1] === null ? { kind: 'odd' } : { kind: 'range', from: ends[0], to: ends[1] };
  }
  const masked = netmask === null || text.includes('/') ? text : `${text}/${netmask}`;
  const network = readNetwork(masked, family);
  return network === null ? { kind: 'odd' } : { kind: 'network', network };
}

/** ipset's own names for ICMP's types; all have the code 0. */
const icmpNames: Readonly<Record<string, number>> = {
  'echo-reply': 0,
  pong: 0,
  'echo-request': 8,
  ping: 8,
};
const icmp6Names: Readonly<Record<string, number>> = { 'echo-reply': 129, pong: 129, 'echo-request': 128, ping: 128 };

function portPart(text: string): EntryPart {
  const colon = text.indexOf(':');
  const protocol = colon < 0 ? null : protocolNumber(text.slice(0, colon));
  const value = text.slice(colon + 1);
  if (colon >= 0 && protocol === null) return { kind: 'odd' };
  if (protocol === 1 || protocol === 58) {
    const named = (protocol === 1 ? icmpNames : icmp6Names)[value];
    const [type, code = 0] = value.split('/').map(Number);
    const port = named !== undefined ? named * 256 : (type ?? Number.NaN) * 256 + code;
    return Number.isInteger(port) ? { kind: 'port', protocol, from: port, to: port } : { kind: 'odd' };
  }
  const [from = Number.NaN, to = from] = value.split('-').map(Number);
  return Number.isInteger(from) && Number.isInteger(to) ? { kind: 'port', protocol, from, to } : { kind: 'odd' };
}

/** An address with all but its leading bits cleared, as a set with `netmask` keeps it. */
export function maskedAddress(address: string, netmask: number | null): string {
  const family: Family = address.includes(':') ? 'ipv6' : 'ipv4';
  if (netmask === null) return canonicalAddress(address, family) ?? address;
  return readNetwork(`${address}/${netmask}`, family)?.address ?? address;
}
