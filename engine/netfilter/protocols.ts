/** Protocol names of /etc/protocols that rules use, numbers as IANA assigns them (protocol-numbers registry). */
const numbers: ReadonlyMap<string, number> = new Map([
  ['all', 0],
  ['ip', 0],
  ['hopopt', 0],
  ['icmp', 1],
  ['igmp', 2],
  ['ggp', 3],
  ['ipencap', 4],
  ['ip-encap', 4],
  ['st', 5],
  ['tcp', 6],
  ['egp', 8],
  ['igp', 9],
  ['pup', 12],
  ['udp', 17],
  ['hmp', 20],
  ['xns-idp', 22],
  ['rdp', 27],
  ['iso-tp4', 29],
  ['dccp', 33],
  ['xtp', 36],
  ['ddp', 37],
  ['idpr-cmtp', 38],
  ['ipv6', 41],
  ['ipv6-route', 43],
  ['ipv6-frag', 44],
  ['idrp', 45],
  ['rsvp', 46],
  ['gre', 47],
  ['esp', 50],
  ['ipsec-esp', 50],
  ['ah', 51],
  ['ipsec-ah', 51],
  ['skip', 57],
  ['ipv6-icmp', 58],
  ['icmpv6', 58],
  ['icmp6', 58],
  ['ipv6-nonxt', 59],
  ['ipv6-opts', 60],
  ['rspf', 73],
  ['vmtp', 81],
  ['eigrp', 88],
  ['ospf', 89],
  ['ospfigp', 89],
  ['ax.25', 93],
  ['ipip', 94],
  ['etherip', 97],
  ['encap', 98],
  ['pim', 103],
  ['ipcomp', 108],
  ['vrrp', 112],
  ['l2tp', 115],
  ['isis', 124],
  ['sctp', 132],
  ['fc', 133],
  ['ipv6-mh', 135],
  ['mobility-header', 135],
  ['mh', 135],
  ['udplite', 136],
  ['mpls-in-ip', 137],
  ['manet', 138],
  ['hip', 139],
  ['shim6', 140],
  ['wesp', 141],
  ['rohc', 142],
  ['ethernet', 143],
]);

/** Protocols that xtables_chain_protos names in iptables-save's output; all others are printed as numbers. */
const printed: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'ipv6-icmp'],
  [132, 'sctp'],
  [135, 'mobility-header'],
  [136, 'udplite'],
]);

/** The number of a protocol given by name (any case) or number, null when it is neither. 0 means any. */
export function protocolNumber(text: string): number | null {
  const known = numbers.get(text);
  if (known !== undefined) return known;
  if (/^(0x[0-9a-f]{1,2}|\d{1,3})$/i.test(text)) {
    const value = Number(text);
    return value <= 255 ? value : null;
  }
  return numbers.get(text.toLowerCase()) ?? null;
}

/** The name that iptables-save prints for a protocol, the number as text where it prints that. */
export function protocolName(protocol: number): string {
  return printed.get(protocol) ?? String(protocol);
}
