/** Matches as iptables takes them, weighted towards what can go wrong. */

import fc from 'fast-check';
import type { Family } from '../../../engine/netfilter/index.ts';
import { interfaces, marks, pools, portRanges, ports } from './pools.ts';

/** A match, and whether it asks for something that stands neither in the packet nor in the host's state. */
export interface Match {
  readonly text: string;
  readonly outside?: true;
}

/** Where the rule stands: what is allowed there. */
export interface Place {
  readonly family: Family;
  readonly table: string;
  /** null in a chain of the user's, which any hook may call. */
  readonly hook: 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING' | null;
}

type Texts = fc.Arbitrary<string>;

const from = (...texts: readonly string[]): Texts => fc.constantFrom(...texts);
const negation = fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constant('! ') });
const known = (texts: Texts): fc.Arbitrary<Match> => texts.map((text) => ({ text }));
const outside = (...texts: readonly string[]): fc.Arbitrary<Match> =>
  fc.constantFrom(...texts).map((text) => ({ text, outside: true as const }));

/** `-m module [!] option value`. iptables-nft refuses what could never match. */
const option = (before: string, name: string, values: Texts): Texts =>
  fc
    .tuple(negation, values)
    .map(([not, value]) => `${before}${value === '0.0.0.0/0' || value === '::/0' ? '' : not}${name} ${value}`);

const subset = (values: readonly string[], most = 3): Texts =>
  fc.subarray([...values], { minLength: 1, maxLength: most }).map((chosen) => chosen.join(','));

const port: Texts = fc.oneof(
  fc.constantFrom(...ports.map(String)),
  fc.constantFrom(...portRanges),
  from('http', 'domain'),
);
const multiports: Texts = fc
  .array(fc.oneof(fc.constantFrom(...ports.map(String)), from('80:443', '1000:1100', '1024:65535')), {
    minLength: 1,
    maxLength: 5,
  })
  .map((chosen) => chosen.join(','));

const flags = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const;
const tcpFlags: Texts = fc
  .oneof(fc.constantFrom('ALL', 'SYN,RST', 'SYN,ACK', 'FIN,SYN,RST,ACK'), subset(flags, 6))
  .chain((mask) =>
    fc.tuple(fc.constant(mask), fc.oneof(from('SYN', 'ACK', 'NONE', 'SYN,ACK', 'FIN,ACK'), subset(flags))),
  )
  .map(([mask, set]) => `${mask} ${set}`);

const portOptions = (protocol: string): Texts =>
  fc.oneof(
    { weight: 4, arbitrary: option('', '--dport', port) },
    { weight: 2, arbitrary: option('', '--sport', port) },
    { weight: 2, arbitrary: option('-m multiport ', '--dports', multiports) },
    { weight: 1, arbitrary: option('-m multiport ', '--sports', multiports) },
    { weight: 1, arbitrary: option('-m multiport ', '--ports', multiports) },
    { weight: 1, arbitrary: option(`-m ${protocol} `, '--dport', port) },
    { weight: 2, arbitrary: fc.constant('') },
  );

export const ofProtocol = (protocol: 'tcp' | 'udp'): Texts =>
  fc
    .tuple(
      portOptions(protocol),
      protocol === 'udp'
        ? fc.constant('')
        : fc.oneof(
            { weight: 4, arbitrary: fc.constant('') },
            { weight: 1, arbitrary: from('--syn', '! --syn') },
            { weight: 1, arbitrary: option('', '--tcp-flags', tcpFlags) },
            { weight: 1, arbitrary: option('-m tcpmss ', '--mss', from('1460', '0:1400', '1400:1460')) },
          ),
    )
    .map((parts) => [`-p ${protocol}`, ...parts.filter((part) => part !== '')].join(' '));

const icmp4: Texts = fc.oneof(
  fc.constant('-p icmp'),
  option(
    '-p icmp ',
    '--icmp-type',
    from('8', '0', 'echo-request', 'echo-reply', '3', '3/1', 'port-unreachable', '11', 'any', '255'),
  ),
);

const icmp6: Texts = fc.oneof(
  fc.constant('-p ipv6-icmp'),
  option(
    '-p icmpv6 ',
    '--icmpv6-type',
    from('128', '129', 'echo-request', 'echo-reply', '1', '1/4', '1/3', 'time-exceeded', '135'),
  ),
);

const protocol = (family: Family): Texts =>
  fc.oneof(
    { weight: 5, arbitrary: ofProtocol('tcp') },
    { weight: 3, arbitrary: ofProtocol('udp') },
    { weight: 3, arbitrary: family === 'ipv6' ? icmp6 : icmp4 },
    { weight: 1, arbitrary: from('! -p tcp', '! -p udp', '-p 50', '-p gre', '-p all', '! -p 6', '-p udplite') },
  );

const states = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

