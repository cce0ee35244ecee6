import { z } from 'zod';
import { parseRule } from '../netfilter/index.ts';
import type { Family } from '../netfilter/model.ts';
import { nodeName } from '../topology/topology.ts';

/** Pieces that the schemas of several kinds of checks share. */

export const node = nodeName.describe('A node of the topology.');
export const identifier = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'Expected lower-case letters, digits and dashes, beginning with a letter.');
export const family = z.enum(['ipv4', 'ipv6']).default('ipv4').describe('iptables or ip6tables.');
export const tableName = z.enum(['raw', 'mangle', 'nat', 'filter', 'security']);
export const table = tableName.default('filter');
/** XT_EXTENSION_MAXNAMELEN less the NUL. */
export const chain = z.string().regex(/^[^\s!-][^\s]{0,28}$/, 'Expected the name of a chain (at most 29 characters).');
export const hook = z.enum(['prerouting', 'input', 'forward', 'output', 'postrouting']);

/** A number, or a text that is one (a parameter filled in). */
export const count = z
  .union([z.int().min(0), z.string().regex(/^\d+$/)], 'Expected a whole number, 0 or more.')
  .transform(Number)
  .describe('A whole number.');
export const port = z
  .union([z.int(), z.string().regex(/^\d+$/)], 'Expected a port number from 1 to 65535.')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 65535, 'Expected a port number from 1 to 65535.');

export const address = z.union([z.ipv4(), z.ipv6()], 'Expected an IPv4 or IPv6 address.');
export const network = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  'Expected an address or a network in CIDR form.',
);

/** A rule as one types it after `-A CHAIN`. Read in both families: which one it is stands beside it. */
export const ruleSpec = z
  .string()
  .superRefine((text, ctx) => {
    const failures = (['ipv4', 'ipv6'] as const).map((one) => ruleFailure(text, one));
    const [first] = failures;
    if (first != null && failures.every((failure) => failure !== null))
      ctx.addIssue({ code: 'custom', message: first });
  })
  .describe('A rule as typed after `-A CHAIN`: -p tcp --dport 80 -j ACCEPT');

function ruleFailure(text: string, of: Family): string | null {
  try {
    parseRule(text, of);
    return null;
  } catch (error) {
    return `Expected the words of a rule as iptables takes them: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export const packetKeys = [
  'in',
  'out',
  'src',
  'dst',
  'proto',
  'sport',
  'dport',
  'flags',
  'icmp-type',
  'icmp-code',
  'mark',
  'state',
  'length',
  'ttl',
] as const;

/** A packet in the words of `rules explain --packet`. */
export const packetText = z.string().superRefine((text, ctx) => {
  for (const word of text.trim().split(/\s+/)) {
    const key = word.split('=')[0] ?? '';
    if (!word.includes('=') || !packetKeys.some((known) => known === key)) {
      ctx.addIssue({
        code: 'custom',
        message: `Expected KEY=VALUE with a key of ${packetKeys.join(', ')}; found "${word}".`,
      });
    }
  }
});

/** `moved` is one packet at least. */
export const counters = z.union(
  [z.literal('moved'), z.strictObject({ moved: z.literal(true) }), z.strictObject({ atLeast: count })],
  'Expected `moved`, { moved: true } or { atLeast: N }.',
);
export type CountersSpec = z.output<typeof counters>;
export const leastPackets = (spec: CountersSpec): number =>
  typeof spec === 'object' && 'atLeast' in spec ? spec.atLeast : 1;
