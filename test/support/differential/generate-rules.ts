/** Rulesets of all five tables, as text for iptables-restore. */

import fc from 'fast-check';
import type { Family } from '../../../engine/netfilter/index.ts';
import { type Match, matches, ofProtocol, type Place } from './generate-matches.ts';
import { pools } from './pools.ts';

export interface GeneratedRule {
  readonly table: string;
  readonly chain: string;
  readonly matches: readonly Match[];
  /** With `-j` or `-g`; empty for a rule that only counts. */
  readonly target: string;
  /** The target's doing depends on more than the packet and the host. */
  readonly outside?: true;
}

export interface GeneratedRuleset {
  readonly rules: readonly GeneratedRule[];
  /** `TABLE CHAIN` whose policy is DROP. */
  readonly dropping: readonly string[];
}

export const tables = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
} as const;

/** A chain calls only those after it, so there are no circles. In nat the two groups are for destinations and for sources. */
const own = ['one', 'two', 'three', 'four'];
const ownOfSources = ['src1', 'src2', 'src3', 'src4'];

type Texts = fc.Arbitrary<string>;
const from = (...texts: readonly string[]): Texts => fc.constantFrom(...texts);

function onward(chain: string, chains: readonly string[]): Texts | null {
  const after = chains.slice(chains.indexOf(chain) + 1);
  if (after.length === 0) return null;
  return fc.tuple(from('-j', '-j', '-j', '-g'), fc.constantFrom(...after)).map(([how, name]) => `${how} ${name}`);
}

const masks = from('0x1', '0x4', '0xff', '0x1/0xff', '0x4/0xc', '0x10/0xf0', '0xffffffff');
const number = from('0x1', '0x4', '0xf0', '0xffffff0f');

const marking: Texts = fc.oneof(
  { weight: 4, arbitrary: masks.map((mask) => `-j MARK --set-mark ${mask}`) },
  { weight: 2, arbitrary: masks.map((mask) => `-j MARK --set-xmark ${mask}`) },
  {
    weight: 3,
    arbitrary: fc.tuple(from('and', 'or', 'xor'), number).map(([how, bits]) => `-j MARK --${how}-mark ${bits}`),
  },
);

const markingConnections: Texts = fc.oneof(
  { weight: 3, arbitrary: masks.map((mask) => `-j CONNMARK --set-mark ${mask}`) },
  { weight: 1, arbitrary: masks.map((mask) => `-j CONNMARK --set-xmark ${mask}`) },
  {
    weight: 1,
    arbitrary: fc.tuple(from('and', 'or', 'xor'), number).map(([how, bits]) => `-j CONNMARK --${how}-mark ${bits}`),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(from('--save-mark', '--restore-mark'), from('', '', ' --nfmask 0xf --ctmask 0xff', ' --mask 0xf'))
      .map((parts) => `-j CONNMARK ${parts.join('')}`),
  },
);

const rejecting = (family: Family): Texts =>
  family === 'ipv6'
    ? from('-j REJECT', '-j REJECT --reject-with icmp6-adm-prohibited', '-j REJECT --reject-with icmp6-no-route')
    : from(
        '-j REJECT',
        '-j REJECT --reject-with icmp-host-prohibited',
        '-j REJECT --reject-with icmp-admin-prohibited',
      );

const common: Texts = from('-j ACCEPT', '-j ACCEPT', '-j DROP', '-j RETURN', '', '-j NFLOG --nflog-group 3');

function filterTarget({ family }: Place): Texts {
  return fc.oneof(
    { weight: 8, arbitrary: common },
    { weight: 2, arbitrary: rejecting(family) },
    { weight: 1, arbitrary: marking },
    { weight: 1, arbitrary: from('-j LOG --log-prefix "diff "') },
  );
}

function mangleTarget({ family, hook }: Place): Texts {
  const name = family === 'ipv6' ? '-j HL --hl' : '-j TTL --ttl';
  return fc.oneof(
    { weight: 3, arbitrary: common },
    { weight: 4, arbitrary: marking },
    { weight: 3, arbitrary: markingConnections },
    { weight: 2, arbitrary: from('-set 64', '-set 1', '-inc 5', '-dec 1', '-dec 10').map((how) => `${name}${how}`) },
    {
      weight: 1,
      arbitrary: from(
        '-j DSCP --set-dscp 0x2e',
        '-j DSCP --set-dscp-class CS1',
        '-j TOS --set-tos 0x10/0xff',
        '-j TOS --or-tos 0x04',
      ),
    },
    {
      weight: 1,
      arbitrary: from(
        hook === 'FORWARD' || hook === 'OUTPUT' || hook === 'POSTROUTING' ? '-j CLASSIFY --set-class 1:2' : '',
      ),
    },
  );
}

const rawTarget: Texts = fc.oneof(
  { weight: 3, arbitrary: common },
  { weight: 3, arbitrary: from('-j NOTRACK', '-j CT --notrack', '-j TRACE') },
  { weight: 1, arbitrary: marking },
);

