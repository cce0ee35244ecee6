import { z } from 'zod';
import { checkKinds, type KindName, kindNames } from './check-kinds.ts';
import * as part from './schema-parts.ts';

export { type Question, questionSchema } from './question.ts';

type SpecOf<Kind> = Kind extends { readonly schema: infer Schema extends z.ZodType } ? z.output<Schema> : never;

/** One entry under all, any or not: a check of one kind, or a group. Exactly one key. */
export type CheckSpec = { readonly [Name in KindName]?: SpecOf<(typeof checkKinds)[Name]> | undefined } & {
  readonly all?: readonly CheckSpec[] | undefined;
  readonly any?: readonly CheckSpec[] | undefined;
  readonly not?: readonly CheckSpec[] | undefined;
};

const groups = ['all', 'any', 'not'] as const;

/** Each kind's own schema, so that the types and the JSON Schema know what is under which key. */
const kinds = {
  rule: checkKinds.rule.schema.optional(),
  chain: checkKinds.chain.schema.optional(),
  verdict: checkKinds.verdict.schema.optional(),
  unchanged: checkKinds.unchanged.schema.optional(),
  sysctl: checkKinds.sysctl.schema.optional(),
  route: checkKinds.route.schema.optional(),
  address: checkKinds.address.schema.optional(),
  listener: checkKinds.listener.schema.optional(),
  conntrack: checkKinds.conntrack.schema.optional(),
  ipset: checkKinds.ipset.schema.optional(),
  file: checkKinds.file.schema.optional(),
  log: checkKinds.log.schema.optional(),
  probe: checkKinds.probe.schema.optional(),
  answer: checkKinds.answer.schema.optional(),
} as const satisfies Record<KindName, z.ZodType>;

const group = z.lazy(() => checkSchema.array().min(1, 'Expected one check at least.'));
/** `not` takes one check or several: none of them may be met. */
const negated = z
  .union([z.lazy(() => checkSchema), group], 'Expected a check or a list of checks.')
  .transform((value) => [value].flat());

export const checkSchema: z.ZodType<CheckSpec> = z
  .strictObject({ ...kinds, all: group.optional(), any: group.optional(), not: negated.optional() })
  .refine((spec) => [...kindNames, ...groups].filter((name) => spec[name] !== undefined).length === 1, {
    message: `Expected exactly one kind of check (${kindNames.join(', ')}) or one of ${groups.join(', ')}.`,
  });

// biome-ignore lint/suspicious/noThenProperty: `then` is the word of lab.yaml, and a schema's shape is never awaited.
const thenShape = { then: part.identifier };

export const whenSchema = z
  .union(
    [z.enum(['now', 'ever', 'held']), z.strictObject(thenShape)],
    'Expected now, ever, held or { then: CRITERION }.',
  )
  .default('now');

export const criterionSchema = z
  .strictObject({
    id: part.identifier,
    title: z.string().min(1),
    points: z.int().min(1).max(1000),
    when: whenSchema,
    /** Criteria that have to be passed before this one is judged. */
    after: z.array(part.identifier).default([]),
    all: group.optional(),
    any: group.optional(),
    not: negated.optional(),
  })
  .refine((criterion) => groups.filter((name) => criterion[name] !== undefined).length === 1, {
    message: 'Expected exactly one of all, any, not.',
  });
export type Criterion = z.output<typeof criterionSchema>;

export const hintSchema = z.strictObject({
  text: z.string().min(1),
  /** Points that looking at it costs. */
  cost: z.int().min(0).default(0),
});
