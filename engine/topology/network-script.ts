import { layout } from '../runtime/layout.ts';
import { shellQuote } from '../runtime/shell-quote.ts';
import { type LinkEnd, type LinkPlan, linkLocalOf, segmentNamespace } from './network-plan.ts';
import type { NodeSpec } from './topology.ts';

/** Lines for `ip -batch` in the outer container's namespace: the namespaces, and every link with its ends in them. */
export function linkBatch(nodes: readonly string[], links: readonly LinkPlan[]): string[] {
  const segments = links.some((link) => link.kind === 'segment');
  return [
    ...nodes.map((node) => `netns add ${node}`),
    ...(segments ? [`netns add ${segmentNamespace}`] : []),
    ...links.flatMap((link) =>
      link.kind === 'wire'
        ? [wireLine(...link.ends)]
        : link.ends.map((end) => `link add ${device(end)} type veth peer name ${end.port} netns ${segmentNamespace}`),
    ),
  ];
}

export function wireLine(one: LinkEnd, other: LinkEnd): string {
  return `link add ${device(one)} type veth peer ${device(other)}`;
}

function device(end: LinkEnd): string {
  const mtu = end.mtu === null ? '' : ` mtu ${end.mtu}`;
  return `name ${end.interface} address ${end.mac}${mtu} netns ${end.node}`;
}

/** Bash that makes the bridges. Their namespace has no addresses of any kind: it must not be heard on the segments. */
export function segmentScript(links: readonly LinkPlan[]): string[] {
  const segments = links.filter((link) => link.kind === 'segment');
  if (segments.length === 0) return [];
  const batch = segments.flatMap(({ bridge, ends }) => {
    const mtu = Math.max(...ends.map((end) => end.mtu ?? 1500));
    return [
      `link add name ${bridge} mtu ${mtu} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `link set dev ${bridge} up`,
      ...ends.flatMap(({ port }) => [`link set dev ${port} mtu ${mtu} master ${bridge}`, `link set dev ${port} up`]),
    ];
  });
  return [
    ...insideNamespace(segmentNamespace, [
      'cd /proc/sys/net',
      '[ ! -d ipv6 ] || for each in ipv6/conf/*/disable_ipv6; do echo 1 >"$each"; done',
      '[ ! -d bridge ] || for each in bridge/bridge-nf-call-*; do echo 0 >"$each"; done',
      ...ipBatch(batch),
    ]),
  ];
}

/**
 * Bash that gives a node its network, run by the outer container's programs in the node's namespace. First what a new namespace
 * takes over from the host goes to the kernel's own defaults (forwarding and rp_filter off: a Docker host has them on), and
 * what would make packets that nobody sent: duplicate address detection and router solicitation.
 */
export function nodeNetworkScript(node: string, spec: NodeSpec, ends: readonly LinkEnd[]): string[] {
  const each = ['all', 'default', 'lo', ...ends.map((end) => end.interface)];
  return insideNamespace(node, [
    'cd /proc/sys/net',
    'echo 0 >ipv4/ip_forward',
    `for each in ${each.join(' ')}; do`,
    '  echo 0 >"ipv4/conf/$each/rp_filter"',
    '  [ ! -d ipv6 ] || for key in accept_dad accept_ra router_solicitations; do echo 0 >"ipv6/conf/$each/$key"; done',
    'done',
    ...ipBatch([
      'link set dev lo up',
      ...ends.flatMap(endBatch),
      ...routeBatch(spec).map((route) => `route add ${route}`),
    ]),
    ...Object.entries(spec.sysctls).map(([name, value]) => {
      const path = sysctlPath(name, ends);
      return `echo ${shellQuote(String(value))} >${shellQuote(path)} || { echo ${shellQuote(`cannot set the sysctl ${name} to ${value}`)} >&2; exit 1; }`;
    }),
  ]);
}

/** A node's routes as ip-route(8) takes them. */
export function routeBatch(spec: NodeSpec): string[] {
  return spec.routes.map(({ to, via, dev }) => {
    const gateway = via === undefined ? '' : ` via ${via}`;
    return `${to}${gateway}${dev === undefined ? '' : ` dev ${dev}`}`;
  });
}

/** Lines for `ip -batch` in the node's namespace that bring one interface up with its addresses. */
export function endBatch(end: LinkEnd): string[] {
  return [
    `link set dev ${end.interface} addrgenmode none`,
    `link set dev ${end.interface} up`,
    ...end.addresses.map((cidr) =>
      cidr.includes(':')
        ? `address add ${cidr} dev ${end.interface} nodad`
        : `address add ${cidr} broadcast + dev ${end.interface}`,
    ),
    `address add ${linkLocalOf(end.mac)}/64 dev ${end.interface} scope link nodad`,
  ];
}

/** net.ipv4.conf.eth0.rp_filter -> ipv4/conf/eth0/rp_filter, below /proc/sys/net; an interface's name may have dots in it. */
export function sysctlPath(name: string, ends: readonly { readonly interface: string }[]): string {
  const dotted = ends.find((end) => end.interface.includes('.') && name.includes(`.${end.interface}.`));
  const text = dotted === undefined ? name : name.replace(dotted.interface, dotted.interface.replaceAll('.', '\0'));
  return text
    .replace(/^net\./, '')
    .replaceAll('.', '/')
    .replaceAll('\0', '.');
}

export function ipBatch(lines: readonly string[]): string[] {
  return ["ip -batch - <<'end-of-batch' || exit", ...lines, 'end-of-batch'];
}

function insideNamespace(namespace: string, script: readonly string[]): string[] {
  return [`nsenter --net=${layout.netns(namespace)} bash --noprofile --norc -c ${shellQuote(script.join('\n'))}`];
}
