import { diffRulesets, type Edit, type NftTable, type Ruleset, readNftTable } from '../netfilter/index.ts';
import type { Backend, Chain, Family, Rule, Table } from '../netfilter/model.ts';
import type { NodeRuleset, NodeSnapshot } from '../observe/snapshot.ts';

/** One thing that is otherwise in a node than it was. */
export type NodeChange =
  | { readonly kind: 'rules'; readonly family: Family; readonly backend: Backend; readonly edit: Edit }
  /** Of what has no edits of its own: nft's own tables, addresses, routes, sysctls, listeners, ipsets. */
  | {
      readonly kind: 'other';
      readonly sort: OtherSort;
      readonly subject: string;
      /** null: it was, or is, not there. */
      readonly before: string | null;
      readonly after: string | null;
    };

export type OtherSort = 'address' | 'route' | 'sysctl' | 'listener' | 'ipset' | 'nft';

/** What is otherwise in `now`; counters alone are no change. Where the two share rules in memory, as states of a timeline do, cheap. */
export function nodeChanges(before: NodeSnapshot | undefined, now: NodeSnapshot): readonly NodeChange[] {
  if (before === now) return [];
  return [...rulesetChanges(before, now), ...otherChanges(before, now)];
}

function rulesetChanges(before: NodeSnapshot | undefined, now: NodeSnapshot): readonly NodeChange[] {
  const keys = new Set([...(before?.rulesets ?? []), ...now.rulesets].map(keyOf));
  return [...keys].flatMap((key) => {
    const old = before?.rulesets.find((one) => keyOf(one) === key);
    const next = now.rulesets.find((one) => keyOf(one) === key);
    const { family, backend } = next ?? old ?? { family: 'ipv4', backend: 'nft' };
    const [a, b] = narrowed(old?.ruleset ?? empty(family), next?.ruleset ?? empty(family));
    return diffRulesets(a, b).flatMap((edit) =>
      edit.kind === 'counters' ? [] : [{ kind: 'rules' as const, family, backend, edit }],
    );
  });
}

const keyOf = ({ family, backend }: NodeRuleset): string => `${family} ${backend}`;

const empty = (family: Family): Ruleset => ({ family, tables: [], remarks: [] });

/** Both without what is the very same in them: tables, and the rules at both ends of a chain. Those that are left keep their numbers. */
function narrowed(a: Ruleset, b: Ruleset): readonly [Ruleset, Ruleset] {
  if (a === b) return [empty(a.family), empty(b.family)];
  const ofA: Table[] = [];
  const ofB: Table[] = [];
  for (const name of new Set([...a.tables, ...b.tables].map((table) => table.name))) {
    const tableA = a.tables.find((table) => table.name === name);
    const tableB = b.tables.find((table) => table.name === name);
    if (tableA === tableB) continue;
    const pair = tableA && tableB ? narrowedTables(tableA, tableB) : [tableA, tableB];
    if (pair[0]) ofA.push(pair[0]);
    if (pair[1]) ofB.push(pair[1]);
  }
  return [
    { ...a, tables: ofA },
    { ...b, tables: ofB },
  ];
}

function narrowedTables(a: Table, b: Table): readonly [Table, Table] {
  const chainsOfB = new Map(b.chains.map((chain) => [chain.name, chain]));
  const replacedB = new Map<Chain, Chain>();
  const chainsA = a.chains.map((chain) => {
    const other = chainsOfB.get(chain.name);
    if (other === undefined) return chain;
    let start = 0;
    const shorter = Math.min(chain.rules.length, other.rules.length);
    while (start < shorter && chain.rules[start] === other.rules[start]) start += 1;
    let end = 0;
    while (end < shorter - start && chain.rules.at(-1 - end) === other.rules.at(-1 - end)) end += 1;
    replacedB.set(other, cut(other, start, end));
    return cut(chain, start, end);
  });
  return [
    { ...a, chains: chainsA },
    { ...b, chains: b.chains.map((chain) => replacedB.get(chain) ?? chain) },
  ];
}

