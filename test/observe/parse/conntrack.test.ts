import { expect, test } from 'vitest';
import { parseConntrack } from '../../../engine/observe/parse/conntrack.ts';

const proc = `ipv4     2 tcp      6 120 TIME_WAIT src=127.0.0.1 dst=127.0.0.1 sport=34954 dport=8888 src=127.0.0.1 dst=127.0.0.1 sport=80 dport=34954 [ASSURED] mark=0 zone=0 use=2
ipv4     2 udp      17 28 src=10.1.0.2 dst=10.1.0.3 sport=5353 dport=53 [UNREPLIED] src=10.1.0.3 dst=10.1.0.2 sport=53 dport=5353 mark=7 zone=0 use=2
ipv4     2 icmp     1 29 src=10.1.0.2 dst=10.1.0.3 type=8 code=0 id=3 src=10.1.0.3 dst=10.1.0.2 type=0 code=0 id=3 mark=0 zone=0 use=2
ipv6     10 tcp      6 431999 ESTABLISHED src=fd00::2 dst=fd00::3 sport=40000 dport=80 src=fd00::3 dst=fd00::2 sport=80 dport=40000 [ASSURED] mark=0 use=1
conntrack v1.4.8 (conntrack-tools): 4 flow entries have been shown.
`;

test('a redirected connection shows the port that the reply comes from', () => {
  const [first] = parseConntrack(proc);
  expect(first).toEqual({
    family: 'ipv4',
    protocol: 'tcp',
    state: 'TIME_WAIT',
    original: { source: '127.0.0.1', destination: '127.0.0.1', sourcePort: 34954, destinationPort: 8888 },
    reply: { source: '127.0.0.1', destination: '127.0.0.1', sourcePort: 80, destinationPort: 34954 },
    replied: true,
    assured: true,
    mark: 0,
  });
});

test('protocols without a state have none, and no reply is no reply', () => {
  const [, udp, icmp] = parseConntrack(proc);
  expect(udp).toMatchObject({ protocol: 'udp', state: null, replied: false, assured: false, mark: 7 });
  expect(icmp).toMatchObject({ protocol: 'icmp', state: null, replied: true, original: { sourcePort: null } });
});

test('IPv6 entries are entries, and remarks of the program are not', () => {
  const entries = parseConntrack(proc);
  expect(entries).toHaveLength(4);
  expect(entries[3]).toMatchObject({ family: 'ipv6', state: 'ESTABLISHED', original: { source: 'fd00::2' } });
});

test('an empty table is empty', () => {
  expect(parseConntrack('')).toEqual([]);
});
