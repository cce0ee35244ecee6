import { type HostState, type PathNetwork, type PathNode, parseSave } from '../../../engine/netfilter/index.ts';

interface NodeText {
  /** `eth0 10.0.0.2/24`. */
  readonly addresses: readonly string[];
  /** `default via 10.0.0.1 dev eth0`; those of its networks are there anyway. */
  readonly routes?: readonly string[];
  readonly rules?: string;
  readonly state?: Partial<HostState>;
}

/** Nodes as a test writes them, of one family each, and segments as `lan: client:eth0 router:lan`. */
export function lab(nodes: Readonly<Record<string, NodeText>>, segments: readonly string[]): PathNetwork {
  return {
    nodes: Object.entries(nodes).map(([name, text]) => nodeOf(name, text)),
    segments: segments.map((text) => {
      const [name = '', ends = ''] = text.split(': ');
      return {
        name,
        ends: ends.split(' ').map((end) => {
          const [node = '', interfaceName = ''] = end.split(':');
          return { node, interface: interfaceName };
        }),
      };
    }),
  };
}

function nodeOf(name: string, { addresses, routes = [], rules = '', state = {} }: NodeText): PathNode {
  const own = addresses.map((text) => {
    const [device = '', network = ''] = text.split(' ');
    const [address = '', prefix = '32'] = network.split('/');
    return { interface: device, address, prefix: Number(prefix) };
  });
  const connected = own.map(({ interface: device, address, prefix }) => `${address}/${prefix} dev ${device}`);
  return {
    name,
    rulesets: [parseSave(rules, { family: own.some(({ address }) => address.includes(':')) ? 'ipv6' : 'ipv4' })],
    state: {
      addresses: [{ interface: 'lo', address: '127.0.0.1', prefix: 8 }, ...own],
      routes: [...connected, ...routes].map((text) => {
        const words = text.split(' ');
        const after = (word: string) => (words.includes(word) ? (words[words.indexOf(word) + 1] ?? null) : null);
        return {
          family: own.some(({ address }) => address.includes(':')) ? 'ipv6' : 'ipv4',
          table: after('table') ?? 'main',
          destination: words[0] ?? '',
          via: after('via'),
          interface: after('dev'),
          metric: null,
          type: 'unicast',
        };
      }),
      policyRules: [],
      sysctls: {},
      ipsets: [],
      ...state,
    },
  };
}

/** client 10.0.0.2 - lan - 10.0.0.1 router 10.0.1.1 - dmz - server 10.0.1.2, which listens on tcp 80. */
export function threeNodes(
  rules: { readonly client?: string; readonly router?: string; readonly server?: string } = {},
  state: { readonly router?: Partial<HostState>; readonly server?: Partial<HostState> } = {},
): PathNetwork {
  return lab(
    {
      client: { addresses: ['eth0 10.0.0.2/24'], routes: ['default via 10.0.0.1 dev eth0'], rules: rules.client ?? '' },
      router: {
        addresses: ['lan 10.0.0.1/24', 'dmz 10.0.1.1/24'],
        rules: rules.router ?? '',
        state: { sysctls: { 'net.ipv4.ip_forward': '1' }, ...state.router },
      },
      server: {
        addresses: ['eth0 10.0.1.2/24'],
        routes: ['default via 10.0.1.1 dev eth0'],
        rules: rules.server ?? '',
        state: { listeners: [{ protocol: 'tcp', address: '0.0.0.0', port: 80 }], ...state.server },
      },
    },
    ['lan: client:eth0 router:lan', 'dmz: router:dmz server:eth0'],
  );
}
