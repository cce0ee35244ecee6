import type { z } from 'zod';
import type { Problem } from '../contract/error.ts';
import { nearestWord } from './nearest-word.ts';
import { knownKeys, knownWords } from './schema-keys.ts';
import { asMapping, valueAt } from './walk-data.ts';
import type { Path, YamlSource } from './yaml-source.ts';

/** Something wrong at a place of a document; what turns it into a Problem knows the file. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly expected: string;
  /** The key is what is wrong, not its value. */
  readonly atKey?: boolean;
}

/** A finding with the line and column of what it is about. */
export function placed(source: YamlSource, finding: Finding): Problem {
  return {
    message: finding.message,
    place: finding.atKey ? source.keyPlaceOf(finding.path) : source.placeOf(finding.path),
    expected: finding.expected,
  };
}

/** What a schema says is wrong, all of it, in words. `value` is what was parsed. */
export function schemaFindings(schema: z.ZodType, error: z.ZodError, value: unknown): readonly Finding[] {
  // A key that is unknown makes a mapping wrong in other ways too, of which nobody has to hear.
  const strange = new Set(error.issues.filter(({ code }) => code === 'unrecognized_keys').map(placeKey));
  const issues = error.issues.filter((issue) => issue.code !== 'custom' || !strange.has(placeKey(issue)));
  return issues.flatMap((issue) => findingsOf(issue, [], { schema, value }));
}

const placeKey = ({ path }: z.core.$ZodIssue): string => JSON.stringify(path);

function suggestion(key: string, known: readonly string[]): string {
  const meant = nearestWord(key, known);
  return meant === null ? '' : ` Did you mean '${meant}'?`;
}

interface Context {
  readonly schema: z.ZodType;
  readonly value: unknown;
}

function findingsOf(issue: z.core.$ZodIssue, base: Path, context: Context): Finding[] {
  const path = [...base, ...(issue.path as Path)];
  const name = nameOf(path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(context.schema, path, context.value);
      const expected = known.length > 0 ? `one of the keys ${known.join(', ')}` : 'no such key';
      return issue.keys.map((key) => ({
        path: [...path, key],
        atKey: true,
        message: `'${key}' is not a key of ${name}.${suggestion(key, known)}`,
        expected,
      }));
    }
    case 'invalid_union':
      return unionFindings(issue, path, context);
    case 'invalid_key':
      return [
        {
          path,
          atKey: true,
          message: `'${String(path.at(-1))}' cannot be a name here.`,
          expected: issue.issues.map(patternOf).join(', '),
        },
      ];
    case 'invalid_type':
      if (valueAt(context.value, path) === undefined) {
        const missing = String(path.at(-1) ?? 'document');
        return [
          {
            path: path.slice(0, -1),
            message: `'${missing}' is missing in ${nameOf(path.slice(0, -1))}.`,
            expected: `${missing}: ${kindWords(issue.expected)}`,
          },
        ];
      }
      return [
        {
          path,
          message: `${capital(name)} is ${kindOf(valueAt(context.value, path))}.`,
          expected: kindWords(issue.expected),
        },
      ];
    case 'invalid_value':
      if (valueAt(context.value, path) === undefined) {
        return [
          {
            path: path.slice(0, -1),
            message: `'${String(path.at(-1))}' is missing in ${nameOf(path.slice(0, -1))}.`,
            expected: oneOf(issue.values),
          },
        ];
      }
      return [
        {
          path,
          message: `${capital(name)} cannot be ${shown(valueAt(context.value, path))}.`,
          expected: oneOf(issue.values),
        },
      ];
    default:
      return [
        {
          path,
          message: `${capital(name)} cannot be ${shown(valueAt(context.value, path))}.`,
          expected: patternOf(issue),
        },
      ];
  }
}

