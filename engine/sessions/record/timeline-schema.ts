import { z } from 'zod';

/** What is read of the recorder's lines, where they come from somebody's file. What is not read may be anything. */

const node = z.string().max(64);
const t = z.number();
const family = z.enum(['ipv4', 'ipv6']);
const count = z.tuple([z.number(), z.number()]);
const handles = z.array(z.number());

const event = z.looseObject({
  op: z.string(),
  family: z.string(),
  flags: z.array(z.string()).optional(),
  table: z.string().optional(),
  chain: z.string().optional(),
  handle: z.number().optional(),
  position: z.number().optional(),
  expr: z.array(z.looseObject({})).optional(),
  policy: z.number().optional(),
  hook: z.looseObject({ number: z.number().optional(), priority: z.number().optional() }).optional(),
  type: z.string().optional(),
  counters: z
    .union([count, z.looseObject({ packets: z.number().optional(), bytes: z.number().optional() })])
    .optional(),
});

const table = z.looseObject({
  family,
  table: z.string(),
  full: z.literal(true).optional(),
  refused: z.literal(true).optional(),
  texts: z.record(z.string(), z.string()).optional(),
  counters: z.record(z.string(), count).optional(),
  chains: z.record(z.string(), z.tuple([z.string(), z.number(), z.number()])).optional(),
  expressions: z.record(z.string(), z.array(z.looseObject({}))).optional(),
  order: z.record(z.string(), handles).optional(),
});

const sections = z.looseObject({
  addresses: z.string().optional(),
  routes4: z.string().optional(),
  routes6: z.string().optional(),
  rules4: z.string().optional(),
  rules6: z.string().optional(),
  ipset: z.string().optional(),
  'legacy-ipv4': z.string().optional(),
  'legacy-ipv6': z.string().optional(),
  sysctls: z.record(z.string(), z.string()).optional(),
  listeners: z.array(z.object({ protocol: z.enum(['tcp', 'udp']), address: z.string(), port: z.number() })).optional(),
});

const readingOf = {
  t,
  node,
  gen: z.number().nullable(),
  tables: z.array(table),
  others: z.array(z.tuple([z.string(), z.string()])).optional(),
  sections: sections.optional(),
};

const tuple = z.looseObject({
  source: z.string().max(64),
  destination: z.string().max(64),
  sourcePort: z.int().nullable(),
  destinationPort: z.int().nullable(),
});

const record = z.discriminatedUnion('kind', [
  z.looseObject({ t, kind: z.literal('recorder') }),
  z.looseObject({ t, kind: z.literal('node'), node, event: z.enum(['listening', 'gone']) }),
  z.looseObject({
    t,
    kind: z.literal('generation'),
    node,
    gen: z.number(),
    process: z.string().nullable(),
    events: z.array(event),
  }),
  z.looseObject({ kind: z.literal('rules'), ...readingOf }),
  z.looseObject({ kind: z.literal('base'), ...readingOf }),
  z.looseObject({ t, kind: z.literal('state'), node, sections }),
  z.looseObject({
    t,
    kind: z.literal('flow'),
    node,
    event: z.enum(['new', 'update', 'destroy']),
    flow: z.looseObject({ family, protocol: z.string().max(32), original: tuple, reply: tuple }),
  }),
  z.looseObject({ t, kind: z.literal('log'), sequence: z.number(), text: z.string() }),
  z.looseObject({ t, kind: z.literal('mark'), name: z.string(), detail: z.string().optional() }),
  z.looseObject({
    t,
    kind: z.literal('gap'),
    what: z.enum(['states', 'flows', 'log']),
    node: node.nullable(),
    from: z.number().nullish(),
    to: z.number(),
    reason: z.string(),
  }),
]);

export const isRecord = (value: unknown): boolean => record.safeParse(value).success;
