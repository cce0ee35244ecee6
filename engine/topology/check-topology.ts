import ipaddr from 'ipaddr.js';
import { linkEnds, type NodeSpec, type Topology } from './topology.ts';

export interface TopologyProblem {
  /** Where, from the topology on: ['nodes', 'router', 'routes', 0, 'via']. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly expected: string;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface Cidr {
  readonly address: Address;
  readonly prefix: number;
}

interface Placed extends Cidr {
  readonly node: string;
  readonly link: string;
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** What the schema cannot see: whether the parts of a topology fit together. Nothing is started while there is a problem. */
export function checkTopology(topology: Topology): TopologyProblem[] {
  const problems: TopologyProblem[] = [];
  const placed: Placed[] = [];
  for (const [node, spec] of Object.entries(topology.nodes)) {
    problems.push(...readAddresses(node, spec, placed));
  }
  problems.push(...checkLinks(topology), ...checkDuplicates(placed), ...checkSubnets(placed));
  for (const [node, spec] of Object.entries(topology.nodes)) {
    const own = placed.filter((one) => one.node === node);
    problems.push(...checkRoutes(node, spec, own), ...checkServices(node, spec, own), ...checkSysctls(node, spec));
  }
  return problems;
}

function readAddresses(node: string, spec: NodeSpec, placed: Placed[]): TopologyProblem[] {
  const problems: TopologyProblem[] = [];
  for (const [name, { link, addresses }] of Object.entries(spec.interfaces)) {
    if (name === 'lo') {
      problems.push({
        path: ['nodes', node, 'interfaces', name],
        message: 'Every node has lo already.',
        expected: 'another name',
      });
    }
    for (const [index, text] of addresses.entries()) {
      const path = ['nodes', node, 'interfaces', name, 'addresses', index];
      const wrong = (message: string) =>
        problems.push({ path, message, expected: 'an address of a host with its prefix length, like 10.0.0.2/24' });
      if (!text.includes('/') || !ipaddr.isValidCIDR(text)) {
        wrong(`"${text}" is not an address with a prefix length.`);
        continue;
      }
      const [address, prefix] = ipaddr.parseCIDR(text);
      if (isEdge(address, prefix)) wrong(`${text} is the network's own address or its broadcast address.`);
      placed.push({ node, link, text, address, prefix, path });
    }
  }
  return problems;
}

/** The first and, in IPv4, the last address of a network are no host's, unless the network is a point-to-point one (RFC 3021). */
function isEdge(address: Address, prefix: number): boolean {
  if (address.kind() === 'ipv6') return false;
  if (prefix >= 31) return false;
  const cidr = `${address}/${prefix}`;
  const same = (other: Address) => other.toString() === address.toString();
  return same(ipaddr.IPv4.networkAddressFromCIDR(cidr)) || same(ipaddr.IPv4.broadcastAddressFromCIDR(cidr));
}

function checkLinks(topology: Topology): TopologyProblem[] {
  const problems: TopologyProblem[] = [];
  const ends = linkEnds(topology);
  for (const [link, [end, ...others]] of ends) {
    if (end === undefined || others.length > 0) continue;
    problems.push({
      path: ['nodes', end.node, 'interfaces', end.interface, 'link'],
      message: `Nothing else is on the link ${link}.`,
      expected: `a link that another interface names too: ${[...ends.keys()].filter((one) => one !== link).join(', ') || 'there is none yet'}`,
    });
  }
  return problems;
}

function checkDuplicates(placed: readonly Placed[]): TopologyProblem[] {
  const first = new Map<string, Placed>();
  return placed.flatMap((one) => {
    const key = one.address.toString();
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, one);
      return [];
    }
    const where = other.node === one.node ? 'this node already' : `the node ${other.node} already`;
    return [{ path: one.path, message: `${key} is an address of ${where}.`, expected: 'an address that no other has' }];
  });
}

/** On one link all addresses of a family are of one network, or of networks that share nothing. */
function checkSubnets(placed: readonly Placed[]): TopologyProblem[] {
  return placed.flatMap((one, index) => {
    const others = placed.filter((other) => other.link === one.link && other.address.kind() === one.address.kind());
    const earlier = others.filter((other) => placed.indexOf(other) < index);
    if (earlier.length === 0 || others.some((other) => other !== one && sameNetwork(one, other))) return [];
    // A second network of its own on the link is wanted where two ends have it; one end alone has nobody to speak to.
    const [model] = earlier;
    if (model === undefined) return [];
    return [
      {
        path: one.path,
        message: `${one.text} is outside the subnet of the link ${one.link}.`,
        expected: `an address in ${networkOf(model)}, where ${model.node} is`,
      },
    ];
  });
}

function sameNetwork(one: Cidr, other: Cidr): boolean {
  return networkOf(one) === networkOf(other);
}

function networkOf({ address, prefix }: Cidr): string {
  const cidr = `${address}/${prefix}`;
  const network =
    address.kind() === 'ipv6' ? ipaddr.IPv6.networkAddressFromCIDR(cidr) : ipaddr.IPv4.networkAddressFromCIDR(cidr);
  return `${network}/${prefix}`;
}

