import { z } from 'zod';
import type { Family } from '../../netfilter/model.ts';
import type { Address, Link, PolicyRule, Route } from '../snapshot.ts';

const linkSchema = z.object({
  ifname: z.string(),
  address: z.string().default(''),
  mtu: z.number(),
  flags: z.array(z.string()).default([]),
  addr_info: z.array(z.object({ local: z.string().optional(), prefixlen: z.number().optional() })).default([]),
});

const nextHopSchema = z.object({ gateway: z.string().optional(), dev: z.string().optional() });

const routeSchema = z.object({
  type: z.string().default('unicast'),
  dst: z.string(),
  gateway: z.string().optional(),
  via: z.object({ host: z.string() }).optional(),
  dev: z.string().optional(),
  table: z.union([z.string(), z.number()]).default('main'),
  prefsrc: z.string().optional(),
  metric: z.number().optional(),
  nexthops: z.array(nextHopSchema).default([]),
});

const policyRuleSchema = z.looseObject({
  priority: z.number(),
  src: z.string(),
  srclen: z.number().optional(),
  dst: z.string().optional(),
  dstlen: z.number().optional(),
  table: z.union([z.string(), z.number()]).optional(),
  fwmask: z.string().optional(),
  action: z.string().optional(),
});

/** Links and their addresses from `ip -j address show`. */
export function parseAddresses(json: string): {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
} {
  const found = z.array(linkSchema).parse(elements(json));
  return {
    links: found.map(({ ifname, address, mtu, flags }) => ({
      name: ifname,
      mac: address,
      mtu,
      up: flags.includes('UP'),
    })),
    addresses: found.flatMap(({ ifname, addr_info }) =>
      addr_info.flatMap(({ local, prefixlen }) =>
        local === undefined || prefixlen === undefined
          ? []
          : [{ interface: ifname, address: local, prefix: prefixlen }],
      ),
    ),
  };
}

/** Routes of every table from `ip -j -4|-6 route show table all`. A route with several next hops is one route for each. */
export function parseRoutes(json: string, family: Family): readonly Route[] {
  return z
    .array(routeSchema)
    .parse(elements(json))
    .flatMap((route) => {
      const hops =
        route.nexthops.length > 0 ? route.nexthops : [{ gateway: route.gateway ?? route.via?.host, dev: route.dev }];
      return hops.map((hop) => ({
        family,
        table: String(route.table),
        destination: withPrefix(route.dst, family),
        via: hop.gateway ?? null,
        interface: hop.dev ?? null,
        source: route.prefsrc ?? null,
        metric: route.metric ?? null,
        type: route.type,
      }));
    });
}

/** Policy rules from `ip -j -4|-6 rule show`, as text much like `ip rule` prints it. */
export function parsePolicyRules(json: string, family: Family): readonly PolicyRule[] {
  return z
    .array(policyRuleSchema)
    .parse(elements(json))
    .map((rule) => ({ family, priority: rule.priority, text: policyText(rule) }));
}

const flagWords: Readonly<Record<string, string>> = {
  fwmark: 'fwmark',
  iif: 'iif',
  oif: 'oif',
  ipproto: 'ipproto',
  sport: 'sport',
  dport: 'dport',
  tos: 'tos',
};

/** What iproute2 gives as two numbers. */
const ranges: Readonly<Record<string, string>> = { uid: 'uidrange', sport: 'sport', dport: 'dport' };

function policyText(rule: z.infer<typeof policyRuleSchema>): string {
  const words = ['not' in rule ? 'not from' : 'from', length(rule.src, rule.srclen)];
  if (rule.dst !== undefined) words.push('to', length(rule.dst, rule.dstlen));
  for (const [key, word] of Object.entries(flagWords)) {
    const value = rule[key];
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    const mask = key === 'fwmark' ? rule.fwmask : undefined;
    words.push(word, mask === undefined ? String(value) : `${value}/${mask}`);
  }
  for (const [key, word] of Object.entries(ranges)) {
    const [from, to] = [rule[`${key}_start`], rule[`${key}_end`]];
    if (typeof from === 'number' && typeof to === 'number') words.push(word, `${from}-${to}`);
  }
  if (rule.table !== undefined) words.push('lookup', String(rule.table));
  const suppress = rule.suppress_prefixlen;
  if (typeof suppress === 'number') words.push('suppress_prefixlength', String(suppress));
  if (rule.action !== undefined) words.push(rule.action);
  if (typeof rule.goto === 'number') words.push('goto', String(rule.goto));
  return words.join(' ');
}

function length(address: string, bits: number | undefined): string {
  return bits === undefined ? address : `${address}/${bits}`;
}

function withPrefix(destination: string, family: Family): string {
  if (destination === 'default' || destination.includes('/')) return destination;
  return `${destination}/${family === 'ipv4' ? 32 : 128}`;
}

/** iproute2 leaves empty objects where it skipped something; an empty output is an empty list. */
function elements(json: string): unknown[] {
  if (json.trim() === '') return [];
  const value: unknown = JSON.parse(json);
  if (!Array.isArray(value)) throw new Error('expected a JSON list from ip');
  return value.filter((element) => typeof element === 'object' && element !== null && Object.keys(element).length > 0);
}
