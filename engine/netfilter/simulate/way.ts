/** Which tables are asked at which hook, and in which order. */

import type { Backend } from '../model.ts';
import type { Hook } from './simulation.ts';

/** linux/netfilter_ipv4.h, enum nf_ip_hook_priorities; the lower is asked first. */
const priorities = { raw: -300, mangle: -150, dstnat: -100, filter: 0, security: 50, srcnat: 100 } as const;

/** iptables-nft registers its table `security` behind nat (iptables/nft.c, xtables_ipv4: NF_IP_PRI_SECURITY is 150 there). */
const securityOfNft = 150;

const tablesAt: Readonly<Record<Hook, Readonly<Record<string, number>>>> = {
  prerouting: { raw: priorities.raw, mangle: priorities.mangle, nat: priorities.dstnat },
  input: {
    mangle: priorities.mangle,
    filter: priorities.filter,
    security: priorities.security,
    nat: priorities.srcnat,
  },
  forward: { mangle: priorities.mangle, filter: priorities.filter, security: priorities.security },
  output: {
    raw: priorities.raw,
    mangle: priorities.mangle,
    nat: priorities.dstnat,
    filter: priorities.filter,
    security: priorities.security,
  },
  postrouting: { mangle: priorities.mangle, nat: priorities.srcnat },
};

/** iptables' tables at a hook, with their priorities. An unknown backend counts as legacy. */
export function tablesOf(hook: Hook, backend: Backend | undefined): { name: string; priority: number }[] {
  return Object.entries(tablesAt[hook]).map(([name, priority]) => ({
    name,
    priority: name === 'security' && backend === 'nft' ? securityOfNft : priority,
  }));
}

export const chainOfHook: Readonly<Record<Hook, string>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
};
