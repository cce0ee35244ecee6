import type { z } from 'zod';
import { fillText, type ParameterValues, wholeNumber } from './parameters.ts';
import { valueAt } from './walk-data.ts';
import type { Path } from './yaml-source.ts';

/**
 * Fills parameters into every string of parsed YAML: after parsing, so that no value can change the structure.
 * Keys stay as they are. `asText` holds the paths (JSON) whose whole-number references are to stay text.
 */
export function fillValue(value: unknown, values: ParameterValues, asText: ReadonlySet<string> = new Set()): unknown {
  const here: (string | number)[] = [];
  const within = (step: string | number, item: unknown) => {
    here.push(step);
    const filled = fill(item);
    here.pop();
    return filled;
  };
  const fill = (item: unknown): unknown => {
    if (typeof item === 'string') {
      const number = wholeNumber(item, values);
      return number !== null && !asText.has(JSON.stringify(here)) ? number : fillText(item, values);
    }
    if (Array.isArray(item)) return item.map((inner, index) => within(index, inner));
    if (item === null || typeof item !== 'object') return item;
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, within(key, inner)]));
  };
  return fill(value);
}

/**
 * Fills and parses. A value that is only `{{port}}` becomes a number where the schema takes one, text where it wants text: which of
 * the two is found by asking the schema, since unions make it hard to see beforehand. `learnt` keeps these paths for the next seed of the same
 * document, which then is parsed once.
 */
export function parseFilled<S extends z.ZodType>(
  schema: S,
  value: unknown,
  values: ParameterValues,
  learnt: Set<string> = new Set(),
): z.ZodSafeParseResult<z.output<S>> {
  if (learnt.size > 0) {
    const result = schema.safeParse(fillValue(value, values, learnt));
    if (result.success) return result;
    learnt.clear();
  }
  for (;;) {
    const result = schema.safeParse(fillValue(value, values, learnt));
    if (result.success) return result;
    const before = learnt.size;
    for (const path of wantText(result.error.issues, [])) {
      if (wholeNumber(String(valueAt(value, path)), values) !== null) learnt.add(JSON.stringify(path));
    }
    if (learnt.size === before) return result;
  }
}

function* wantText(issues: readonly z.core.$ZodIssue[], base: Path): Generator<Path> {
  for (const issue of issues) {
    const path = [...base, ...(issue.path as Path)];
    if (issue.code === 'invalid_type' && issue.expected === 'string') yield path;
    // An enum of texts ("1", "2") wants text as well.
    if (issue.code === 'invalid_value' && issue.values.every((allowed) => typeof allowed === 'string')) yield path;
    if (issue.code === 'invalid_union') for (const branch of issue.errors) yield* wantText(branch, path);
  }
}