function cut(chain: Chain, start: number, end: number): Chain {
  const rules = chain.rules
    .slice(start, chain.rules.length - end)
    .map((rule, index): Rule => (rule.number === undefined ? { ...rule, number: start + index + 1 } : rule));
  return { ...chain, rules };
}

type Line = readonly [sort: OtherSort, subject: string, value: string];

/** A subject with one value before and one after has changed; else values came and went. */
function otherChanges(before: NodeSnapshot | undefined, now: NodeSnapshot): readonly NodeChange[] {
  const old = bySubject(before ? linesOf(before, now) : []);
  const next = bySubject(linesOf(now, before));
  const changes: NodeChange[] = [];
  for (const key of new Set([...old.keys(), ...next.keys()])) {
    const a = old.get(key) ?? [];
    const b = next.get(key) ?? [];
    const [sort, subject] = a[0] ?? b[0] ?? ['nft', ''];
    const gone = without(a, b);
    const come = without(b, a);
    if (gone.length === 1 && come.length === 1) {
      changes.push({ kind: 'other', sort, subject, before: gone[0] ?? null, after: come[0] ?? null });
      continue;
    }
    for (const value of gone) changes.push({ kind: 'other', sort, subject, before: value, after: null });
    for (const value of come) changes.push({ kind: 'other', sort, subject, before: null, after: value });
  }
  return changes;
}

function bySubject(lines: readonly Line[]): Map<string, Line[]> {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const key = `${line[0]} ${line[1]}`;
    const group = groups.get(key);
    if (group) group.push(line);
    else groups.set(key, [line]);
  }
  return groups;
}

function without(lines: readonly Line[], others: readonly Line[]): readonly string[] {
  const known = new Set(others.map(([, , value]) => value));
  return lines.map(([, , value]) => value).filter((value) => !known.has(value));
}

/** Of parts that are the very same in `other` there are none: they are most of a node. */
function linesOf(node: NodeSnapshot, other: NodeSnapshot | undefined): readonly Line[] {
  const part = <Part>(of: (node: NodeSnapshot) => Part, lines: (part: Part) => readonly Line[]): readonly Line[] =>
    other !== undefined && of(other) === of(node) ? [] : lines(of(node));
  return [
    ...part(
      ({ addresses }) => addresses,
      (all) => all.map((one): Line => ['address', `on ${one.interface}`, `${one.address}/${one.prefix}`]),
    ),
    ...part(
      ({ routes }) => routes,
      (all) =>
        all
          .filter(({ table }) => table === 'main')
          .map((one): Line => {
            const via = one.via === null ? '' : `via ${one.via} `;
            return ['route', `to ${one.destination}`, `${via}dev ${one.interface ?? '-'}`];
          }),
    ),
    ...part(
      ({ listeners }) => listeners,
      (all) => all.map((one): Line => ['listener', `${one.protocol} ${one.address}:${one.port}`, 'listens']),
    ),
    ...part(
      ({ sysctls }) => sysctls,
      (all) => Object.entries(all).map(([name, value]): Line => ['sysctl', name, value]),
    ),
    ...part(
      ({ ipsets }) => ipsets,
      (all) =>
        all.flatMap((set): Line[] => [
          ['ipset', set.name, `type ${set.type}`],
          ...set.entries.map((entry): Line => ['ipset', set.name, entry]),
        ]),
    ),
    ...part(
      ({ nftTables }) => nftTables,
      (all) => all.flatMap(nftLines),
    ),
  ];
}

/** A table of family inet has the same rules for both. */
function nftLines({ family, name, read, json }: NodeSnapshot['nftTables'][number]): readonly Line[] {
  const own: NftTable | null = read?.ipv4 ?? read?.ipv6 ?? readNftTable(json, 'ipv4') ?? readNftTable(json, 'ipv6');
  if (own === null) return [];
  return [
    ['nft', `${family} ${name}`, 'table'],
    ...own.table.chains.flatMap((chain): Line[] => [
      ['nft', `${family} ${name}`, `chain ${chain.name}`],
      ...chain.rules.map(
        (rule): Line => [
          'nft',
          `${family} ${name} ${chain.name}`,
          rule.words.join(' ') || 'a rule that cannot be shown',
        ],
      ),
    ]),
  ];
}