const conntrack = (family: Family): Texts => {
  const address = fc.constantFrom(
    ...pools[family].local,
    ...pools[family].behind.eth0,
    ...pools[family].networks.slice(1, 5),
  );
  return fc.oneof(
    { weight: 6, arbitrary: option('-m conntrack ', '--ctstate', subset([...states, 'SNAT', 'DNAT'])) },
    { weight: 2, arbitrary: option('-m state ', '--state', subset(states)) },
    { weight: 1, arbitrary: option('-m conntrack ', '--ctproto', from('tcp', 'udp', '1', '58')) },
    {
      weight: 1,
      arbitrary: option('-m conntrack ', '--ctstatus', from('CONFIRMED', 'NONE')),
    },
    { weight: 1, arbitrary: from('-m conntrack --ctdir ORIGINAL', '-m conntrack --ctdir REPLY') },
    {
      weight: 1,
      arbitrary: fc
        .tuple(from('--ctorigsrc', '--ctorigdst', '--ctreplsrc', '--ctrepldst'), address)
        .chain(([name, value]) => option('-m conntrack ', name, fc.constant(value))),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          from('--ctorigsrcport', '--ctorigdstport', '--ctreplsrcport', '--ctrepldstport'),
          from('80', '1024:65535', '443'),
        )
        .chain(([name, value]) => option('-m conntrack --ctproto tcp ', name, fc.constant(value))),
    },
  );
};

const types = (family: Family) =>
  family === 'ipv6'
    ? ['LOCAL', 'UNICAST', 'MULTICAST', 'UNREACHABLE', 'ANYCAST']
    : ['LOCAL', 'UNICAST', 'MULTICAST', 'BROADCAST', 'UNREACHABLE', 'BLACKHOLE', 'PROHIBIT'];

const addressType = ({ family, hook }: Place): Texts => {
  const plain = fc.tuple(
    option('-m addrtype ', '--dst-type', subset(types(family), 2)),
    option('-m addrtype ', '--src-type', subset(types(family), 2)),
  );
  const limited =
    hook === 'PREROUTING' || hook === 'INPUT'
      ? ' --limit-iface-in'
      : hook === 'OUTPUT' || hook === 'POSTROUTING'
        ? ' --limit-iface-out'
        : '';
  return fc.tuple(plain, fc.nat(5)).map(([[dst, src], which]) => {
    if (which === 0 && limited !== '' && !/UNREACHABLE|BLACKHOLE|PROHIBIT/.test(dst)) return `${dst}${limited}`;
    return which < 4 ? dst : src;
  });
};

const sets: Texts = fc.oneof(
  option(
    '-m set ',
    '--match-set',
    from('hosts src', 'hosts dst', 'nets src', 'nets dst', 'pairs dst,dst', 'pairs src,dst'),
  ),
  option('-m set ', '--match-set', from('ports dst', 'ports src', 'ways src,src')),
);

/** Tokens, clocks, counters and payload; what conntrack remembers beyond addresses, state and mark; an ICMP id as a port. */
const beyond = outside(
  '-m conntrack --ctstatus ASSURED',
  '-m conntrack --ctstatus SEEN_REPLY',
  '-m conntrack ! --ctstatus EXPECTED,SEEN_REPLY',
  '-m conntrack --ctorigsrcport 0:100',
  '-m conntrack --ctexpire 1:1000',
  '-m physdev --physdev-is-bridged',
  '-m physdev ! --physdev-is-bridged',
  '-m statistic --mode random --probability 0.5',
  '-m statistic --mode nth --every 2 --packet 0',
  '-m statistic --mode nth ! --every 3 --packet 1',
  '-m limit --limit 1/min --limit-burst 2',
  '-m recent --name probe --rcheck',
  '-m hashlimit --hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name probe',
  '-m quota --quota 200',
  '-m string --string aaaa --algo bm',
  '-m u32 --u32 "6&0xFF=6"',
  '-m time --timestart 08:00 --timestop 12:00',
  '-m connbytes --connbytes 1: --connbytes-dir both --connbytes-mode packets',
);

