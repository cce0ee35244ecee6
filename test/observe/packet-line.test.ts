import { expect, test } from 'vitest';
import { parsePacketLine, withFurtherLine } from '../../engine/observe/packet-line.ts';

const from = '02:3f:fa:66:56:f3';
const to = '02:e4:8d:e6:2b:fe';

test('time, both ends, length and summary of a packet on Ethernet', () => {
  const line = `1795277271.019099 ${from} > ${to}, ethertype IPv4 (0x0800), length 98: 10.1.1.2 > 10.1.1.1: ICMP echo request, id 204, seq 1, length 64`;
  expect(parsePacketLine(line)).toEqual({
    time: 1795277271.019099,
    from,
    to,
    length: 98,
    protocol: 'IPv4',
    summary: '10.1.1.2 > 10.1.1.1: ICMP echo request, id 204, seq 1, length 64',
  });
});

test.each([
  [`1.5 ${from} > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 10.1.1.1`, 'ARP', 42],
  [`1.5 ${from} > ${to}, ethertype Unknown (0x88b5), length 60: `, 'Unknown', 60],
  [`1.5 ${from} > ${to}, ethertype 802.1Q (0x8100), length 64: vlan 5, p 0, ethertype IPv4`, '802.1Q', 64],
  [`1.5 ${from} > 01:80:c2:00:00:00, 802.3, length 39: LLC, dsap STP`, null, 39],
])('other frames: %s', (line, protocol, length) => {
  expect(parsePacketLine(line)).toMatchObject({ protocol, length, from });
});

test('an interface without a link layer has a summary alone', () => {
  expect(parsePacketLine('1.25 IP 10.0.0.1 > 10.0.0.2: ICMP echo request')).toEqual({
    time: 1.25,
    from: null,
    to: null,
    length: null,
    protocol: null,
    summary: 'IP 10.0.0.1 > 10.0.0.2: ICMP echo request',
  });
});

test('what begins with no time is no packet; a further line goes with the one before it', () => {
  expect(parsePacketLine('\t0x0000:  4500')).toBeNull();
  const line = parsePacketLine('1.25 IP first');
  expect(line && withFurtherLine(line, '\tand more')).toMatchObject({ summary: 'IP first and more' });
});

test('control characters and signs that turn the direction of writing never come through; endless text is cut', () => {
  const line = parsePacketLine('1.5 IP \u001b[2J\u0007\u009b31m\u202egnp.exe');
  expect(line?.summary).toBe('IP \ufffd[2J\ufffd\ufffd31m\ufffdgnp.exe');
  expect(parsePacketLine(`1.5 ${'x'.repeat(100_000)}`)?.summary.length).toBeLessThan(1100);
});
