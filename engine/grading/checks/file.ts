import { z } from 'zod';
import { parseSave, RulesetSyntaxError } from '../../netfilter/index.ts';
import type { Ruleset } from '../../netfilter/model.ts';
import { defineCheck, type Finding, type Moment, met, nodeAt, unknown, unmet } from '../check.ts';
import { fileKey } from '../evidence.ts';
import { rulesetDifferences } from '../ruleset-differences.ts';
import { rulesetsOf } from '../rulesets-of.ts';
import * as part from '../schema-parts.ts';

const schema = z.strictObject({
  node: part.node,
  path: z
    .string()
    .regex(/^\/[^\0]*$/, 'Expected an absolute path.')
    // These are mounts of the node's own; the grader reads its files from outside.
    .refine((path) => !/^\/(dev|proc|run|sys)(\/|$)/.test(path), 'Expected a file outside /dev, /proc, /run and /sys.'),
  family: part.family,
  exists: z.boolean().default(true),
  contains: z.union([z.string(), z.array(z.string())]).optional(),
  /** It is a dump of iptables-save that means the same as the node's rules. */
  ruleset: z
    .strictObject({
      equals: z.enum(['live', 'baseline']),
      /** These tables only; otherwise all that hold anything. */
      tables: z.array(part.tableName).optional(),
    })
    .optional(),
});
type Spec = z.output<typeof schema>;

export default defineCheck({
  type: 'file',
  present: true,
  schema,
  describe(spec) {
    const name = `${spec.path} on ${spec.node}`;
    if (!spec.exists) return `there is no file ${name}`;
    if (spec.ruleset !== undefined) {
      return `${name} holds the rules ${spec.ruleset.equals === 'live' ? 'that are in force' : 'of the beginning'}, as iptables-save writes them`;
    }
    return spec.contains === undefined
      ? `there is a file ${name}`
      : `${name} contains ${[spec.contains].flat().join(', ')}`;
  },
  needs: (spec) => ({ nodes: [spec.node], files: [{ node: spec.node, path: spec.path }] }),
  judge(spec, moment) {
    const observed = moment.evidence.files[fileKey(spec.node, spec.path)] ?? { failure: `${spec.path} was not read.` };
    if ('failure' in observed) return unknown(observed.failure);
    const file = observed.value;
    if (file.kind === 'absent') {
      return spec.exists
        ? unmet('no such file', `There is no file ${spec.path} on ${spec.node}.`)
        : met('no such file');
    }
    if (!spec.exists) return unmet('it is there', `${spec.path} is still there on ${spec.node}.`);
    if (file.kind === 'not-a-file')
      return unmet(file.what, `${spec.path} on ${spec.node} is no regular file: ${file.what}.`);
    if (file.kind === 'too-large') {
      return unmet(
        `${file.bytes} bytes`,
        `${spec.path} on ${spec.node} is too large to be what was asked for: ${file.bytes} bytes.`,
      );
    }
    const missing = [spec.contains ?? []].flat().filter((text) => !file.text.includes(text));
    if (missing.length > 0) {
      return unmet(
        `${file.text.length} characters`,
        `${spec.path} on ${spec.node} does not contain: ${missing.join(', ')}.`,
      );
    }
    return spec.ruleset === undefined ? met('it is there') : judgeRuleset(spec, spec.ruleset, file.text, moment);
  },
});

function judgeRuleset(spec: Spec, asked: NonNullable<Spec['ruleset']>, text: string, moment: Moment): Finding {
  if (text.trim() === '') return unmet('an empty file', `${spec.path} on ${spec.node} is empty.`);
  let saved: Ruleset;
  try {
    saved = parseSave(text, { family: spec.family });
  } catch (error) {
    if (!(error instanceof RulesetSyntaxError)) throw error;
    return unmet(
      'no dump of iptables-save',
      `${spec.path} on ${spec.node} is not what iptables-save writes: ${error.message}`,
    );
  }
  if (saved.tables.length === 0) {
    return unmet(
      'no table',
      `${spec.path} on ${spec.node} holds no table; iptables-save writes each as *TABLE ... COMMIT.`,
    );
  }
  const nodes = asked.equals === 'live' ? moment.evidence.now : moment.evidence.baseline;
  const at = nodeAt(nodes, spec.node, 'iptables');
  if ('unknown' in at) return at.unknown;
  const live = rulesetsOf(at.snapshot, spec.family);
  const results = (live.length === 0 ? [emptyRuleset(spec)] : live).map((ruleset) =>
    rulesetDifferences(ruleset, saved, { tables: asked.tables, names: { before: 'the node', after: 'the file' } }),
  );
  if (results.some((one) => one.differences.length === 0 && one.unknown.length === 0)) return met('the same rules');
  const [nearest] = results.toSorted((a, b) => a.differences.length - b.differences.length);
  if (nearest === undefined || nearest.differences.length === 0)
    return unknown(nearest?.unknown[0] ?? 'no ruleset was read.');
  return unmet(
    `${nearest.differences.length} difference(s)`,
    `${spec.path} on ${spec.node} does not hold the rules of the node: ${nearest.differences.slice(0, 5).join('; ')}.`,
    nearest.differences,
  );
}

const emptyRuleset = (spec: Spec): Ruleset => ({ family: spec.family, tables: [], remarks: [] });