/** Ports go with a protocol that has them. */
interface NatTarget {
  readonly target: string;
  readonly ports?: true;
  readonly outside?: true;
}

function natTarget({ family, hook }: Place, sources: boolean): fc.Arbitrary<NatTarget> {
  const { local, behind } = pools[family];
  const six = family === 'ipv6';
  const address = fc.constantFrom(...behind.eth0, ...behind.eth1, ...behind.eth2, ...local, six ? '::1' : '127.0.0.1');
  const withPort = fc
    .tuple(address, from('80', '8080', '33000'))
    .map(([host, port]) => (six ? `[${host}]:${port}` : `${host}:${port}`));
  const netmaps = six ? from('fd00:2::/64', 'fd00:1::/125') : from('10.0.2.0/24', '10.0.1.0/29', '10.9.0.0/16');
  const plain = common.filter((text) => text !== '-j DROP').map((target): NatTarget => ({ target }));
  const one = (texts: Texts, more: Partial<NatTarget> = {}) => texts.map((target): NatTarget => ({ target, ...more }));
  if (sources) {
    return fc.oneof(
      { weight: 3, arbitrary: plain },
      { weight: 3, arbitrary: one(address.map((host) => `-j SNAT --to-source ${host}`)) },
      {
        weight: 2,
        arbitrary: one(
          withPort.map((host) => `-j SNAT --to-source ${host}`),
          { ports: true },
        ),
      },
      {
        weight: 1,
        arbitrary: one(
          from(six ? '-j SNAT --to-source fd00:2::1-fd00:2::5' : '-j SNAT --to-source 10.0.2.1-10.0.2.5'),
          { outside: true },
        ),
      },
      {
        weight: 1,
        arbitrary: one(
          from(six ? '-j SNAT --to-source [fd00:2::1]:40000-40100' : '-j SNAT --to-source 10.0.2.1:40000-40100'),
          { ports: true, outside: true },
        ),
      },
      { weight: 1, arbitrary: one(netmaps.map((to) => `-j NETMAP --to ${to}`)) },
      ...(hook === 'POSTROUTING'
        ? [
            { weight: 5, arbitrary: one(from('-j MASQUERADE')) },
            { weight: 1, arbitrary: one(from('-j MASQUERADE --to-ports 40000'), { ports: true }) },
          ]
        : []),
    );
  }
  return fc.oneof(
    { weight: 3, arbitrary: plain },
    { weight: 3, arbitrary: one(address.map((host) => `-j DNAT --to-destination ${host}`)) },
    {
      weight: 3,
      arbitrary: one(
        withPort.map((host) => `-j DNAT --to-destination ${host}`),
        { ports: true },
      ),
    },
    { weight: 2, arbitrary: one(from('-j REDIRECT')) },
    {
      weight: 3,
      arbitrary: one(
        from('-j REDIRECT --to-ports 8080', '-j REDIRECT --to-ports 22', '-j DNAT --to-destination :443'),
        { ports: true },
      ),
    },
    { weight: 1, arbitrary: one(from('-j REDIRECT --to-ports 2000-2010'), { ports: true, outside: true }) },
    { weight: 1, arbitrary: one(netmaps.map((to) => `-j NETMAP --to ${to}`)) },
    { weight: 1, arbitrary: one(marking) },
  );
}

function rule(family: Family, table: keyof typeof tables, chain: string): fc.Arbitrary<GeneratedRule> {
  const builtin = tables[table] as readonly string[];
  const hook = builtin.includes(chain) ? (chain as Place['hook']) : null;
  const place: Place = { family, table, hook };
  const sources = ownOfSources.includes(chain) || chain === 'INPUT' || chain === 'POSTROUTING';
  const chains = table === 'nat' && sources ? ownOfSources : own;
  const jump = table === 'nat' && chain === 'INPUT' ? null : onward(chain, chains);
  const plain: fc.Arbitrary<NatTarget> =
    table === 'nat'
      ? natTarget(place, sources)
      : { raw: rawTarget, mangle: mangleTarget(place), filter: filterTarget(place), security: common }[table].map(
          (target) => ({ target }),
        );
  const calling: fc.Arbitrary<GeneratedRule>[] =
    jump === null
      ? []
      : [
          fc
            .tuple(fc.oneof(fc.constant([]), matches(place)), jump)
            .map(([found, target]) => ({ table, chain, matches: found, target })),
        ];
  const reset: fc.Arbitrary<GeneratedRule> = fc.tuple(matches(place), ofProtocol('tcp')).map(([found, tcp]) => ({
    table,
    chain,
    matches: [{ text: tcp }, ...without(found, tcp)],
    target: '-j REJECT --reject-with tcp-reset',
  }));
  const segments: fc.Arbitrary<GeneratedRule> = fc
    .tuple(matches(place), from('--set-mss 1300', '--set-mss 1450', '--clamp-mss-to-pmtu'))
    .map(([found, how]) => ({
      table,
      chain,
      matches: [{ text: '-p tcp --tcp-flags SYN,RST SYN' }, ...without(found, '')],
      target: `-j TCPMSS ${how}`,
    }));
  const clamping = table === 'mangle' && (hook === 'FORWARD' || hook === 'OUTPUT' || hook === 'POSTROUTING');
  const usual = fc.tuple(matches(place), plain, fc.oneof(ofProtocol('tcp'), ofProtocol('udp'))).map(
    ([found, { target, ports, outside }, protocol]): GeneratedRule => ({
      table,
      chain,
      matches: ports === true ? [{ text: protocol }, ...without(found, protocol)] : found,
      target,
      ...(outside === true ? { outside } : {}),
    }),
  );
  return fc.oneof(
    { weight: 25, arbitrary: usual },
    { weight: table === 'filter' ? 1 : 0, arbitrary: reset },
    { weight: clamping ? 2 : 0, arbitrary: segments },
    ...calling.map((arbitrary) => ({ weight: 20, arbitrary })),
  );
}

