import type { Rule } from '../netfilter/model.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';
import type { NodeChange } from './node-changes.ts';

type RuleChange = Extract<NodeChange, { kind: 'rules' }>;
type OtherChange = Extract<NodeChange, { kind: 'other' }>;
type Edit = RuleChange['edit'];
type ChainEdit = Extract<Edit, { chain: string }>;

export interface ChangeCommands {
  /** In an order in which each can run. */
  readonly commands: readonly string[];
  /** Places whose changes cannot be written as commands of iptables, ip, sysctl and ipset. */
  readonly untold: readonly string[];
}

/** Commands that make these changes of a node that is as `before`. */
export function changeCommands(changes: readonly NodeChange[], before: NodeSnapshot | undefined): ChangeCommands {
  const untold = new Set<string>();
  const commands: string[] = [];
  for (const table of byTable(changes)) commands.push(...tableCommands(table, before, untold));
  for (const change of changes) if (change.kind === 'other') commands.push(...otherCommands(change, untold));
  return { commands, untold: [...untold] };
}

function byTable(changes: readonly NodeChange[]): readonly (readonly RuleChange[])[] {
  const groups = new Map<string, RuleChange[]>();
  for (const change of changes) {
    if (change.kind !== 'rules') continue;
    const key = `${change.family} ${change.backend} ${change.edit.table}`;
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()];
}

/** New chains first, for rules may jump to them; chains that go last, when none does any more; a policy last of all, so that it cuts nobody off. */
function tableCommands(
  changes: readonly RuleChange[],
  before: NodeSnapshot | undefined,
  untold: Set<string>,
): readonly string[] {
  const [change] = changes;
  if (change === undefined) return [];
  const { family, backend, edit } = change;
  const program = `${family === 'ipv6' ? 'ip6tables' : 'iptables'}${backend === 'legacy' ? '-legacy' : ''}`;
  const call = `${program}${edit.table === 'filter' ? '' : ` -t ${edit.table}`}`;
  const table = before?.rulesets
    .find((one) => one.family === family && one.backend === backend)
    ?.ruleset.tables.find(({ name }) => name === edit.table);
  const edits = changes.map((one) => one.edit);
  const gone = new Set(edits.flatMap((one) => (one.kind === 'chain-removed' ? [one.chain] : [])));
  const chains = new Map<string, ChainEdit[]>();
  for (const one of edits) {
    if (!('chain' in one) || one.kind === 'base') untold.add(`${edit.table} of ${program}`);
    else if (!gone.has(one.chain)) chains.set(one.chain, [...(chains.get(one.chain) ?? []), one]);
  }
  const made = edits.flatMap((one) => (one.kind === 'chain-added' ? [`${call} -N ${quoted(one.chain)}`] : []));
  const rules = [...chains].flatMap(([name, ofChain]) => {
    const length = table?.chains.find((chain) => chain.name === name)?.rules.length ?? 0;
    const lines = chainCommands(call, name, ofChain, length);
    if (lines === null) untold.add(`${edit.table} ${name}, which has rules that iptables did not write`);
    return lines ?? [];
  });
  const policies = edits.flatMap((one) =>
    one.kind === 'policy' && one.after !== null ? [`${call} -P ${quoted(one.chain)} ${one.after}`] : [],
  );
  const removed = [...gone].map((name) => quoted(name));
  return [
    ...made,
    ...rules,
    ...removed.map((name) => `${call} -F ${name}`),
    ...removed.map((name) => `${call} -X ${name}`),
    ...policies,
  ];
}

/** null where a rule is none of iptables'. From the last to the first they go, from the first to the last they come: so the numbers hold. */
function chainCommands(
  call: string,
  chain: string,
  edits: readonly ChainEdit[],
  length: number,
): readonly string[] | null {
  const deletions: number[] = [];
  const arrivals: { readonly to: number; readonly rule: Rule }[] = [];
  const replaced: { readonly to: number; readonly rule: Rule }[] = [];
  const all: Rule[] = [];
  for (const edit of edits) {
    if (edit.kind === 'added' || edit.kind === 'moved') arrivals.push({ to: edit.to, rule: edit.rule });
    if (edit.kind === 'removed' || edit.kind === 'moved') deletions.push(edit.from);
    if (edit.kind === 'changed') replaced.push({ to: edit.to, rule: edit.after });
    if (edit.kind === 'changed') all.push(edit.before, edit.after);
    if ('rule' in edit) all.push(edit.rule);
  }
  if (all.some((rule) => rule.origin === 'nft' || rule.action.kind === 'unseen')) return null;
  const name = quoted(chain);
  const inPlace = deletions.length + arrivals.length === 0;
  if (!inPlace) {
    for (const edit of edits) if (edit.kind === 'changed') deletions.push(edit.from);
    arrivals.push(...replaced.splice(0));
  }
  let now = length - deletions.length;
  const come = arrivals
    .sort((a, b) => a.to - b.to)
    .map(({ to, rule }) => {
      now += 1;
      return `${call} ${to === now ? `-A ${name}` : `-I ${name} ${to}`} ${words(rule)}`.trim();
    });
  return [
    ...deletions.sort((a, b) => b - a).map((from) => `${call} -D ${name} ${from}`),
    ...come,
    ...replaced.map(({ to, rule }) => `${call} -R ${name} ${to} ${words(rule)}`.trim()),
  ];
}

const words = (rule: Rule): string => rule.words.map(quoted).join(' ');

/** As a shell takes it; plain where it is plain. */
function quoted(word: string): string {
  return /^[\w@%+=:,./!-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function otherCommands({ sort, subject, before, after }: OtherChange, untold: Set<string>): readonly string[] {
  const rest = subject.replace(/^(?:on|to) /, '');
  switch (sort) {
    case 'sysctl':
      return after === null ? [] : [`sysctl -w ${quoted(`${subject}=${after}`)}`];
    case 'address':
      return [
        ...(before === null ? [] : [`ip address del ${before} dev ${quoted(rest)}`]),
        ...(after === null ? [] : [`ip address add ${after} dev ${quoted(rest)}`]),
      ];
    case 'route': {
      const family = rest.includes(':') || before?.includes(':') || after?.includes(':') ? 'ip -6' : 'ip';
      if (before !== null && after !== null) return [`${family} route replace ${rest} ${after}`];
      return [after === null ? `${family} route del ${rest} ${before}` : `${family} route add ${rest} ${after}`];
    }
    case 'ipset':
      if ([before, after].some((value) => value?.startsWith('type '))) {
        untold.add(`the set ${subject}, which was made or destroyed`);
        return [];
      }
      return [
        ...(before === null ? [] : [`ipset del ${quoted(subject)} ${before.split(' ').map(quoted).join(' ')}`]),
        ...(after === null ? [] : [`ipset add ${quoted(subject)} ${after.split(' ').map(quoted).join(' ')}`]),
      ];
    case 'nft':
      untold.add(`the table ${subject.split(' ').slice(0, 2).join(' ')} of nft`);
      return [];
    case 'listener':
      // A program that listens is no setting.
      return [];
  }
}
