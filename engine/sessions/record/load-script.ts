import { builtinChains, printSave } from '../../netfilter/index.ts';
import type { Family, Ruleset, Table } from '../../netfilter/model.ts';
import type { NodeSnapshot, Route, SnapshotSection } from '../../observe/snapshot.ts';
import { shellQuote } from '../../runtime/shell-quote.ts';

/** Bash for a node that makes it from one state to another, as a learner could have, and what of the state no script can make. */
export interface LoadScript {
  /** Empty: nothing is otherwise. */
  readonly script: string;
  readonly left: readonly SnapshotSection[];
}

/**
 * Sets first, since rules name them; each table that is otherwise in one transaction, without counters: those have to be earned by packets.
 */
export function loadScript(from: NodeSnapshot, to: NodeSnapshot): LoadScript {
  const left: SnapshotSection[] = [];
  if (ownTables(from) !== ownTables(to)) left.push('nft');
  if (JSON.stringify(from.policyRules) !== JSON.stringify(to.policyRules)) left.push('policy-rules');
  if (JSON.stringify(from.listeners) !== JSON.stringify(to.listeners)) left.push('listeners');
  if (to.rulesets.some(({ ruleset }) => ruleset.tables.some(isUnprintable))) left.push('iptables');
  const lines = [...sysctls(from, to), ...sets(from, to), ...rules(from, to), ...network(from, to)];
  return { script: lines.join('\n'), left };
}

/** iptables-save could not print it, and so nobody can restore it. */
const isUnprintable = ({ unreadable, chains }: Table): boolean =>
  unreadable !== undefined || chains.some((chain) => chain.rules.some(({ origin }) => origin === 'nft'));

function sysctls(from: NodeSnapshot, to: NodeSnapshot): string[] {
  return Object.entries(to.sysctls).flatMap(([name, value]) =>
    from.sysctls[name] === value || !/^net\.[\w./-]+$/.test(name)
      ? []
      : [`sysctl -qw ${shellQuote(`${name}=${value}`)} || exit`],
  );
}

/** A set that rules use cannot be destroyed: it is filled anew, and those that are gone go last. */
function sets(from: NodeSnapshot, to: NodeSnapshot): string[] {
  const before = new Map(from.ipsets.map((set) => [set.name, JSON.stringify(set)]));
  const changed = to.ipsets.filter((set) => before.get(set.name) !== JSON.stringify(set));
  if (changed.length === 0) return [];
  const restore = changed.flatMap(({ name, type, header, entries }) => [
    `create ${name} ${type} ${header} -exist`,
    `flush ${name}`,
    ...entries.map((entry) => `add ${name} ${entry} -exist`),
  ]);
  return [`printf %s ${shellQuote(`${restore.join('\n')}\n`)} | ipset restore || exit`];
}

const restorers: Readonly<Record<Family, Readonly<Record<'nft' | 'legacy', string>>>> = {
  ipv4: { nft: 'iptables-nft-restore', legacy: 'iptables-legacy-restore' },
  ipv6: { nft: 'ip6tables-nft-restore', legacy: 'ip6tables-legacy-restore' },
};

function rules(from: NodeSnapshot, to: NodeSnapshot): string[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) =>
    (['nft', 'legacy'] as const).flatMap((backend) => {
      const before = tablesOf(from, family, backend);
      const after = tablesOf(to, family, backend);
      const changed = [...after].filter(([name, text]) => before.get(name) !== text).map(([, text]) => text);
      const gone = [...before.keys()].filter((name) => !after.has(name)).map(emptyTable);
      return [...changed, ...gone].map(
        (text) => `printf %s ${shellQuote(text)} | ${restorers[family][backend]} || exit`,
      );
    }),
  );
}

/** Each table as a dump of its own, without counters. */
function tablesOf(snapshot: NodeSnapshot, family: Family, backend: 'nft' | 'legacy'): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { ruleset } of snapshot.rulesets.filter((one) => one.family === family && one.backend === backend)) {
    for (const table of ruleset.tables) if (table.unreadable === undefined) texts.set(table.name, dump(ruleset, table));
  }
  return texts;
}

const dump = ({ family }: Ruleset, table: Table): string =>
  printSave({ family, tables: [table], remarks: [] }, { counters: false });

/** What iptables leaves of a table that was flushed. */
const emptyTable = (name: string): string =>
  [`*${name}`, ...(builtinChains[name] ?? []).map((chain) => `:${chain} ACCEPT`), 'COMMIT', ''].join('\n');

function network(from: NodeSnapshot, to: NodeSnapshot): string[] {
  const wasUp = new Map(from.links.map(({ name, up }) => [name, up]));
  const links = to.links
    .filter(({ name, up }) => wasUp.has(name) && wasUp.get(name) !== up)
    .map(({ name, up }) => `ip link set dev ${shellQuote(name)} ${up ? 'up' : 'down'} || exit`);
  const addresses = differences(from.addresses, to.addresses).map(
    ({ added, one }) =>
      `ip address ${added ? 'replace' : 'del'} ${shellQuote(`${one.address}/${one.prefix}`)} dev ${shellQuote(one.interface)}`,
  );
  const isMain = (route: Route) => route.table === 'main' && route.type === 'unicast';
  const routes = differences(from.routes.filter(isMain), to.routes.filter(isMain)).map(
    ({ added, one }) => `ip ${one.family === 'ipv6' ? '-6 ' : ''}route ${added ? 'replace' : 'del'} ${routeWords(one)}`,
  );
  return [...links, ...addresses, ...routes];
}

function routeWords({ destination, via, interface: link, source, metric }: Route): string {
  const words = [destination, ...(via ? ['via', via] : []), ...(link ? ['dev', link] : [])];
  return [...words, ...(source ? ['src', source] : []), ...(metric === null ? [] : ['metric', String(metric)])]
    .map(shellQuote)
    .join(' ');
}

/** What is gone, then what is new. */
function differences<T>(from: readonly T[], to: readonly T[]): readonly { added: boolean; one: T }[] {
  const before = new Set(from.map((one) => JSON.stringify(one)));
  const after = new Set(to.map((one) => JSON.stringify(one)));
  return [
    ...from.filter((one) => !after.has(JSON.stringify(one))).map((one) => ({ added: false, one })),
    ...to.filter((one) => !before.has(JSON.stringify(one))).map((one) => ({ added: true, one })),
  ];
}

/** As far as a comparison needs them; counters apart. */
const ownTables = ({ nftTables }: NodeSnapshot): string =>
  JSON.stringify(
    nftTables.map(({ family, name, read }) => [family, name, read]),
    (key, value: unknown) => (key === 'counters' || key === 'handle' ? undefined : value),
  );
