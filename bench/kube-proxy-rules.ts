/** Rules as kube-proxy's iptables mode writes them (pkg/proxy/iptables/proxier.go), for Services made up by number. */

export interface KubeService {
  readonly address: string;
  readonly port: number;
  /** `address:port`, in order. */
  readonly endpoints: readonly string[];
}

/** Service 0 has three endpoints, every third one two, the others one: six rules a Service. */
export function kubeServices(count: number): KubeService[] {
  return Array.from({ length: count }, (_, number) => ({
    address: `10.96.${(number >> 8) & 255}.${number & 255}`,
    port: 80,
    endpoints: Array.from(
      { length: number === 0 ? 3 : number % 3 === 0 ? 2 : 1 },
      (_, endpoint) => `10.244.${(number >> 8) & 255}.${number & 255}:${8080 + endpoint}`,
    ),
  }));
}

/** The nat and filter tables, as iptables-save prints them. */
export function kubeProxyRules(services: readonly KubeService[]): string {
  const names = services.map((_, number) => `KUBE-SVC-${number.toString(36).toUpperCase().padStart(16, '0')}`);
  const endpointName = (number: number, endpoint: number) =>
    `KUBE-SEP-${(number * 4 + endpoint).toString(36).toUpperCase().padStart(16, '0')}`;
  const chains = services.flatMap((service, number) => [
    `:${names[number]} - [0:0]`,
    ...service.endpoints.map((_, endpoint) => `:${endpointName(number, endpoint)} - [0:0]`),
  ]);
  const portals = services.map(
    ({ address, port }, number) =>
      `-A KUBE-SERVICES -d ${address}/32 -p tcp -m comment --comment "ns/s${number} cluster IP" -m tcp --dport ${port} -j ${names[number]}`,
  );
  const own = services.flatMap(({ address, port, endpoints }, number) => [
    ...endpoints.flatMap((endpoint, at) => [
      `-A ${endpointName(number, at)} -s ${endpoint.split(':')[0]}/32 -m comment --comment "ns/s${number}" -j KUBE-MARK-MASQ`,
      `-A ${endpointName(number, at)} -p tcp -m comment --comment "ns/s${number}" -m tcp -j DNAT --to-destination ${endpoint}`,
    ]),
    `-A ${names[number]} ! -s 10.244.0.0/16 -d ${address}/32 -p tcp -m comment --comment "ns/s${number} cluster IP" -m tcp --dport ${port} -j KUBE-MARK-MASQ`,
    ...endpoints.map((endpoint, at) => {
      const left = endpoints.length - at;
      // As iptables prints what kube-proxy computes: 31 bits of 1/n.
      const lots =
        left === 1
          ? ''
          : ` -m statistic --mode random --probability ${(Math.round(0x80000000 / left) / 0x80000000).toFixed(11)}`;
      return `-A ${names[number]} -m comment --comment "ns/s${number} -> ${endpoint}"${lots} -j ${endpointName(number, at)}`;
    }),
  ]);
  return [
    ...['*nat', ':PREROUTING ACCEPT [0:0]', ':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ':POSTROUTING ACCEPT [0:0]'],
    ...[':KUBE-MARK-MASQ - [0:0]', ':KUBE-NODEPORTS - [0:0]', ':KUBE-POSTROUTING - [0:0]', ':KUBE-SERVICES - [0:0]'],
    ...chains,
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
    '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
    '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0',
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    ...portals,
    '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
    ...own,
    'COMMIT',
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':KUBE-FORWARD - [0:0]',
    '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
    '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    'COMMIT',
    '',
  ].join('\n');
}
