import fc from 'fast-check';
import type { Packet, PacketState } from '../../../engine/netfilter/index.ts';

/** Few values, so that rules overlap and packets hit them. */
const address = fc.constantFrom(
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.3',
  '0.0.0.0/0',
  '192.168.0.0/255.255.0.255',
  '10.1.2.2/31',
);
const port = fc.constantFrom('22', '80', '80:90', '85:443', '1024:', ':79');
const not = fc.constantFrom('', '', '', '! ');

const transport = fc.oneof(
  fc
    .tuple(fc.constantFrom('tcp', 'udp'), not, fc.constantFrom('dport', 'sport'), port)
    .map(([p, n, side, range]) => `-p ${p} ${n}--${side} ${range}`),
  fc.tuple(fc.constantFrom('tcp', 'udp'), not).map(([p, n]) => `-p ${p} -m multiport ${n}--ports 22,80:85`),
  fc.tuple(not, fc.constantFrom('tcp', 'udp', 'icmp')).map(([n, p]) => `${n}-p ${p}`),
  fc.constantFrom(
    '-p tcp --syn',
    '-p tcp ! --syn',
    '-p tcp --tcp-flags SYN,FIN SYN,FIN',
    '-p tcp -m tcpmss --mss 1000:1400',
    '-p tcp -m tcpmss ! --mss 1000:1400',
    '-p icmp --icmp-type 8',
    '-p icmp ! --icmp-type 8',
    '-p icmp --icmp-type 3/1',
  ),
);

const part = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(not, fc.constantFrom('-s', '-d'), address).map((words) => words.join(' ').replace(/^ /, '')),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(not, fc.constantFrom('eth0', 'eth+', 'lo', 'e+')).map(([n, name]) => `${n}-i ${name}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(not, fc.constantFrom('NEW', 'ESTABLISHED,RELATED', 'INVALID', 'NEW,UNTRACKED'))
      .map(([n, s]) => `-m conntrack ${n}--ctstate ${s}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(not, fc.constantFrom('1', '0x10/0x10', '0x3/0x1', '0/0xff'))
      .map(([n, m]) => `-m mark ${n}--mark ${m}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '-m iprange --src-range 10.1.2.2-10.9.9.9',
      '-m iprange ! --dst-range 10.1.2.3-172.16.0.1',
      '-m ttl --ttl-lt 64',
      '-m ttl --ttl-gt 63',
      '-m length --length 0:99',
      '-m length ! --length 100',
      '-m dscp --dscp 46',
      '-m dscp ! --dscp 0',
      '-m connmark --mark 1',
      '-m connmark ! --mark 0x1/0x3',
      '-m mac --mac-source 02:00:00:00:00:01',
      '-m mac ! --mac-source 02:00:00:00:00:01',
      '-m addrtype --dst-type LOCAL',
      '-m addrtype ! --src-type MULTICAST',
    ),
  },
);

const verdicts = ['-j ACCEPT', '-j ACCEPT', '-j DROP', '-j DROP', '-j REJECT', '-j RETURN', '-j LOG', ''];

function rule(actions: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(part, { maxLength: 2 }), fc.option(transport, { freq: 2 }), fc.constantFrom(...actions))
    .map(([parts, last, action]) => [...parts, last ?? '', action].filter((word) => word !== '').join(' '));
}

const rulesOf = (chain: string, actions: readonly string[], most: number): fc.Arbitrary<string[]> =>
  fc.array(rule(actions), { maxLength: most }).map((rules) => rules.map((text) => `-A ${chain} ${text}`.trim()));

const marks = [
  '-j CONNMARK --set-mark 1',
  '-j CONNMARK --save-mark',
  '-j CONNMARK --restore-mark',
  '-j CONNMARK --restore-mark --nfmask 0x3 --ctmask 0x3',
  '-j MARK --set-mark 1',
  '-j MARK --set-xmark 0x10/0x10',
  '-j MARK --xor-mark 0x1',
];

/** A filter table: INPUT and FORWARD call web, all three call api; marks change now and then. */
export const arbitraryRuleset: fc.Arbitrary<string> = fc.boolean().chain((marking) => {
  const own = marking ? [...verdicts, ...marks] : verdicts;
  return fc
    .tuple(
      fc.constantFrom('ACCEPT', 'DROP'),
      rulesOf('INPUT', [...own, '-j web', '-j web', '-j api', '-g web'], 6),
      rulesOf('FORWARD', [...own, '-j web', '-g api'], 3),
      rulesOf('web', [...own, '-j api', '-g api'], 4),
      rulesOf('api', own, 3),
    )
    .map(([policy, ...chains]) =>
      [
        '*filter',
        `:INPUT ${policy} [0:0]`,
        ':FORWARD DROP [0:0]',
        ':OUTPUT ACCEPT [0:0]',
        ':web - [0:0]',
        ':api - [0:0]',
        ...chains.flat(),
        'COMMIT',
        '',
      ].join('\n'),
    );
});

const states: readonly PacketState[] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];
const someAddress = fc.constantFrom('10.1.2.3', '10.1.2.2', '10.9.9.9', '192.168.7.0', '192.168.7.1', '172.16.0.1');

/** A packet that comes to INPUT, nothing of it unknown. */
export const arbitraryPacket: fc.Arbitrary<Packet> = fc
  .record({
    in: fc.constantFrom('eth0', 'eth1', 'lo', 'ens3', 'wlan0'),
    src: someAddress,
    dst: someAddress,
    state: fc.constantFrom(...states),
    mark: fc.constantFrom(0, 1, 0x10, 0x11, 3),
    connmark: fc.constantFrom(0, 1, 2, 0x11),
    ttl: fc.constantFrom(1, 63, 64, 255),
    length: fc.constantFrom(40, 99, 100, 1500),
    dscp: fc.constantFrom(0, 46, 10),
    mac: fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02'),
    mss: fc.constantFrom(536, 1000, 1460),
    protocol: fc.constantFrom(6, 17, 1, 47),
    port: fc.tuple(fc.constantFrom(22, 80, 85, 90, 443, 5000), fc.constantFrom(22, 80, 85, 90, 443, 5000)),
    flags: fc.constantFrom(2, 16, 3, 0, 18),
    icmp: fc.constantFrom([8, 0], [3, 1], [3, 0]),
  })
  .map(({ port: [sport, dport], flags, mss, icmp: [icmpType = 0, icmpCode = 0], ...rest }) => ({
    family: 'ipv4' as const,
    ...rest,
    ...(rest.protocol === 6 || rest.protocol === 17 ? { sport, dport } : {}),
    ...(rest.protocol === 6 ? { flags, ...((flags & 2) === 0 ? {} : { mss }) } : {}),
    ...(rest.protocol === 1 ? { icmpType, icmpCode } : {}),
  }));

/** The dump without the k-th rule of a chain. */
export function withoutRule(dump: string, chain: string, position: number): string {
  let seen = 0;
  return dump
    .split('\n')
    .filter((line) => !(line.startsWith(`-A ${chain}`) && ++seen === position))
    .join('\n');
}
