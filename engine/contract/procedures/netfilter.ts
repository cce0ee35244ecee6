import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { nodeId, procedure, sessionId, unixTime } from './base.ts';

const familySchema = z.enum(['ipv4', 'ipv6']);
const hookSchema = z.enum(['prerouting', 'input', 'forward', 'output', 'postrouting']);
export type Hook = z.infer<typeof hookSchema>;

const countersSchema = z.object({ packets: z.number(), bytes: z.number() });

const ruleViewSchema = z.object({
  /**
   * Unique in its chain. The same rule has the same key as long as it stands, also when others come before it, it is moved or replaced by
   * another version of it.
   */
  key: z.string(),
  /** Its 1-based place in the chain, as `iptables -L --line-numbers` counts. */
  number: z.number(),
  /** iptables syntax, as `iptables -S` prints it after `-A CHAIN`; nft's for a rule of its own. */
  text: z.string(),
  /** In plain words. */
  words: z.string(),
  counters: countersSchema.nullable(),
  /** The columns of `iptables -L -v -n`. */
  columns: z.object({
    target: z.string(),
    protocol: z.string(),
    /** The column `opt`. */
    fragment: z.string(),
    in: z.string(),
    out: z.string(),
    source: z.string(),
    destination: z.string(),
    rest: z.string(),
  }),
  /** What kind of thing the rule does, for its colour. */
  effect: z.enum(['accept', 'drop', 'reject', 'return', 'jump', 'rewrite', 'mark', 'log', 'none', 'other']),
  /** The chain that it jumps or goes to. */
  jumpsTo: z.string().nullable(),
});
export type RuleView = z.infer<typeof ruleViewSchema>;

const chainViewSchema = z.object({
  name: z.string(),
  /** Of a base chain: the hook that it sits on. */
  hook: hookSchema.nullable(),
  /** null for a chain of the user's. */
  policy: z.enum(['ACCEPT', 'DROP']).nullable(),
  counters: countersSchema.nullable(),
  /** How many rules jump or go to it. */
  references: z.number(),
  rules: z.array(ruleViewSchema),
});
export type ChainView = z.infer<typeof chainViewSchema>;

const tableViewSchema = z.object({
  /** Unique in the view. */
  key: z.string(),
  name: z.string(),
  /** Who holds it: iptables over nf_tables, iptables-legacy, or a table of nft's own. */
  owner: z.enum(['iptables-nft', 'iptables-legacy', 'nft']),
  /** Why it cannot be shown; its chains are then empty. */
  unreadable: z.string().nullable(),
  chains: z.array(chainViewSchema),
});
export type TableView = z.infer<typeof tableViewSchema>;

export const netfilterViewSchema = z.object({
  node: z.string(),
  family: familySchema,
  time: unixTime,
  tables: z.array(tableViewSchema),
  /** What could not be read, in words: rules may be missing above. */
  problems: z.array(z.string()),
  /** The base chains on each hook, in the order in which packets meet them. */
  hooks: z.array(
    z.object({
      hook: hookSchema,
      chains: z.array(z.object({ /** A table's key. */ table: z.string(), chain: z.string(), priority: z.number() })),
    }),
  ),
});
export type NetfilterView = z.infer<typeof netfilterViewSchema>;

const netfilterEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('view'), view: netfilterViewSchema }),
  /** The last view with these counters; only those that moved. */
  z.object({
    kind: z.literal('counters'),
    time: unixTime,
    chains: z.array(
      z.object({
        /** A table's key. */
        table: z.string(),
        chain: z.string(),
        counters: countersSchema.nullable(),
        /** The rule's place in `rules`, counted from 0. */
        rules: z.array(z.object({ index: z.number(), counters: countersSchema.nullable() })),
      }),
    ),
  }),
]);
export type NetfilterEvent = z.infer<typeof netfilterEventSchema>;

const place = z.object({ session: sessionId, node: nodeId, family: familySchema });

/** The rules of a node as people read them. */
export const netfilter = {
  get: procedure.input(place).output(netfilterViewSchema),
  /** A view first, then what has become otherwise: a moment after it did, counters some times a second. */
  watch: procedure.input(place).output(eventIterator(netfilterEventSchema)),
};