/** A value that fits no form of several: it is told by the form that it comes nearest to. */
function unionFindings(issue: z.core.$ZodIssueInvalidUnion, path: Path, context: Context): Finding[] {
  const value = valueAt(context.value, path);
  const words = knownWords(context.schema, path);
  if (value === undefined && path.length > 0) {
    return [
      {
        path: path.slice(0, -1),
        message: `'${String(path.at(-1))}' is missing in ${nameOf(path.slice(0, -1))}.`,
        expected: words.length > 0 ? `${String(path.at(-1))}: ${oneOf(words)}` : String(path.at(-1)),
      },
    ];
  }
  if (issue.errors.length === 0 && words.length > 0)
    return [{ path, message: `${capital(nameOf(path))} cannot be ${shown(value)}.`, expected: oneOf(words) }];
  const branches = issue.errors.map((errors) => ({ errors, distance: distance(errors) }));
  branches.sort((one, other) => one.distance - other.distance);
  const [nearest, next] = branches;
  // Where all forms are of another type altogether, or two are equally near, no single one is meant.
  if (!nearest || nearest.errors.length === 0) return [noFit(path, value, issue, context)];
  const allTypes = branches.every(({ errors }) =>
    errors.every(
      (error) => error.path.length === 0 && (error.code === 'invalid_type' || error.code === 'invalid_value'),
    ),
  );
  const keys = Object.keys(asMapping(value) ?? {});
  const strange = nearest.errors.flatMap((error) =>
    error.code === 'unrecognized_keys' && error.path.length === 0 ? error.keys : [],
  );
  if (keys.length > 0 && strange.length === keys.length) return [noFit(path, value, issue, context)];
  if (allTypes) return [noFit(path, value, issue, context)];
  if (next && next.distance === nearest.distance && nearest.distance >= noForm)
    return [noFit(path, value, issue, context)];
  return nearest.errors.flatMap((error) => findingsOf(error, path, context));
}

function noFit(path: Path, value: unknown, issue: z.core.$ZodIssueInvalidUnion, context: Context): Finding {
  const types = issue.errors.flatMap((errors) => errors.map(patternOf));
  const keys = value !== null && typeof value === 'object' ? knownKeys(context.schema, path, context.value) : [];
  const expected = keys.length > 0 ? `one of the keys ${keys.join(', ')}` : [...new Set(types)].join(' or ');
  return {
    path,
    message: `${capital(nameOf(path))} has none of the forms it may have.`,
    expected: expected || 'another form',
  };
}

/** A key that a form does not know weighs more than a wrong value under a key that it does. */
const noForm = 100;
function distance(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.path.length > 0) {
      const deeper = issue.code === 'invalid_type' && /received undefined/.test(issue.message) ? 5 : 1;
      return sum + deeper;
    }
    return sum + (issue.code === 'unrecognized_keys' ? 10 * issue.keys.length : noForm);
  }, 0);
}

function patternOf(issue: z.core.$ZodIssue | z.core.$ZodIssueBase): string {
  const known = issue as z.core.$ZodIssue;
  switch (known.code) {
    case 'invalid_type':
      return kindWords(known.expected);
    case 'invalid_value':
      return oneOf(known.values);
    case 'too_small':
      return known.origin === 'number' || known.origin === 'int'
        ? `at least ${known.minimum}`
        : `at least ${known.minimum} ${known.origin === 'string' ? 'characters' : 'entries'}`;
    case 'too_big':
      return known.origin === 'number' || known.origin === 'int'
        ? `at most ${known.maximum}`
        : `at most ${known.maximum} ${known.origin === 'string' ? 'characters' : 'entries'}`;
    case 'invalid_format':
      return known.message.startsWith('Invalid') && known.format === 'starts_with'
        ? known.message.replace(/^Invalid string: /, 'a text that ').replace('must start', 'starts')
        : known.message.startsWith('Invalid') && known.pattern
          ? `a text like ${known.pattern}`
          : known.message;
    default:
      return known.message;
  }
}

const oneOf = (values: readonly unknown[]) =>
  values.length === 1 ? shown(values[0]) : `one of ${values.map(shown).join(', ')}`;

function kindWords(kind: string): string {
  const words: Record<string, string> = {
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
  };
  return words[kind] ?? kind;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return `${shown(value)}, ${kindWords(typeof value)}`;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function nameOf(path: Path): string {
  if (path.length === 0) return 'the document';
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step + 1}]` : `${index > 0 ? '.' : ''}${step}`))
    .join('');
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
