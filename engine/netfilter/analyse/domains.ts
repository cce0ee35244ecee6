/** Which packets there are at all, and which of them a built-in chain can see. */

import type { Place } from '../base-chains.ts';
import { addressTypes } from '../extensions/state.ts';
import type { Hook } from '../simulate/simulation.ts';
import { stateNumbers } from './condition-sets.ts';
import type { Node } from './diagrams.ts';
import { addressBits, equal, masked, oneOf, range, type Space } from './space.ts';

/** Every packet: values that the fields' bits could hold and no packet has are left out. */
export function allPackets(space: Space): Node {
  const { d, interfaces } = space;
  const last = interfaces.length - 1;
  return [
    range(space, 'state', 0, stateNumbers.length - 1),
    range(space, 'in', 0, last),
    range(space, 'out', 0, last),
    range(space, 'protocol', 1, 255),
    range(space, 'dstType', 0, addressTypes.length - 1),
    range(space, 'srcType', 0, addressTypes.length - 1),
    ...(space.asksTypes ? [knownTypes(space, 'src'), knownTypes(space, 'dst')] : []),
  ].reduce((set, one) => d.and(set, one));
}

/** Addresses whose type is the same on every host (net/ipv4/fib_frontend.c, inet_addr_type); `others` for all that have none of their own. */
export function typesOf(space: Space, side: 'src' | 'dst', others: (type: (name: string) => Node) => Node): Node {
  const { d } = space;
  const type = (name: string): Node => equal(space, `${side}Type`, addressTypes.indexOf(name));
  const within = (address: string, bits: number): Node =>
    masked(space, space.fields[side], addressBits(address).slice(0, bits));
  const known: readonly (readonly [Node, string])[] = [
    [within('224.0.0.0', 4), 'MULTICAST'],
    [within('255.255.255.255', 32), 'BROADCAST'],
    [within('0.0.0.0', 8), 'BROADCAST'],
    [within('127.0.0.0', 8), 'LOCAL'],
  ];
  return known.reduce((set, [addresses, name]) => d.choose(addresses, type(name), set), others(type));
}

const knownTypes = (space: Space, side: 'src' | 'dst'): Node =>
  typesOf(space, side, (type) => space.d.not(type('MULTICAST')));

/** In raw nothing is UNTRACKED but what a rule there has refused. */
const statesAt: Readonly<Record<string, readonly number[]>> = { nat: [0, 2], raw: [0, 1, 2, 3] };

/** The packets that come to a base chain. Before one of nft's own others may have been asked, and refused connections. */
export const domainOfPlace = (space: Space, { as, hook, table }: Place): Node =>
  domainOf(space, as === 'raw' && table.bases !== undefined ? 'filter' : as, hook);

/**
 * The packets that come to a built-in chain. Interfaces as the hooks have them (nf_hook_state); the nat table is asked for the first packet
 * of a connection alone (nf_nat_inet_fn), NEW or RELATED.
 */
export function domainOf(space: Space, table: string, hook: Hook): Node {
  const { d } = space;
  const noIn = equal(space, 'in', 0);
  const noOut = equal(space, 'out', 0);
  const sides: Readonly<Record<Hook, readonly Node[]>> = {
    prerouting: [d.not(noIn), noOut],
    input: [d.not(noIn), noOut],
    forward: [d.not(noIn), d.not(noOut)],
    output: [noIn, d.not(noOut)],
    postrouting: [d.not(noOut)],
  };
  const parts = [...sides[hook], ...(statesAt[table] === undefined ? [] : [oneOf(space, 'state', statesAt[table])])];
  return parts.reduce((set, one) => d.and(set, one), allPackets(space));
}