/** One match that is allowed at a place. */
export function match(place: Place): fc.Arbitrary<Match> {
  const { family, hook, table } = place;
  const { networks, ranges, local, behind } = pools[family];
  const address = fc.constantFrom(...networks, ...local, ...behind.eth0, ...behind.eth1);
  const six = family === 'ipv6';
  const incoming = hook === null || hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD';
  const outgoing = hook === null || hook === 'FORWARD' || hook === 'OUTPUT' || hook === 'POSTROUTING';
  const sender = hook === 'OUTPUT' || hook === 'POSTROUTING';
  const receiver = hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD';
  const some: { weight: number; arbitrary: fc.Arbitrary<Match> }[] = [
    { weight: 6, arbitrary: known(option('', '-s', address)) },
    { weight: 6, arbitrary: known(option('', '-d', address)) },
    { weight: 4, arbitrary: known(conntrack(family)) },
    { weight: 3, arbitrary: known(option('-m mark ', '--mark', fc.constantFrom(...marks))) },
    { weight: 2, arbitrary: known(option('-m connmark ', '--mark', fc.constantFrom(...marks))) },
    { weight: 2, arbitrary: known(addressType(place)) },
    {
      weight: 1,
      arbitrary: known(
        fc
          .tuple(from('--src-range', '--dst-range'), fc.constantFrom(...ranges))
          .chain(([name, value]) => option('-m iprange ', name, fc.constant(value))),
      ),
    },
    {
      weight: 1,
      arbitrary: known(
        six
          ? from('-m hl --hl-eq 64', '-m hl ! --hl-eq 63', '-m hl --hl-lt 64', '-m hl --hl-gt 63')
          : from('-m ttl --ttl-eq 64', '-m ttl ! --ttl-eq 63', '-m ttl --ttl-lt 64', '-m ttl --ttl-gt 63'),
      ),
    },
    {
      weight: 1,
      arbitrary: known(
        six
          ? from('-m rt --rt-type 0', '-m rt ! --rt-type 0', '-m frag --fragfirst', '-m hbh', '-m dst')
          : from('-m recent --name probe --set', '-m recent --name probe ! --set'),
      ),
    },
    { weight: 1, arbitrary: known(option('-m length ', '--length', from('28', '40', '0:60', '60:1500', '48:'))) },
    { weight: 1, arbitrary: known(option('-m dscp ', '--dscp', from('0x00', '0x2e', '10'))) },
    {
      weight: 1,
      arbitrary: known(
        from('-m dscp --dscp-class EF', '-m tos --tos 0xb8/0xff', '-m tos ! --tos 0x00/0x3f', '-m tos --tos 0xb8'),
      ),
    },
    { weight: 2, arbitrary: known(sets) },
    { weight: 1, arbitrary: known(option('-m pkttype ', '--pkt-type', from('unicast', 'broadcast', 'multicast'))) },
    { weight: 1, arbitrary: known(from('-m comment --comment "a b"', '-m comment --comment x')) },
    { weight: 1, arbitrary: beyond },
  ];
  if (incoming) some.push({ weight: 3, arbitrary: known(option('', '-i', fc.constantFrom(...interfaces))) });
  if (outgoing) some.push({ weight: 3, arbitrary: known(option('', '-o', fc.constantFrom(...interfaces))) });
  if (sender)
    some.push({
      weight: 2,
      arbitrary: known(
        fc.oneof(
          option('-m owner ', '--uid-owner', from('0', '1000', '0-999')),
          option('-m owner ', '--gid-owner', from('0', '1000')),
          from('-m owner --socket-exists'),
        ),
      ),
    });
  if (receiver)
    some.push({
      weight: 1,
      arbitrary: known(option('-m mac ', '--mac-source', from('02:00:00:00:01:02', '02:00:00:00:02:02'))),
    });
  if (!six) some.push({ weight: 1, arbitrary: known(from('-f', '! -f')) });
  if (hook === 'PREROUTING' && (table === 'raw' || table === 'mangle')) {
    some.push({
      weight: 2,
      arbitrary: known(
        from(
          '-m rpfilter',
          '-m rpfilter --invert',
          '-m rpfilter --loose',
          '-m rpfilter --validmark',
          '-m rpfilter --loose --invert',
        ),
      ),
    });
  }
  return fc.oneof(...some);
}

/** The matches of a rule: a protocol with its own first, as they have to stand, then others. */
export const matches = (place: Place): fc.Arbitrary<readonly Match[]> =>
  fc
    .tuple(
      fc.option(known(protocol(place.family)), { freq: 1, nil: null }),
      fc.oneof(
        { weight: 3, arbitrary: fc.constant<Match[]>([]) },
        { weight: 5, arbitrary: fc.array(match(place), { minLength: 1, maxLength: 1 }) },
        { weight: 2, arbitrary: fc.array(match(place), { minLength: 2, maxLength: 3 }) },
      ),
    )
    .map(([first, others]) => together(first === null ? others : [first, ...others]));

/** An option may stand once in a rule; modules twice are not taken by every version. */
function together(all: readonly Match[]): readonly Match[] {
  const seen = new Set<string>();
  return all.filter(({ text }) => {
    const names = [...text.matchAll(/(?:^| )(?:-m (\S+)|(-[sdiopf]) ?)/g)].map(
      ([, module, plain]) => module ?? plain ?? text,
    );
    const name = names[0] === '-p' ? ['-p', ...names.slice(1)] : names;
    if (name.some((one) => seen.has(one))) return false;
    for (const one of name) seen.add(one);
    return true;
  });
}
