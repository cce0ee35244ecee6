import type { ChangeWords } from '../contract/procedures/timeline.ts';
import { baseText, describeRule, printRule, type Rule, ruleToNft } from '../netfilter/index.ts';
import type { Family } from '../netfilter/model.ts';
import type { NodeChange, OtherSort } from './node-changes.ts';

type RuleChange = Extract<NodeChange, { kind: 'rules' }>;

/** One change as people read it. */
export function changeWords(change: NodeChange): ChangeWords {
  return change.kind === 'rules' ? editWords(change) : otherWords(change);
}

function editWords({ family, backend, edit }: RuleChange): ChangeWords {
  const of = `${family === 'ipv6' ? 'IPv6 ' : ''}${backend === 'legacy' ? 'legacy ' : ''}${edit.table}`;
  const place = 'chain' in edit ? `${of} ${edit.chain}` : of;
  const plain = (effect: ChangeWords['effect'], what: string): ChangeWords => ({
    effect,
    what,
    rule: null,
    meaning: null,
    before: null,
  });
  const ofRule = (effect: ChangeWords['effect'], what: string, rule: Rule, before?: Rule): ChangeWords => ({
    effect,
    what,
    rule: ruleText(rule, family),
    meaning: describeRule(rule),
    before: before === undefined ? null : ruleText(before, family),
  });
  switch (edit.kind) {
    case 'unreadable':
      return plain('changed', `${of} cannot be read: ${edit.message}`);
    case 'chain-added':
      return plain('added', `made chain ${edit.chain} in ${of}`);
    case 'chain-removed':
      return plain('removed', `removed chain ${edit.chain} from ${of}`);
    case 'policy':
      return plain(
        'changed',
        `set the policy of ${place} to ${edit.after ?? 'none'} (it was ${edit.before ?? 'none'})`,
      );
    case 'base':
      return plain('changed', `${place}: ${baseText(edit.before)}, now ${baseText(edit.after)}`);
    case 'added':
      return ofRule('added', `added rule ${edit.to} to ${place}`, edit.rule);
    case 'removed':
      return ofRule('removed', `removed rule ${edit.from} from ${place}`, edit.rule);
    case 'moved':
      return ofRule('changed', `moved rule ${edit.from} of ${place} to place ${edit.to}`, edit.rule);
    case 'changed':
      return ofRule('changed', `changed rule ${edit.to} of ${place}`, edit.after, edit.before);
    case 'counters':
      return plain('changed', `counters of rule ${edit.to} of ${place}`);
  }
}

/** nft's words for a rule that it wrote into a table of iptables. */
export function ruleText(rule: Rule, family: Family): string {
  const translation = rule.origin === 'nft' ? ruleToNft(rule, family) : null;
  if (translation !== null && 'nft' in translation) return translation.nft;
  return printRule(rule) || '(a rule without conditions or target)';
}

function otherWords({ sort, subject, before, after }: Extract<NodeChange, { kind: 'other' }>): ChangeWords {
  const effect = before === null ? 'added' : after === null ? 'removed' : 'changed';
  const what = {
    added: () => sentences[sort].added(subject, after ?? ''),
    removed: () => sentences[sort].removed(subject, before ?? ''),
    changed: () => sentences[sort].changed(subject, before ?? '', after ?? ''),
  }[effect]();
  return { effect, what, rule: null, meaning: null, before: null };
}

interface Sentences {
  added(subject: string, value: string): string;
  removed(subject: string, value: string): string;
  changed(subject: string, before: string, after: string): string;
}

const sentences: Readonly<Record<OtherSort, Sentences>> = {
  address: {
    added: (subject, value) => `added address ${value} ${subject}`,
    removed: (subject, value) => `removed address ${value} ${subject}`,
    changed: (subject, before, after) => `changed the address ${subject} from ${before} to ${after}`,
  },
  route: {
    added: (subject, value) => `added the route ${subject} ${value}`,
    removed: (subject, value) => `removed the route ${subject} ${value}`,
    changed: (subject, before, after) => `changed the route ${subject} from ${before} to ${after}`,
  },
  sysctl: {
    added: (subject, value) => `${subject} = ${value} is there`,
    removed: (subject) => `${subject} is gone`,
    changed: (subject, before, after) => `set ${subject} to ${after} (it was ${before})`,
  },
  listener: {
    added: (subject) => `something listens on ${subject}`,
    removed: (subject) => `nothing listens on ${subject} any more`,
    changed: (subject) => `${subject} is another listener`,
  },
  ipset: {
    added: (subject, value) => `added ${value} to the set ${subject}`,
    removed: (subject, value) => `removed ${value} from the set ${subject}`,
    changed: (subject, before, after) => `replaced ${before} in the set ${subject} by ${after}`,
  },
  nft: {
    added: (subject, value) => `added ${value} to nft ${subject}`,
    removed: (subject, value) => `removed ${value} from nft ${subject}`,
    changed: (subject, before, after) => `replaced ${before} in nft ${subject} by ${after}`,
  },
};

/** One sentence for many: how many of which sort, and where. */
export function summaryOf(changes: readonly NodeChange[]): string {
  const [only, ...more] = changes;
  if (only === undefined) return 'changed nothing that is left';
  if (more.length === 0) return changeWords(only).what;
  const counts = new Map<string, number>();
  const places = new Set<string>();
  for (const change of changes) {
    const noun = nounOf(change);
    counts.set(noun, (counts.get(noun) ?? 0) + 1);
    if (change.kind === 'rules') places.add(`${change.family === 'ipv6' ? 'IPv6 ' : ''}${change.edit.table}`);
  }
  const parts = [...counts].map(([noun, count]) => `${count.toLocaleString('en')} ${counted(noun, count)}`);
  const where = places.size === 0 || places.size > 3 ? '' : ` in ${[...places].join(', ')}`;
  return `${parts.join(', ')}${where}`;
}

function nounOf(change: NodeChange): string {
  if (change.kind === 'other') {
    const verb = change.before === null ? 'added' : change.after === null ? 'removed' : 'changed';
    return `${otherNouns[change.sort]} ${verb}`;
  }
  switch (change.edit.kind) {
    case 'chain-added':
      return 'chain made';
    case 'chain-removed':
      return 'chain removed';
    case 'policy':
      return 'policy set';
    case 'added':
    case 'removed':
    case 'moved':
    case 'changed':
      return `rule ${change.edit.kind}`;
    default:
      return 'other change';
  }
}

const otherNouns: Readonly<Record<OtherSort, string>> = {
  address: 'address',
  route: 'route',
  sysctl: 'sysctl',
  listener: 'listener',
  ipset: 'set entry',
  nft: 'line of nft',
};

const plurals: Readonly<Record<string, string>> = {
  address: 'addresses',
  policy: 'policies',
  'set entry': 'set entries',
  'line of nft': 'lines of nft',
  'other change': 'other changes',
};

/** "rule added", "rules added". */
function counted(noun: string, count: number): string {
  if (count === 1) return noun;
  const known = Object.keys(plurals).find((one) => noun.startsWith(one));
  if (known !== undefined) return noun.replace(known, plurals[known] ?? known);
  return noun.replace(/^\S+/, '$&s');
}
