import type { z } from 'zod';
import { fillText, type ParameterValues, wholeNumber } from './parameters.ts';
import { valueAt } from './walk-data.ts';
import type { Path } from './yaml-source.ts';

/**
 * Fills parameters into every string of parsed YAML: after parsing, so that no value can change the structure.
 * Keys stay as they are. `asText` holds the paths (JSON) whose whole-number references are to stay text.
 */
export function fillValue(value: unknown, values: ParameterValues, asText: ReadonlySet<string> = new Set()): unknown {
  return fill(value, [], values, asText);
}

function fill(value: unknown, path: Path, values: ParameterValues, asText: ReadonlySet<string>): unknown {
  if (typeof value === 'string') {
    const number = wholeNumber(value, values);
    return number !== null && !asText.has(JSON.stringify(path)) ? number : fillText(value, values);
  }
  if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index], values, asText));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fill(item, [...path, key], values, asText)]),
    );
  }
  return value;
}

/**
 * Fills and parses. A value that is only `{{port}}` becomes a number where the schema takes one, text where it wants text: which of
 * the two is found by asking the schema, since unions make it hard to see beforehand.
 */
export function parseFilled<S extends z.ZodType>(
  schema: S,
  value: unknown,
  values: ParameterValues,
): z.ZodSafeParseResult<z.output<S>> {
  const asText = new Set<string>();
  for (;;) {
    const result = schema.safeParse(fillValue(value, values, asText));
    if (result.success) return result;
    const before = asText.size;
    for (const path of wantText(result.error.issues, [])) {
      if (wholeNumber(String(valueAt(value, path)), values) !== null) asText.add(JSON.stringify(path));
    }
    if (asText.size === before) return result;
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
