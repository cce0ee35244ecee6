/** The host that the differential test sends packets through: its interfaces, addresses, routes and sets, and the kinds of it. */

import type { Backend, Family } from '../../../engine/netfilter/index.ts';

export interface Variant {
  readonly family: Family;
  readonly backend: Backend;
}

export const variants: readonly Variant[] = [
  { family: 'ipv4', backend: 'nft' },
  { family: 'ipv4', backend: 'legacy' },
  { family: 'ipv6', backend: 'nft' },
  { family: 'ipv6', backend: 'legacy' },
];

export const variantName = ({ family, backend }: Variant): string => `${backend}-${family}`;

export interface Link {
  readonly mac: string;
  /** Of its far end, which sends every packet that comes in there. */
  readonly farMac: string;
}

export const links: Readonly<Record<string, Link>> = {
  eth0: { mac: '02:00:00:00:01:01', farMac: '02:00:00:00:01:02' },
  eth1: { mac: '02:00:00:00:02:01', farMac: '02:00:00:00:02:02' },
  eth2: { mac: '02:00:00:00:03:01', farMac: '02:00:00:00:03:02' },
};

/** Nobody answers for neighbours here: without ARP the kernel sends a frame to itself and is done. */
const up = (name: string) =>
  `ip link set ${name} arp off; ip link set ${name} addrgenmode none; ip link set ${name} up;`;

const setup4 = [
  'ip link set lo up;',
  ...Object.keys(links).map(up),
  'ip addr add 10.0.1.1/24 brd + dev eth0;',
  'ip addr add 10.0.1.9/24 brd + dev eth0;',
  'ip addr add 10.0.2.1/24 brd + dev eth1;',
  'ip addr add 192.168.7.1/30 dev eth2;',
  'ip addr add 10.8.8.8/32 dev lo;',
  'ip route add default via 10.0.2.254 dev eth1;',
  'ip route add 172.16.0.0/16 via 10.0.1.254 dev eth0;',
  'ip route add 172.16.9.0/24 via 192.168.7.2 dev eth2;',
  'ip route add unreachable 198.51.100.0/25;',
  'ip route add blackhole 198.51.100.128/26;',
  'ip route add prohibit 198.51.100.192/26;',
  'ip route add default via 192.168.7.2 dev eth2 table 100',
].join(' ');

const setup6 = [
  'ip link set lo up;',
  ...Object.keys(links).map(up),
  'ip -6 addr add fd00:1::1/64 nodad dev eth0;',
  'ip -6 addr add fd00:1::9/64 nodad dev eth0;',
  'ip -6 addr add fd00:2::1/64 nodad dev eth1;',
  'ip -6 addr add fd00:7::1/126 nodad dev eth2;',
  'ip -6 addr add fd00:8::8/128 nodad dev lo;',
  'ip -6 route add default via fd00:2::fe dev eth1;',
  'ip -6 route add fd00:16::/32 via fd00:1::fe dev eth0;',
  'ip -6 route add fd00:16:9::/48 via fd00:7::2 dev eth2;',
  'ip -6 route add unreachable 2001:db8:100::/48;',
  'ip -6 route add blackhole 2001:db8:101::/48;',
  'ip -6 route add prohibit 2001:db8:102::/48;',
  'ip -6 route add default via fd00:7::2 dev eth2 table 100',
].join(' ');

const ipsets4 = `create hosts hash:ip family inet
add hosts 10.0.1.2
add hosts 203.0.113.5
create nets hash:net family inet
add nets 10.0.2.0/24
add nets 10.0.2.2/32 nomatch
create ports bitmap:port range 0-65535
add ports 80
add ports 443
add ports 1000-1100
create pairs hash:ip,port family inet
add pairs 10.0.2.2,tcp:80
add pairs 10.0.1.1,udp:53
create ways hash:net,iface family inet
add ways 10.0.1.0/24,eth0
`;

const ipsets6 = `create hosts hash:ip family inet6
add hosts fd00:1::2
add hosts 2001:db8::5
create nets hash:net family inet6
add nets fd00:2::/64
add nets fd00:2::2/128 nomatch
create ports bitmap:port range 0-65535
add ports 80
add ports 443
add ports 1000-1100
create pairs hash:ip,port family inet6
add pairs fd00:2::2,tcp:80
add pairs fd00:1::1,udp:53
create ways hash:net,iface family inet6
add ways fd00:1::/64,eth0
`;

/** What does not change from kind to kind. Answers of the host are not held back, and connections may begin in their middle. */
const sysctls: Readonly<Record<string, string>> = {
  'net.netfilter.nf_conntrack_tcp_be_liberal': '1',
  'net.ipv4.icmp_ratelimit': '0',
  'net.ipv4.icmp_ratemask': '0',
  'net.ipv4.icmp_msgs_per_sec': '1000000',
  'net.ipv4.icmp_msgs_burst': '1000000',
  'net.ipv6.icmp.ratelimit': '0',
  'net.ipv4.conf.all.send_redirects': '0',
  'net.ipv4.conf.eth0.send_redirects': '0',
  'net.ipv4.conf.eth1.send_redirects': '0',
  'net.ipv4.conf.eth2.send_redirects': '0',
  'net.ipv6.conf.all.accept_ra': '0',
};

export interface NodeConfig {
  readonly family: Family;
  readonly backend: Backend;
  readonly links: Readonly<Record<string, Link>>;
  readonly setup: string;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly ipsets: string;
}

export function nodeConfig(family: Family, backend: Backend): NodeConfig {
  const six = family === 'ipv6';
  return { family, backend, links, setup: six ? setup6 : setup4, sysctls, ipsets: six ? ipsets6 : ipsets4 };
}

/** Hosts that differ in what routing asks. Each script begins from any of the others. */
export const hostKinds = ['router', 'host', 'strict', 'loose', 'marked', 'localnet'] as const;

export type HostKind = (typeof hostKinds)[number];

const everywhere = (setting: string, value: string) =>
  Object.fromEntries(
    ['all', 'default', 'lo', ...Object.keys(links)].map((name) => [`net.ipv4.conf.${name}.${setting}`, value]),
  );

/** How a host of a kind is made: a shell script and sysctls. */
export function hostOfKind(kind: HostKind, family: Family): { script: string; sysctls: Record<string, string> } {
  const ip = family === 'ipv6' ? 'ip -6' : 'ip';
  const forget = `while ${ip} rule del priority 1000 2>/dev/null; do :; done`;
  const script = kind === 'marked' ? `${forget}; ${ip} rule add fwmark 0x4/0xc table 100 priority 1000` : forget;
  return {
    script,
    sysctls: {
      'net.ipv4.ip_forward': kind === 'host' ? '0' : '1',
      'net.ipv6.conf.all.forwarding': kind === 'host' ? '0' : '1',
      ...everywhere('rp_filter', kind === 'strict' ? '1' : kind === 'loose' ? '2' : '0'),
      ...everywhere('route_localnet', kind === 'localnet' ? '1' : '0'),
    },
  };
}