function checkRoutes(node: string, spec: NodeSpec, own: readonly Placed[]): TopologyProblem[] {
  return spec.routes.flatMap(({ to, via, dev }, index) => {
    const path = (key: string) => ['nodes', node, 'routes', index, key];
    const problems: TopologyProblem[] = [];
    if (to !== 'default' && !isNetwork(to)) {
      const expected = '"default", or a network in CIDR form whose host bits are 0, like 10.0.0.0/24';
      problems.push({ path: path('to'), message: `"${to}" is not a network.`, expected });
    }
    if (dev !== undefined && dev !== 'lo' && spec.interfaces[dev] === undefined) {
      const expected = `one of: ${Object.keys(spec.interfaces).join(', ') || 'lo'}`;
      problems.push({ path: path('dev'), message: `The node ${node} has no interface ${dev}.`, expected });
    }
    if (via === undefined && dev === undefined) {
      const problem = {
        message: 'The route says neither via nor dev.',
        expected: 'a gateway in via, an interface in dev',
      };
      problems.push({ path: ['nodes', node, 'routes', index], ...problem });
    }
    if (via !== undefined) problems.push(...checkGateway(via, path('via'), node, own));
    return problems;
  });
}

function checkGateway(via: string, path: (string | number)[], node: string, own: readonly Placed[]): TopologyProblem[] {
  if (!ipaddr.isValid(via)) {
    return [{ path, message: `"${via}" is not an address.`, expected: 'the address of a gateway' }];
  }
  const gateway = ipaddr.parse(via);
  const family = own.filter((one) => one.address.kind() === gateway.kind());
  if (gateway.range() === 'linkLocal' || family.some((one) => isInside(gateway, one))) return [];
  const networks = family.map(networkOf).join(', ') || 'none, for it has no address of this family';
  return [
    {
      path,
      message: `The gateway ${via} is on no link of the node ${node}.`,
      expected: `an address in its networks: ${networks}`,
    },
  ];
}

function isInside(address: Address, { address: network, prefix }: Cidr): boolean {
  return (
    address.kind() === network.kind() && networkOf({ address, prefix }) === networkOf({ address: network, prefix })
  );
}

function isNetwork(text: string): boolean {
  if (!text.includes('/') || !ipaddr.isValidCIDR(text)) return ipaddr.isValid(text);
  const [address, prefix] = ipaddr.parseCIDR(text);
  return networkOf({ address, prefix }) === `${address}/${prefix}`;
}

function checkServices(node: string, spec: NodeSpec, own: readonly Placed[]): TopologyProblem[] {
  const taken = new Set<string>();
  return spec.services.flatMap((service, index) => {
    const problems: TopologyProblem[] = [];
    const path = (key: string) => ['nodes', node, 'services', index, key];
    const key = service.type === 'command' ? `name ${service.name}` : `${transport(service.type)} port ${service.port}`;
    const whole = service.type === 'command' ? key : `${key} ${service.address ?? ''}`;
    if (taken.has(whole)) {
      const at = service.type === 'command' ? 'name' : 'port';
      problems.push({
        path: path(at),
        message: `Another service of ${node} has the ${key}.`,
        expected: 'one that is free',
      });
    }
    taken.add(whole);
    if (service.type === 'command' || service.address === undefined) return problems;
    const { address } = service;
    const known = ipaddr.isValid(address) && isOwn(ipaddr.parse(address), own);
    if (!known) {
      const expected = own.map((one) => one.address.toString()).join(', ') || '127.0.0.1, or none for all';
      problems.push({ path: path('address'), message: `${address} is no address of the node ${node}.`, expected });
    }
    return problems;
  });
}

const transport = (type: string) => (type === 'udp-echo' ? 'udp' : 'tcp');

function isOwn(address: Address, own: readonly Placed[]): boolean {
  if (address.range() === 'loopback' || address.range() === 'unspecified') return true;
  return own.some((one) => one.address.toString() === address.toString());
}

function checkSysctls(node: string, spec: NodeSpec): TopologyProblem[] {
  return Object.keys(spec.sysctls).flatMap((name) => {
    const path = ['nodes', node, 'sysctls', name];
    if (!/^net(\.[\w-]+)+$/.test(name)) {
      return [{ path, message: `"${name}" is not the name of a sysctl.`, expected: 'a name like net.ipv4.ip_forward' }];
    }
    const named = /^net\.ipv[46]\.(?:conf|neigh)\.(.+)\.\w+$/.exec(name)?.[1];
    if (named === undefined || ['all', 'default', 'lo'].includes(named) || spec.interfaces[named] !== undefined)
      return [];
    const expected = `all, default, lo${Object.keys(spec.interfaces)
      .map((one) => `, ${one}`)
      .join('')}`;
    return [{ path, message: `The node ${node} has no interface ${named}.`, expected }];
  });
}
