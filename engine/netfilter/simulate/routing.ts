/** The kernel's routing tables asked: where would the host send a packet? (net/ipv4/fib_rules.c, fib_trie.c) */

import { readIPv6, readNetwork } from '../addresses.ts';
import type { Family, Network } from '../model.ts';
import {
  addressTypeOn,
  type HostRoute,
  type HostState,
  isInNetwork,
  isLoopback,
  knownPart,
  plainAddressType,
} from './host-state.ts';
import { defaultRules, type PolicyRule, type RouteQuestion, readPolicyRule, tableName } from './policy-rules.ts';

export interface Hop {
  readonly interface: string;
  /** The router that it is sent to; null: straight to its destination. */
  readonly via: string | null;
  /** The address that packets of this host take (`src` of ip-route(8)). */
  readonly source: string | null;
}

export type Route =
  /** Several hops are equal ways (multipath): which one a flow takes is a hash that nobody outside the kernel knows. */
  | { readonly kind: 'out'; readonly hops: readonly [Hop, ...Hop[]] }
  /** Delivered on this host: LOCAL, BROADCAST or MULTICAST. */
  | { readonly kind: 'here'; readonly type: string }
  /** No route, or one that refuses. */
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

/** Asks the rules in the order of their priorities, and each rule's table for the longest prefix. */
export function routeOf(state: HostState | null, question: RouteQuestion): Route {
  const { dst } = question;
  // rt6_need_strict(): from the wire ::1 is looked for among the routes of that interface, and lo has the local one.
  const isStrange = dst === '::1' && question.oif !== undefined && question.oif !== 'lo';
  if (isLoopback(dst) && !isStrange) return { kind: 'here', type: 'LOCAL' };
  const rules = rulesOf(state, question.family);
  for (let at = 0; at < rules.length; at++) {
    const rule = rules[at];
    if (rule === undefined) break;
    const takes = rule.takes(question);
    if (takes === false) continue;
    if (takes === null) return { kind: 'unknown', why: `whether the routing rule "${rule.text}" applies is not known` };
    const { action } = rule;
    if (action.kind === 'refuse') return { kind: 'none', why: `the routing rule "${rule.text}" refuses it` };
    if (action.kind === 'goto') {
      const to = rules.findIndex((one, index) => index > at && one.priority >= action.priority);
      at = to < 0 ? rules.length : to - 1;
    }
    if (action.kind !== 'lookup') continue;
    if (action.table === 'local' && isStrange) continue;
    const found =
      action.table === 'local' ? localRoute(state, question) : tableRoute(state, action.table, question, rule);
    if (found !== null) return found;
  }
  return { kind: 'none', why: `the host has no route to ${dst}` };
}

const readRules = new WeakMap<object, Map<Family, readonly PolicyRule[]>>();

/** A host that lists no rules of the family has those that every host has. */
function rulesOf(state: HostState | null, family: Family): readonly PolicyRule[] {
  const given = knownPart(state, 'policyRules') ?? defaultRules;
  let families = readRules.get(given);
  if (families === undefined) {
    families = new Map();
    readRules.set(given, families);
  }
  const known = families.get(family);
  if (known !== undefined) return known;
  const own = given.filter((rule) => !('family' in rule) || rule.family === family);
  const rules = (own.length > 0 ? own : defaultRules)
    .map(({ priority, text }) => readPolicyRule(family, priority, text))
    .sort((a, b) => a.priority - b.priority);
  families.set(family, rules);
  return rules;
}

function localRoute(state: HostState | null, { dst, backwards }: RouteQuestion): Route | null {
  if (backwards === true && !isLoopback(dst) && plainAddressType(dst) !== null) return null;
  const type = localType(state, dst);
  // The unspecified address is routed as any other (IPv6; IPv4's 0.0.0.0 counts as broadcast).
  return type === null || type === 'UNICAST' || type === 'UNSPEC' ? null : { kind: 'here', type };
}

