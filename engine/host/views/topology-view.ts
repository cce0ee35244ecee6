import type { TopologyView } from '../../contract/procedures/topology.ts';
import type { NodeAddresses } from '../../observe/snapshot-nodes.ts';
import { linkEnds, type Topology } from '../../topology/index.ts';

type Service = Topology['nodes'][string]['services'][number];
type InterfaceView = TopologyView['nodes'][number]['interfaces'][number];

/** The lab's drawing: what lab.yaml plugs together, with interfaces and addresses as they are now. Pure. */
export function topologyView(topology: Topology, now: Readonly<Record<string, NodeAddresses>>): TopologyView {
  return {
    nodes: Object.entries(topology.nodes).map(([name, spec]) => ({
      name,
      services: spec.services.map(serviceWords),
      interfaces: interfacesOf(spec.interfaces, now[name]),
    })),
    links: [...linkEnds(topology)].map(([name, ends]) => ({
      name,
      kind: ends.length === 2 ? 'wire' : 'segment',
      ends: [...ends],
    })),
  };
}

/** Those of the lab first and in its order, also one that the learner took away; then those that the learner made. The loopback is no wire. */
function interfacesOf(
  planned: Topology['nodes'][string]['interfaces'],
  now: NodeAddresses | undefined,
): InterfaceView[] {
  const unread = now?.problems.some(({ section }) => section === 'links') ?? true;
  const made = (now?.links ?? []).map(({ name }) => name).filter((name) => name !== 'lo' && !(name in planned));
  return [...Object.keys(planned), ...made].map((name): InterfaceView => {
    const link = now?.links.find((one) => one.name === name);
    const addresses = (now?.addresses ?? [])
      .filter((one) => one.interface === name && !isLinkLocal(one.address))
      .map(({ address, prefix }) => `${address}/${prefix}`);
    return {
      name,
      link: planned[name]?.link ?? null,
      mac: link?.mac || null,
      up: unread ? null : (link?.up ?? false),
      addresses: unread ? [...(planned[name]?.addresses ?? [])] : addresses,
    };
  });
}

/** fe80::/10: every interface has one, and nobody types it. */
const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address);

function serviceWords(service: Service): string {
  if (service.type === 'command') return service.name;
  const words = { http: 'http', 'tcp-echo': 'TCP echo', 'udp-echo': 'UDP echo', 'tcp-mute': 'TCP, never answers' };
  return `${words[service.type]} on port ${service.port}`;
}
