import type { RuleView } from '../../contract/procedures/netfilter.ts';
import {
  type Action,
  describeRule,
  type Family,
  listColumns,
  printRule,
  type Rule,
  ruleToNft,
} from '../../netfilter/index.ts';

/** What a window shows of a rule that stays the same while its counters go. */
export type RuleBody = Pick<RuleView, 'text' | 'words' | 'columns' | 'effect' | 'jumpsTo'>;

/** One rule of the kernel; nft's may be several of the model, all of them together. */
export function ruleBody(rules: readonly [Rule, ...Rule[]], family: Family, nftText: string | undefined): RuleBody {
  const [rule] = rules;
  return {
    text: nftText ?? textOf(rule, family),
    words: wordsOf(rules),
    columns: columnsOf(rules, family),
    effect: effectOf(rules),
    jumpsTo: rules.map(({ action }) => jumpOf(action)).find((chain) => chain !== null) ?? null,
  };
}

/** nft's words for a rule that it wrote into a table of iptables. */
function textOf(rule: Rule, family: Family): string {
  const translation = rule.origin === 'nft' ? ruleToNft(rule, family) : null;
  return translation !== null && 'nft' in translation ? translation.nft : printRule(rule);
}

/** More of them than that say no more to anybody. */
const mostWords = 3;

function wordsOf(rules: readonly Rule[]): string {
  const all = [...new Set(rules.slice(0, mostWords).map(describeRule))];
  const more = rules.length - mostWords;
  return more > 0 ? `${all.join(' ')} And ${more} more like it.` : all.join(' ');
}

function columnsOf(rules: readonly Rule[], family: Family): RuleView['columns'] {
  const lists = rules.slice(0, mostWords).map((rule) => listColumns(rule, family));
  const column = (name: keyof RuleView['columns']) => {
    const values = [...new Set(lists.map((list) => list[name]))];
    return rules.length > mostWords && values.length > 1 ? [...values, '…'].join(', ') : values.join(', ');
  };
  return {
    target: column('target'),
    protocol: column('protocol'),
    fragment: column('fragment'),
    in: column('in'),
    out: column('out'),
    source: column('source'),
    destination: column('destination'),
    rest: column('rest'),
  };
}

/** What ends the rule decides; what several branches share, or else `other`. */
function effectOf(rules: readonly Rule[]): RuleView['effect'] {
  const all = new Set(rules.map(({ action }) => effects[lastOf(action).kind]));
  const [only] = all;
  return all.size === 1 && only !== undefined ? only : 'other';
}

const lastOf = (action: Action): Action =>
  action.kind === 'several' ? (action.actions.at(-1) ?? { kind: 'none' }) : action;

function jumpOf(action: Action): string | null {
  const last = lastOf(action);
  return last.kind === 'jump' || last.kind === 'goto' ? last.chain : null;
}

const effects: Readonly<Record<Action['kind'], RuleView['effect']>> = {
  none: 'none',
  accept: 'accept',
  drop: 'drop',
  return: 'return',
  jump: 'jump',
  goto: 'jump',
  reject: 'reject',
  log: 'log',
  nflog: 'log',
  trace: 'log',
  redirect: 'rewrite',
  masquerade: 'rewrite',
  dnat: 'rewrite',
  snat: 'rewrite',
  netmap: 'rewrite',
  tproxy: 'rewrite',
  'set-ttl': 'rewrite',
  'set-mss': 'rewrite',
  'set-dscp': 'rewrite',
  'set-tos': 'rewrite',
  mark: 'mark',
  connmark: 'mark',
  'save-mark': 'mark',
  'restore-mark': 'mark',
  classify: 'mark',
  notrack: 'other',
  ct: 'other',
  'set-entry': 'other',
  several: 'other',
  opaque: 'other',
  unseen: 'other',
};