/** What does not stand in the way of a protocol that a rule needs. */
const without = (found: readonly Match[], protocol: string): readonly Match[] =>
  found.filter(
    ({ text }) => !/-p /.test(text) && !(text.includes('-m multiport') && protocol.includes('-m multiport')),
  );

function inTable(family: Family, table: keyof typeof tables): fc.Arbitrary<GeneratedRule> {
  const builtin = tables[table] as readonly string[];
  const users = table === 'nat' ? [...own, ...ownOfSources] : own;
  return fc
    .oneof({ weight: 5, arbitrary: fc.constantFrom(...builtin) }, { weight: 4, arbitrary: fc.constantFrom(...users) })
    .chain((chain) => rule(family, table, chain));
}

/** A ruleset of at most `most` rules. In most of them everything can be told from the packet and the host. */
export const ruleset = (family: Family, most = 30): fc.Arbitrary<GeneratedRuleset> =>
  fc
    .tuple(anyRuleset(family, most), fc.nat(3))
    .map(([made, beyond]) => (beyond === 0 ? made : { ...made, rules: made.rules.filter((one) => !isOutside(one)) }));

const isOutside = (rule: GeneratedRule): boolean =>
  rule.outside === true || rule.matches.some((found) => found.outside === true);

/** The tables that a ruleset is about: few at a time, so that their chains have rules enough to call each other. */
const subjects: fc.Arbitrary<readonly (keyof typeof tables)[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(['filter'] as const) },
  { weight: 3, arbitrary: fc.constant(['nat'] as const) },
  { weight: 3, arbitrary: fc.constant(['mangle'] as const) },
  { weight: 2, arbitrary: fc.constant(['raw', 'filter'] as const) },
  { weight: 3, arbitrary: fc.constant(['nat', 'filter'] as const) },
  { weight: 3, arbitrary: fc.constant(['mangle', 'nat'] as const) },
  { weight: 1, arbitrary: fc.constant(['mangle', 'security'] as const) },
  { weight: 3, arbitrary: fc.constant(['raw', 'mangle', 'nat', 'filter', 'security'] as const) },
);

const anyRuleset = (family: Family, most: number): fc.Arbitrary<GeneratedRuleset> =>
  fc.record({
    rules: subjects.chain((about) =>
      fc.array(fc.oneof(...about.map((table) => inTable(family, table))), {
        minLength: 1,
        maxLength: most,
        size: 'max',
      }),
    ),
    dropping: fc.oneof(
      { weight: 3, arbitrary: fc.constant<string[]>([]) },
      {
        weight: 1,
        arbitrary: fc.subarray(
          ['filter INPUT', 'filter FORWARD', 'filter OUTPUT', 'mangle FORWARD', 'raw PREROUTING'],
          {
            minLength: 1,
            maxLength: 2,
          },
        ),
      },
    ),
  });

/** The text for iptables-restore: all five tables, so that nothing of the ruleset before is left. */
export function rulesetText({ rules, dropping }: GeneratedRuleset): string {
  const lines: string[] = [];
  for (const [table, builtin] of Object.entries(tables)) {
    lines.push(`*${table}`);
    for (const chain of builtin)
      lines.push(`:${chain} ${dropping.includes(`${table} ${chain}`) ? 'DROP' : 'ACCEPT'} [0:0]`);
    const here = rules.filter((one) => one.table === table);
    const users = table === 'nat' ? [...own, ...ownOfSources] : own;
    const mentioned = (name: string) => here.some((one) => one.chain === name || one.target.endsWith(` ${name}`));
    for (const name of users) if (mentioned(name)) lines.push(`:${name} - [0:0]`);
    for (const { chain, matches: found, target } of here) {
      lines.push(['-A', chain, ...found.map(({ text }) => text), target].filter((part) => part !== '').join(' '));
    }
    lines.push('COMMIT');
  }
  return `${lines.join('\n')}\n`;
}

/** Whether anything in it asks for what no packet and no host state tells. */
export const asksOutside = ({ rules }: GeneratedRuleset): boolean => rules.some(isOutside);
