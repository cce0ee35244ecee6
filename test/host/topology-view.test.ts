import { expect, test } from 'vitest';
import { topologyViewSchema } from '../../engine/contract/procedures/topology.ts';
import { topologyView } from '../../engine/host/views/topology-view.ts';
import type { NodeAddresses } from '../../engine/observe/snapshot-nodes.ts';
import { topologySchema } from '../../engine/topology/index.ts';

const topology = topologySchema.parse({
  nodes: {
    client: {
      interfaces: { eth0: { link: 'lan', addresses: ['10.0.0.2/24'] } },
      services: [{ type: 'http', port: 8000 }],
    },
    router: { interfaces: { lan: { link: 'lan' }, wan: { link: 'wan' } } },
    one: { interfaces: { eth0: { link: 'wan' } } },
    two: { interfaces: { eth0: { link: 'wan' } } },
  },
});

const node = (name: string, links: NodeAddresses['links'], addresses: NodeAddresses['addresses'] = []) => ({
  [name]: { node: name, time: 1, links, addresses, problems: [] },
});
const link = (name: string, up = true) => ({ name, up, mac: '02:00:00:00:00:01', mtu: 1500 });

test('two ends are a wire, more a segment', () => {
  const { links } = topologyViewSchema.parse(topologyView(topology, {}));
  expect(links.map(({ name, kind, ends }) => [name, kind, ends.length])).toEqual([
    ['lan', 'wire', 2],
    ['wan', 'segment', 3],
  ]);
});

test('addresses are those that are there now, without the link-local ones', () => {
  const view = topologyView(
    topology,
    node(
      'client',
      [link('lo'), link('eth0', false), link('tun0')],
      [
        { interface: 'eth0', address: '10.0.0.9', prefix: 24 },
        { interface: 'eth0', address: 'fe80::1', prefix: 64 },
        { interface: 'tun0', address: '2001:db8::1', prefix: 64 },
      ],
    ),
  );
  expect(view.nodes[0]).toEqual({
    name: 'client',
    services: ['http on port 8000'],
    interfaces: [
      { name: 'eth0', link: 'lan', mac: '02:00:00:00:00:01', up: false, addresses: ['10.0.0.9/24'] },
      { name: 'tun0', link: null, mac: '02:00:00:00:00:01', up: true, addresses: ['2001:db8::1/64'] },
    ],
  });
});

test('of a node that could not be read the plan is shown, and nothing is said of its links', () => {
  const [client] = topologyView(topology, {}).nodes;
  expect(client?.interfaces).toEqual([{ name: 'eth0', link: 'lan', mac: null, up: null, addresses: ['10.0.0.2/24'] }]);
});

test('an interface that the learner took away is down and without addresses', () => {
  const router = topologyView(topology, node('router', [link('lan')])).nodes[1];
  expect(router?.interfaces.map(({ name, up }) => [name, up])).toEqual([
    ['lan', true],
    ['wan', false],
  ]);
});