/** What an address is to the host, by its addresses and the routes of table local (inet_addr_type()); null where it is not known. */
export function localType(state: HostState | null, address: string): string | null {
  const addresses = knownPart(state, 'addresses');
  const type = addresses === null ? null : addressTypeOn(addresses, address);
  if (type !== null && type !== 'UNICAST') return type;
  const best = longest(
    routesOf(state, 'local').filter(
      ({ route, network }) => localTypes.has(route.type) && isInNetwork(address, network),
    ),
  );
  return best[0]?.type.toUpperCase() ?? type;
}

/** A packet to this address comes in a frame to many (pkt_type BROADCAST or MULTICAST); 0.0.0.0 does not. */
export function groupType(state: HostState | null, address: string): 'BROADCAST' | 'MULTICAST' | null {
  const type = address.startsWith('0.') ? null : localType(state, address);
  return type === 'BROADCAST' || type === 'MULTICAST' ? type : null;
}

/** Groups that every host listens to: all hosts of the link (RFC 1112, RFC 4291), and of IPv6 those that its own addresses make. */
export function listensTo(state: HostState | null, group: string): boolean | null {
  if (group === '224.0.0.1' || group === 'ff02::1') return true;
  const solicited = /^ff02::1:ff/.test(group);
  if (!solicited) return null;
  const last = readIPv6(group)?.slice(-2) ?? [];
  return (
    knownPart(state, 'addresses')?.some(({ address }) => {
      const own = readIPv6(address)?.slice(-2);
      return own !== undefined && ((own[0] ?? 0) & 0xff) === ((last[0] ?? 0) & 0xff) && own[1] === last[1];
    }) ?? null
  );
}

const localTypes: ReadonlySet<string> = new Set(['local', 'broadcast', 'multicast', 'anycast']);

interface PlacedRoute {
  readonly route: HostRoute;
  readonly network: Network;
}

const placed = new WeakMap<readonly HostRoute[], Map<string, PlacedRoute[]>>();

function routesOf(state: HostState | null, table: string): readonly PlacedRoute[] {
  const routes = knownPart(state, 'routes');
  if (routes === null) return [];
  let tables = placed.get(routes);
  if (tables === undefined) {
    tables = new Map();
    for (const route of routes) {
      const everywhere = route.family === 'ipv4' ? '0.0.0.0/0' : '::/0';
      const network = readNetwork(route.destination === 'default' ? everywhere : route.destination, route.family);
      if (network === null) continue;
      const name = tableName(route.table);
      const known = tables.get(name);
      if (known === undefined) tables.set(name, [{ route, network }]);
      else known.push({ route, network });
    }
    placed.set(routes, tables);
  }
  return tables.get(table) ?? [];
}

/** Those with the longest prefix, and of them those with the least metric. */
function longest(routes: readonly PlacedRoute[]): HostRoute[] {
  const prefix = Math.max(...routes.map(({ network }) => network.prefix ?? 0));
  const near = routes.filter(({ network }) => (network.prefix ?? 0) === prefix).map(({ route }) => route);
  const metric = Math.min(...near.map((route) => route.metric ?? 0));
  return near.filter((route) => (route.metric ?? 0) === metric);
}

/** null: the table has no route for it, and the next rule is asked. */
function tableRoute(state: HostState | null, table: string, question: RouteQuestion, rule: PolicyRule): Route | null {
  const { dst, oif } = question;
  if (knownPart(state, 'routes') === null) return { kind: 'unknown', why: 'the routes of the host are not known' };
  const found = longest(
    routesOf(state, table).filter(
      ({ route, network }) =>
        isInNetwork(dst, network) &&
        (rule.suppress === null || (network.prefix ?? 0) > rule.suppress) &&
        (oif === undefined || route.interface === null || route.interface === oif),
    ),
  );
  const [best] = found;
  if (best === undefined || best.type === 'throw') return null;
  if (localTypes.has(best.type)) return { kind: 'here', type: best.type.toUpperCase() };
  if (best.type !== 'unicast' && best.type !== '') {
    return { kind: 'none', why: `the route to ${best.destination} is ${best.type}` };
  }
  const [first, ...others] = found.flatMap(({ interface: name, via, source }): Hop[] =>
    name === null ? [] : [{ interface: name, via, source: source ?? null }],
  );
  if (first === undefined) return { kind: 'unknown', why: `the way of the route to ${best.destination} is not known` };
  return { kind: 'out', hops: [first, ...others] };
}
