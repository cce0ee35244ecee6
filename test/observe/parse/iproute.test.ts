import { expect, test } from 'vitest';
import { parseAddresses, parsePolicyRules, parseRoutes } from '../../../engine/observe/parse/iproute.ts';

test('links and addresses from ip -j address', () => {
  const json =
    '[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"address":"00:00:00:00:00:00","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8},{"family":"inet6","local":"::1","prefixlen":128}]},' +
    '{"ifindex":3,"link_index":2,"ifname":"eth0","flags":["BROADCAST"],"mtu":1500,"address":"52:54:00:00:00:01","addr_info":[]},{}]';
  expect(parseAddresses(json)).toEqual({
    links: [
      { name: 'lo', mac: '00:00:00:00:00:00', mtu: 65536, up: true },
      { name: 'eth0', mac: '52:54:00:00:00:01', mtu: 1500, up: false },
    ],
    addresses: [
      { interface: 'lo', address: '127.0.0.1', prefix: 8 },
      { interface: 'lo', address: '::1', prefix: 128 },
    ],
  });
});

test('routes of all tables; a host route gets its prefix, several next hops are several routes', () => {
  const json =
    '[{"dst":"default","gateway":"10.1.0.1","dev":"eth0","flags":[]},{"type":"local","dst":"127.0.0.1","dev":"lo","table":"local","prefsrc":"127.0.0.1","flags":[]},' +
    '{"type":"blackhole","dst":"10.9.0.0/16","metric":5,"flags":[]},{"dst":"10.8.0.0/16","flags":[],"nexthops":[{"gateway":"10.1.0.4","dev":"eth0"},{"gateway":"10.1.0.5","dev":"eth0"}]}]';
  const routes = parseRoutes(json, 'ipv4');
  expect(
    routes.map(({ type, destination, via, interface: dev, table, metric }) => [
      type,
      destination,
      via,
      dev,
      table,
      metric,
    ]),
  ).toEqual([
    ['unicast', 'default', '10.1.0.1', 'eth0', 'main', null],
    ['local', '127.0.0.1/32', null, 'lo', 'local', null],
    ['blackhole', '10.9.0.0/16', null, null, 'main', 5],
    ['unicast', '10.8.0.0/16', '10.1.0.4', 'eth0', 'main', null],
    ['unicast', '10.8.0.0/16', '10.1.0.5', 'eth0', 'main', null],
  ]);
});

test('policy rules read as ip prints them', () => {
  const json =
    '[{"priority":0,"src":"all","table":"local"},{"priority":100,"src":"10.1.0.0","srclen":24,"fwmark":"0x1","fwmask":"0xff","iif":"eth0","table":"100"}]';
  expect(parsePolicyRules(json, 'ipv4').map((rule) => `${rule.priority}: ${rule.text}`)).toEqual([
    '0: from all lookup local',
    '100: from 10.1.0.0/24 fwmark 0x1/0xff iif eth0 lookup 100',
  ]);
});

test('policy rules keep ranges, goto and what they suppress', () => {
  // As iproute2 6.15 printed `ip -j rule`.
  const json =
    '[{"priority":5,"not":null,"src":"10.0.0.0","srclen":8,"fwmark":"0x1","fwmask":"0xff","iif":"lo","ipproto":"tcp","sport":5,"sport_mask":"0xffff","dport_start":80,"dport_end":90,"table":"100"},{"priority":6,"src":"all","dst":"10.1.0.0","dstlen":16,"action":"blackhole"},{"priority":7,"src":"all","goto":9},{"priority":9,"src":"all","uid_start":5,"uid_end":6,"table":"main","suppress_prefixlen":0}]';
  expect(parsePolicyRules(json, 'ipv4').map((rule) => rule.text)).toEqual([
    'not from 10.0.0.0/8 fwmark 0x1/0xff iif lo ipproto tcp sport 5 dport 80-90 lookup 100',
    'from all to 10.1.0.0/16 blackhole',
    'from all goto 9',
    'from all uidrange 5-6 lookup main suppress_prefixlength 0',
  ]);
});

test('no output is an empty list, and something else is an error', () => {
  expect(parseRoutes('', 'ipv6')).toEqual([]);
  expect(() => parseRoutes('{}', 'ipv6')).toThrow('expected a JSON list');
});
