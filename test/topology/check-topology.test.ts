import { describe, expect, test } from 'vitest';
import { checkTopology } from '../../engine/topology/check-topology.ts';
import { topologySchema } from '../../engine/topology/topology.ts';

const good = {
  client: {
    interfaces: { eth0: { link: 'lan', addresses: ['10.3.7.2/24', 'fd00:7::2/64'] } },
    routes: [
      { to: 'default', via: '10.3.7.1' },
      { to: '::/0', via: 'fd00:7::1' },
    ],
  },
  router: {
    interfaces: {
      lan: { link: 'lan', addresses: ['10.3.7.1/24', 'fd00:7::1/64'] },
      wan: { link: 'wan', addresses: ['172.20.1.1/30'] },
    },
    sysctls: { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.lan.rp_filter': 1 },
  },
  server: {
    interfaces: { eth0: { link: 'wan', addresses: ['172.20.1.2/30'] } },
    services: [
      { type: 'http', port: 80, address: '172.20.1.2' },
      { type: 'udp-echo', port: 80 },
    ],
  },
};
type Nodes = Record<string, object>;

const problemsOf = (nodes: Nodes) => checkTopology(topologySchema.parse({ nodes }));

/** The good topology with one node's parts replaced. */
const withNode = (node: keyof typeof good, parts: object): Nodes => ({ ...good, [node]: { ...good[node], ...parts } });

const end = (link: string, ...addresses: string[]) => ({ link, addresses });

describe('checkTopology', () => {
  test('finds nothing in a topology that fits together', () => {
    expect(problemsOf(good)).toEqual([]);
    expect(problemsOf({ host: {} })).toEqual([]);
  });

  test.each<[string, Nodes, (string | number)[], RegExp]>([
    [
      'an address outside the subnet of its link',
      withNode('server', { interfaces: { eth0: end('wan', '172.20.2.2/30') } }),
      ['nodes', 'server', 'interfaces', 'eth0', 'addresses', 0],
      /172\.20\.2\.2\/30 is outside the subnet of the link wan/,
    ],
    [
      'another prefix length than the rest of the link has',
      withNode('server', { interfaces: { eth0: end('wan', '172.20.1.2/24') } }),
      ['nodes', 'server', 'interfaces', 'eth0', 'addresses', 0],
      /outside the subnet/,
    ],
    [
      'an address that another node has',
      withNode('server', { interfaces: { eth0: end('wan', '172.20.1.1/30') }, services: [] }),
      ['nodes', 'server', 'interfaces', 'eth0', 'addresses', 0],
      /172\.20\.1\.1 is an address of the node router already/,
    ],
    [
      'one address written in two ways',
      withNode('client', { interfaces: { eth0: end('lan', 'fd00:7:0::1/64') }, routes: [] }),
      ['nodes', 'router', 'interfaces', 'lan', 'addresses', 1],
      /fd00:7::1 is an address of the node client already/,
    ],
    [
      'no prefix length',
      withNode('client', { interfaces: { eth0: end('lan', '10.3.7.2') }, routes: [] }),
      ['nodes', 'client', 'interfaces', 'eth0', 'addresses', 0],
      /"10\.3\.7\.2" is not an address with a prefix length/,
    ],
    [
      'the broadcast address',
      withNode('server', { interfaces: { eth0: end('wan', '172.20.1.3/30') }, services: [] }),
      ['nodes', 'server', 'interfaces', 'eth0', 'addresses', 0],
      /broadcast/,
    ],
    [
      'a link with one end',
      withNode('server', { interfaces: { eth0: end('wam', '172.20.1.2/30') } }),
      ['nodes', 'server', 'interfaces', 'eth0', 'link'],
      /Nothing else is on the link wam/,
    ],
    [
      'a gateway on no link of the node',
      withNode('client', { routes: [{ to: 'default', via: '172.20.1.1' }] }),
      ['nodes', 'client', 'routes', 0, 'via'],
      /172\.20\.1\.1 is on no link of the node client/,
    ],
    [
      'a route over an interface that is not there',
      withNode('client', { routes: [{ to: '10.9.0.0/16', dev: 'eth1' }] }),
      ['nodes', 'client', 'routes', 0, 'dev'],
      /no interface eth1/,
    ],
    [
      'a route to a network with host bits',
      withNode('client', { routes: [{ to: '10.9.0.1/16', via: '10.3.7.1' }] }),
      ['nodes', 'client', 'routes', 0, 'to'],
      /"10\.9\.0\.1\/16" is not a network/,
    ],
    [
      'a route to nowhere',
      withNode('client', { routes: [{ to: '10.9.0.0/16' }] }),
      ['nodes', 'client', 'routes', 0],
      /neither via nor dev/,
    ],
    [
      'two services on one port',
      withNode('server', { services: [1, 2].map(() => ({ type: 'tcp-echo', port: 7 })) }),
      ['nodes', 'server', 'services', 1, 'port'],
      /Another service of server has the tcp port 7/,
    ],
    [
      'a service at an address of somebody else',
      withNode('server', { services: [{ type: 'http', port: 80, address: '10.3.7.2' }] }),
      ['nodes', 'server', 'services', 0, 'address'],
      /10\.3\.7\.2 is no address of the node server/,
    ],
    [
      'a sysctl of an interface that is not there',
      withNode('router', { sysctls: { 'net.ipv4.conf.eth7.rp_filter': 0 } }),
      ['nodes', 'router', 'sysctls', 'net.ipv4.conf.eth7.rp_filter'],
      /no interface eth7/,
    ],
  ])('%s', (_, nodes, path, message) => {
    const problems = problemsOf(nodes);
    expect(problems).toContainEqual({
      path,
      message: expect.stringMatching(message),
      expected: expect.stringMatching(/./),
    });
  });
});
