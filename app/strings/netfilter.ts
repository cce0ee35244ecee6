import { counted } from './counted.ts';

/** What the view of a node's rules says. */
export const netfilterText = {
  title: 'Rules',
  node: 'Node',
  family: 'Protocol',
  families: { ipv4: 'IPv4', ipv6: 'IPv6' },
  way: 'Look at',
  ways: { hooks: 'Hooks', tables: 'Tables' },
  language: 'Rules as',
  languages: { columns: 'List', words: 'Words', syntax: 'Commands' },
  back: 'Back to where you were',
  waiting: 'Reading the rules…',
  stale: 'The rules cannot be read now. What is shown is how they last were.',
  problems: 'Not everything could be read:',
  emptyTitle: 'No rules: every packet passes',
  empty: 'Nothing was ever loaded here: no table, no chain, no policy. The first rule that you add appears at once.',
  owners: { 'iptables-nft': 'iptables', 'iptables-legacy': 'iptables-legacy', nft: 'nft’s own' },
  ownerHelp: {
    'iptables-nft': 'A table of iptables, held by nf_tables',
    'iptables-legacy': 'A table of iptables-legacy, held by x_tables: iptables itself does not show it',
    nft: 'A table made with nft: iptables does not show it',
  },
  unreadable: 'This table cannot be shown in iptables’ words:',
  tables: 'Tables',
  noChains: 'The table has no chains.',
  policy: 'policy',
  unused: 'unused: no rule leads here',
  noRules: 'no rules',
  noRulesPolicy: { ACCEPT: 'No rules: what comes by is accepted.', DROP: 'No rules: what comes by is dropped.' },
  noRulesUser: 'No rules: packets go back to the calling chain.',
  arrives: 'A packet arrives',
  leaves: 'It leaves',
  routing: 'Routing decision',
  routingHelp: 'For this machine, or for another?',
  process: 'Programs of this machine',
  processHelp: 'What they send is routed first',
  forHere: 'for this machine',
  forOthers: 'for another machine',
  conntrack: 'connection tracking',
  conntrackHelp: 'From here on packets know their connection',
  legacy: 'legacy',
  nothingHere: 'nothing here',
  map: 'How packets go through the hooks',
  columns: {
    number: '#',
    mark: 'news',
    packets: 'pkts',
    bytes: 'bytes',
    target: 'target',
    protocol: 'prot',
    fragment: 'opt',
    in: 'in',
    out: 'out',
    source: 'source',
    destination: 'destination',
    rest: 'more',
    rule: 'rule',
  },
  noTarget: 'none: it only counts',
  marks: { added: 'new', moved: 'moved', changed: 'changed', removed: 'removed' },
  previousPage: 'Previous rules',
  nextPage: 'Next rules',
  goTo: 'Go to rule',
  news: 'News',
} as const;

export const ruleCount = (count: number): string => counted(count, 'rule');
export const referenceCount = (count: number): string => counted(count, 'reference');
export const countersText = (packets: number, bytes: number): string =>
  `${counted(packets, 'packet')}, ${counted(bytes, 'byte')}`;
export const hookText = (hook: string): string => `on hook ${hook.toUpperCase()}`;
export const jumpText = (chain: string): string => `Go to chain ${chain}`;
export const pageText = (from: number, to: number, all: number): string =>
  `Rules ${from.toLocaleString('en')} to ${to.toLocaleString('en')} of ${all.toLocaleString('en')}`;
export const elsewhereText = (number: number): string => `Rule ${number.toLocaleString('en')} just changed`;
export const matchedText = (packets: number): string => `+${packets.toLocaleString('en')}`;
export const newsText = (kind: keyof typeof netfilterText.marks, chain: string, number: number): string =>
  `${chain}: rule ${number} ${netfilterText.marks[kind]}`;
