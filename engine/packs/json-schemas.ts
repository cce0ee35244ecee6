import { z } from 'zod';
import { labSchema } from './lab-schema.ts';
import { packSchema } from './pack-schema.ts';
import { mistakeSchema, solutionSchema } from './steps-schema.ts';

/** The published JSON Schemas by file name: from the schemas that packs are read with, so editors complete what we take. */
export function jsonSchemas(): Readonly<Record<string, unknown>> {
  const entries = [
    ['pack.schema.json', 'pack.yaml of a Hookpoint pack', packSchema, false],
    ['lab.schema.json', 'lab.yaml of a Hookpoint lab', labSchema, true],
    ['solution.schema.json', 'solutions/*.yaml of a Hookpoint lab', solutionSchema, true],
    ['mistake.schema.json', 'mistakes/*.yaml of a Hookpoint lab', mistakeSchema, true],
  ] as const;
  return Object.fromEntries(
    entries.map(([file, title, schema, templates]) => {
      const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'ref' });
      return [file, { title, ...(templates ? (withReferences(json) as object) : json) }];
    }),
  );
}

/** {{name}} alone, or in a text with more: it is filled in before the value is looked at. */
const reference = { type: 'string', pattern: '\\{\\{\\s*[a-z][a-z0-9-]*(\\.[a-z0-9]+)?\\s*\\}\\}' };

/** Where a schema wants a number, a word of a list or a text of some form, a reference to a parameter will do as well. */
function withReferences(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withReferences);
  if (schema === null || typeof schema !== 'object') return schema;
  const { type, pattern, format, enum: words } = schema as Record<string, unknown>;
  const narrow =
    type === 'integer' || type === 'number' || (type === 'string' && (pattern ?? format ?? words) !== undefined);
  if (narrow) return { anyOf: [schema, reference] };
  return Object.fromEntries(
    // What a mapping's keys look like is no value: nothing is filled in there.
    Object.entries(schema).map(([key, value]) => [key, key === 'propertyNames' ? value : withReferences(value)]),
  );
}
