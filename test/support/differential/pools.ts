/** The few addresses, ports and names that rules and packets are drawn from, so that they meet. */

import type { Family } from '../../../engine/netfilter/index.ts';

export interface Pools {
  /** The host's own. */
  readonly local: readonly string[];
  /** Behind each interface. */
  readonly behind: Readonly<Record<'eth0' | 'eth1' | 'eth2', readonly string[]>>;
  /** No way there: unreachable, blackhole, prohibit. */
  readonly nowhere: readonly string[];
  /** Everybody on eth0's segment. */
  readonly groups: readonly string[];
  /** Addresses that no packet of a network should come from or go to. */
  readonly martians: readonly string[];
  readonly networks: readonly string[];
  readonly ranges: readonly string[];
}

export const pools: Readonly<Record<Family, Pools>> = {
  ipv4: {
    local: ['10.0.1.1', '10.0.1.9', '10.0.2.1', '192.168.7.1', '10.8.8.8'],
    behind: {
      eth0: ['10.0.1.2', '10.0.1.77', '172.16.5.5'],
      eth1: ['10.0.2.2', '10.0.2.200', '203.0.113.5'],
      eth2: ['192.168.7.2', '172.16.9.9'],
    },
    nowhere: ['198.51.100.1', '198.51.100.130', '198.51.100.200'],
    groups: ['10.0.1.255', '224.0.0.1', '255.255.255.255'],
    martians: ['127.0.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1', '240.0.0.1'],
    networks: [
      '0.0.0.0/0',
      '10.0.0.0/8',
      '10.0.0.0/16',
      '10.0.1.0/24',
      '10.0.2.0/24',
      '10.0.1.0/29',
      '10.0.2.128/25',
      '172.16.0.0/12',
      '172.16.9.9/255.255.255.0',
      '10.0.0.1/255.255.0.255',
      '0.0.0.2/0.0.0.255',
      '224.0.0.0/4',
    ],
    ranges: ['10.0.1.1-10.0.1.9', '10.0.1.2-10.0.2.1', '172.16.0.0-203.0.113.255'],
  },
  ipv6: {
    local: ['fd00:1::1', 'fd00:1::9', 'fd00:2::1', 'fd00:7::1', 'fd00:8::8'],
    behind: {
      eth0: ['fd00:1::2', 'fd00:1::77', 'fd00:16::5'],
      eth1: ['fd00:2::2', 'fd00:2::200', '2001:db8::5'],
      eth2: ['fd00:7::2', 'fd00:16:9::9'],
    },
    nowhere: ['2001:db8:100::1', '2001:db8:101::1', '2001:db8:102::1'],
    groups: ['ff02::1'],
    martians: ['::1', '::', 'ff02::1', 'ff01::1', '::ffff:10.0.1.2'],
    networks: [
      '::/0',
      'fd00::/8',
      'fd00:1::/32',
      'fd00:1::/64',
      'fd00:2::/64',
      'fd00:1::/125',
      'fd00:16::/32',
      'fd00:16:9::9/48',
      'fd00::1/ffff:0:ffff:ffff:ffff:ffff:ffff:ffff',
      '::2/::ff',
      'ff00::/8',
    ],
    ranges: ['fd00:1::1-fd00:1::9', 'fd00:1::2-fd00:2::1', 'fd00:16::-fd00:ffff::'],
  },
};

export const ports: readonly number[] = [22, 53, 80, 443, 1024, 1050, 8080, 33000, 65535];
export const portRanges: readonly string[] = ['0:1023', '1024:', ':79', '80:443', '1000:1100', '80:80', '0:65535'];
export const marks: readonly string[] = ['0x0', '0x1', '0x4', '0xff', '0x0/0x1', '0x4/0xc', '0x10/0xf0', '1', '4/4'];
export const interfaces: readonly string[] = ['eth0', 'eth1', 'eth2', 'lo', 'eth+', 'e+', '+'];
