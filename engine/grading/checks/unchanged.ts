import { z } from 'zod';
import { parseRule, RulesetSyntaxError, sameRule } from '../../netfilter/index.ts';
import type { Family, Ruleset } from '../../netfilter/model.ts';
import type { NodeSnapshot } from '../../observe/snapshot.ts';
import { defineCheck, met, nodeAt, unknown, unmet } from '../check.ts';
import { newlyUnreached } from '../never-reached.ts';
import { type Differences, rulesetDifferences } from '../ruleset-differences.ts';
import * as part from '../schema-parts.ts';

const schema = z.strictObject({
  node: part.node,
  /** Both, if left out. */
  family: z.enum(['ipv4', 'ipv6']).optional(),
  /** These tables only; otherwise all, and nft's own tables beside them. */
  tables: z.array(part.tableName).min(1).optional(),
  /** These chains only. */
  chains: z.array(part.chain).min(1).optional(),
  /** `only`: policies alone are compared. */
  policies: z.literal('only').optional(),
  /** Chains that may change, with the jumps to them. */
  ignore: z.array(z.strictObject({ table: part.tableName.optional(), chain: part.chain })).default([]),
  /** Rules that may go, change or stay: a fault that is to be repaired. */
  except: z
    .array(z.strictObject({ table: part.tableName.optional(), chain: part.chain.optional(), spec: part.ruleSpec }))
    .default([]),
  /** Rules and chains may be added; what was there has to be there, in order. */
  additions: z.boolean().default(false),
  /** Names of sysctls that keep their value. */
  sysctls: z.array(z.string()).default([]),
});
type Spec = z.output<typeof schema>;

export default defineCheck({
  type: 'unchanged',
  schema,
  describe(spec) {
    const what = spec.policies === 'only' ? 'the policies' : spec.additions ? 'the rules that were there' : 'the rules';
    const tables = spec.tables === undefined ? '' : ` of ${spec.tables.join(', ')}`;
    const chains = spec.chains === undefined ? '' : ` in ${spec.chains.join(', ')}`;
    return `${what}${tables}${chains} on ${spec.node} are as they were at the start`;
  },
  needs: (spec) => ({ nodes: [spec.node] }),
  judge(spec, moment) {
    const was = nodeAt(moment.evidence.baseline, spec.node, 'iptables');
    if ('unknown' in was) return was.unknown;
    const is = nodeAt(moment.nodes, spec.node, 'iptables');
    if ('unknown' in is) return is.unknown;
    const rules = compareSnapshots(spec, was.snapshot, is.snapshot);
    const differences = [...rules.differences, ...nftDifferences(spec, was.snapshot, is.snapshot)];
    const unread: string[] = [...rules.unknown];
    for (const name of spec.sysctls) {
      const [before, after] = [was.snapshot.sysctls[name], is.snapshot.sysctls[name]];
      if (before === undefined || after === undefined) unread.push(`${name} was not read.`);
      else if (before !== after) differences.push(`${name} is ${after} and was ${before}`);
    }
    if (differences.length > 0) {
      const families: readonly Family[] = spec.family === undefined ? ['ipv4', 'ipv6'] : [spec.family];
      const unreached = spec.policies === 'only' ? [] : newlyUnreached(was.snapshot, is.snapshot, families);
      const effects = unreached.slice(0, 3).map((one) => ` Now ${one}.`);
      return unmet(
        differences.length === 1 ? '1 change' : `${differences.length} changes`,
        `On ${spec.node} something changed that has to stay: ${differences.slice(0, 5).join('; ')}${differences.length > 5 ? `; and ${differences.length - 5} more` : ''}.${effects.join('')}`,
        differences,
      );
    }
    const [cause] = unread;
    return cause === undefined ? met('nothing changed') : unknown(cause);
  },
});

function compareSnapshots(spec: Spec, was: NodeSnapshot, is: NodeSnapshot): Differences {
  const kinds = [...was.rulesets, ...is.rulesets].map(({ family, backend }) => ({ family, backend }));
  const seen = new Set<string>();
  const all = kinds
    .filter(({ family, backend }) => {
      const key = `${family} ${backend}`;
      if (seen.has(key) || (spec.family !== undefined && spec.family !== family)) return false;
      seen.add(key);
      return true;
    })
    .map(({ family, backend }) =>
      rulesetDifferences(pick(was, family, backend), pick(is, family, backend), {
        tables: spec.tables,
        chains: spec.chains,
        policiesOnly: spec.policies === 'only',
        ignore: spec.ignore,
        additions: spec.additions,
        except: excepted(spec, family),
        names: { before: 'the beginning', after: family === 'ipv6' ? 'the node now (IPv6)' : 'the node now' },
      }),
    );
  return { differences: all.flatMap((one) => one.differences), unknown: all.flatMap((one) => one.unknown) };
}

function pick(snapshot: NodeSnapshot, family: Family, backend: string): Ruleset {
  const found = snapshot.rulesets.find((one) => one.family === family && one.backend === backend);
  return found?.ruleset ?? { family, tables: [], remarks: [] };
}

function excepted(spec: Spec, family: Family): NonNullable<Parameters<typeof rulesetDifferences>[2]['except']> {
  const rules = spec.except.flatMap((one) => {
    try {
      return [{ ...one, rule: parseRule(one.spec, family) }];
    } catch (error) {
      if (!(error instanceof RulesetSyntaxError)) throw error;
      // A rule of the other family: it excepts nothing here.
      return [];
    }
  });
  return (rule, table, chain) =>
    rules.some((one) => (one.table ?? table) === table && (one.chain ?? chain) === chain && sameRule(one.rule, rule));
}

/** Tables that nft(8) keeps beside iptables' own: compared only when the whole node is asked about. */
function nftDifferences(spec: Spec, was: NodeSnapshot, is: NodeSnapshot): string[] {
  if (spec.tables !== undefined || spec.chains !== undefined || spec.policies === 'only') return [];
  // A state of the timeline has iptables' tables only; the rest is compared where both know it.
  if ([was, is].some((one) => one.problems.some((problem) => problem.section === 'nft'))) return [];
  const text = (snapshot: NodeSnapshot) =>
    new Map(snapshot.nftTables.map((table) => [`${table.family} ${table.name}`, withoutCounters(table.json)]));
  const [before, after] = [text(was), text(is)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    if (old === now || (old === undefined && spec.additions)) return [];
    if (old === undefined) return [`the nft table ${name} was added`];
    return [now === undefined ? `the nft table ${name} is missing` : `the nft table ${name} changed`];
  });
}

function withoutCounters(json: unknown): string {
  return JSON.stringify(json, (key, value: unknown) =>
    key === 'packets' || key === 'bytes' || key === 'handle' || key === 'metainfo' ? undefined : value,
  );
}
