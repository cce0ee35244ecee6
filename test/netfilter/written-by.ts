import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Hook,
  type HostIpset,
  type HostState,
  parsePacket,
  parseSave,
  type Ruleset,
  type Simulation,
  simulate,
} from '../../engine/netfilter/index.ts';

const root = join(import.meta.dirname, '../fixtures/netfilter');

/** A host whose rules a program wrote: the dump of a fixture, its ipsets, and addresses and routes as the test says. */
export interface WrittenHost {
  readonly ruleset: Ruleset;
  readonly state: HostState;
}

/** `routes` are "DESTINATION INTERFACE [GATEWAY]", `addresses` "INTERFACE ADDRESS/PREFIX". */
export function hostOf(name: string, addresses: readonly string[], routes: readonly string[]): WrittenHost {
  const ruleset = parseSave(readFileSync(join(root, name, 'dump'), 'utf8'));
  const { family } = ruleset;
  return {
    ruleset,
    state: {
      addresses: addresses.map((line) => {
        const [name = '', address = '', prefix = ''] = line.split(/[ /]/);
        return { interface: name, address, prefix: Number(prefix) };
      }),
      routes: routes.map((line) => {
        const [destination = '', name = '', via = null] = line.split(' ');
        return { family, table: 'main', destination, via, interface: name, metric: null, type: 'unicast' };
      }),
      policyRules: [],
      sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '1' },
      ipsets: ipsetsOf(join(root, name, 'ipsets')),
    },
  };
}

/** ipset-save(8) lines into sets. */
function ipsetsOf(path: string): HostIpset[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  return lines
    .filter(([command]) => command === 'create')
    .map(([, name = '', type = '', ...header]) => ({
      name,
      type,
      header: header.join(' '),
      entries: lines
        .filter(([command, of]) => command === 'add' && of === name)
        .map((words) => words.slice(2).join(' ')),
    }));
}

/** Sends a packet into it at a hook. */
export function send({ ruleset, state }: WrittenHost, hook: Hook, packet: string): Simulation {
  return simulate({ ruleset, packet: parsePacket(packet, ruleset.family), hook, state });
}

/** Where it ends, and as what it leaves: "accept to 192.0.2.2:80". */
export function fate(host: WrittenHost, hook: Hook, packet: string): string {
  const { verdict, rewrites } = send(host, hook, packet);
  const side = (words: string, address?: string | null, port?: number | null) =>
    address === undefined && port === undefined
      ? ''
      : ` ${words} ${address === undefined ? '' : (address ?? '?')}${port === undefined ? '' : `:${port ?? '?'}`}`;
  return `${verdict}${side('to', rewrites.dst, rewrites.dport)}${side('from', rewrites.src, rewrites.sport)}`;
}
