import { z } from 'zod';
import * as part from './schema-parts.ts';

const computed = {
  /** The same in every session. */
  value: z.union([z.string(), z.number()]),
  /** The policy of a built-in chain. */
  policy: z.strictObject({ node: part.node, family: part.family, table: part.table, chain: part.chain }),
  /** The rule with the most packets: of the node, a table or a chain. */
  'busiest-rule': z.strictObject({
    node: part.node,
    family: part.family,
    table: part.tableName.optional(),
    chain: part.chain.optional(),
  }),
  /** Where nat sends a packet that arrives. */
  'dnat-target': z.strictObject({ node: part.node, packet: part.packetText, hook: part.hook.default('prerouting') }),
  /** The rule that ends a packet's way. */
  'deciding-rule': z.strictObject({ node: part.node, packet: part.packetText, hook: part.hook }),
  /** How many rules there are, of the node, a table, a chain; `target` counts those with that target only. */
  'rule-count': z.strictObject({
    node: part.node,
    family: part.family,
    table: part.tableName.optional(),
    chain: part.chain.optional(),
    target: z.string().optional(),
  }),
};

const truthNames = Object.keys(computed) as readonly (keyof typeof computed)[];

export const truthSchema = z
  .strictObject({
    value: computed.value.optional(),
    policy: computed.policy.optional(),
    'busiest-rule': computed['busiest-rule'].optional(),
    'dnat-target': computed['dnat-target'].optional(),
    'deciding-rule': computed['deciding-rule'].optional(),
    'rule-count': computed['rule-count'].optional(),
  })
  .refine((truth) => truthNames.filter((name) => truth[name] !== undefined).length === 1, {
    message: `Expected exactly one of ${truthNames.join(', ')}.`,
  });
export type Truth = z.output<typeof truthSchema>;

export const questionSchema = z
  .strictObject({
    id: part.identifier,
    ask: z.string().min(1),
    /** How an answer is read: in which forms it may be written. */
    kind: z.enum(['policy', 'chain', 'rule', 'endpoint', 'number', 'probability', 'choice']),
    /** What a `choice` may be answered with. */
    choices: z.array(z.string().min(1)).min(2).optional(),
    truth: truthSchema,
    /** Judged against the state when it is given, or against the one at the end of provisioning. */
    of: z.enum(['now', 'baseline']).default('now'),
  })
  .refine((question) => (question.kind === 'choice') === (question.choices !== undefined), {
    message: 'Expected `choices` for a question of kind choice, and for no other.',
    path: ['choices'],
  });
export type Question = z.output<typeof questionSchema>;
