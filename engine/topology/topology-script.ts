import { layout } from '../runtime/layout.ts';
import { shellQuote } from '../runtime/shell-quote.ts';
import { bootScript } from './boot-script.ts';
import { holdingNamespace, type LinkEnd, type LinkPlan, planLinks, segmentNamespace } from './network-plan.ts';
import {
  endBatch,
  ipBatch,
  linkBatch,
  nodeNetworkScript,
  routeBatch,
  segmentScript,
  wireLine,
} from './network-script.ts';
import { nodeConfig, procSysPlaceholder } from './node-config.ts';
import type { NodeSpec, Topology } from './topology.ts';

/**
 * Where a node's files come from when it starts: `new`, those of the lab on an empty layer; `kept`, those that it had when it was turned
 * off; or NODE.tar in a folder, and then its provisioning does not run again: what it did is among what was saved.
 */
export type NodeFiles = 'new' | 'kept' | { readonly saved: string };

/**
 * One bash script, for the outer container, that builds every node of a topology. It ends with 0 when all services listen and
 * all provisioning is done; else it prints `hookpoint-failed NODE STAGE STATUS`, what the stage printed below, and ends with 10.
 */
export function topologyScript(topology: Topology, session: string, files: NodeFiles = 'new'): string {
  const links = planLinks(topology, session);
  const nodes = Object.keys(topology.nodes);
  return [
    ...opening(nodes),
    ...stage('-', 'links', ipBatch(linkBatch(nodes, links))),
    ...stage('-', 'segments', segmentScript(links)),
    ...Object.entries(topology.nodes).flatMap(([node, spec]) => startNode(topology, node, spec, links, files)),
    ...closing(nodes),
  ].join('\n');
}

/**
 * The same for nodes that were there before: their rules and processes go, and so do their files where others are to come. Their
 * neighbours' ends of their links stay.
 */
export function restartScript(topology: Topology, nodes: readonly string[], session: string, files: NodeFiles): string {
  const links = planLinks(topology, session);
  const specs = Object.entries(topology.nodes).filter(([node]) => nodes.includes(node));
  return [
    ...opening(nodes),
    ...nodes.map((node) => `runc --root ${layout.runc} delete --force ${node} 2>/dev/null`),
    ...nodes.flatMap((node) => replaceNamespace(topology, node, links)),
    ...(files === 'kept' ? [] : nodes.flatMap(unmount)),
    ...specs.flatMap(([node, spec]) => startNode(topology, node, spec, links, files)),
    ...closing(nodes),
  ].join('\n');
}

function opening(nodes: readonly string[]): string[] {
  return [
    // init makes this folder when the cgroups are ready for nodes; a container is there a moment before that.
    'for ((tries = 0; tries < 1000; tries++)); do [ -d /run/hookpoint/nodes ] && break; sleep 0.005; done',
    'failed() { printf "hookpoint-failed %s %s %s\\n" "$1" "$2" "$3"; cat; printf %s "$stop" >&"$gate"; exit 10; }',
    `stop=${'-'.repeat(nodes.length)}`,
    'proc_sys=; for each in /proc/sys/*; do [ "$each" = /proc/sys/net ] || proc_sys="$proc_sys,\\"$each\\""; done',
    `mkdir -p ${nodes.flatMap((node) => [`${layout.node(node)}/files`, `${layout.node(node)}/root`]).join(' ')}`,
    `rm -f ${nodes.map(statusPipe).join(' ')} ${gatePipe}`,
    `mkfifo -m 600 ${nodes.map(statusPipe).join(' ')} ${gatePipe}`,
    `exec {gate}<>${gatePipe}`,
  ];
}

const statusPipe = (node: string) => `${layout.node(node)}/status`;
const gatePipe = '/run/hookpoint/nodes/.gate';

/** A part that must succeed before anything else; what it wrote to stderr is its failure's text. */
function stage(node: string, name: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return [`text=$( {`, ...lines, `} 2>&1 ) || failed ${node} ${name} $? <<<"$text"`];
}

/**
 * A background job for one node. Its stdout is the node's status pipe from the first moment, so that its reader sees every end.
 * Config and boot script go in as text: the node must never get a descriptor of a file of the outer container, which it could
 * open again for writing through /proc/self/fd. Pipes are harmless.
 */
function startNode(
  topology: Topology,
  node: string,
  spec: NodeSpec,
  links: readonly LinkPlan[],
  files: NodeFiles,
): string[] {
  const folder = layout.node(node);
  const [before, after] = JSON.stringify(nodeConfig(node, spec)).split(`,"${procSysPlaceholder}"`);
  const boot = bootScript(topology, node, spec, { files: files === 'new', provision: typeof files === 'string' });
  const ends = links.flatMap((link) => link.ends.filter((end) => end.node === node));
  const runc = `runc --root ${layout.runc} run --detach --bundle ${folder} ${node} 2>${folder}/runc.log`;
  return [
    '{',
    `exec >${statusPipe(node)}`,
    'broken() { printf "failed %s %s\\n%s\\n" "$1" "$2" "$3"; exit; }',
    `printf %s ${shellQuote(before ?? '')}"$proc_sys"${shellQuote(after ?? '')} >${folder}/config.json`,
    ...(files === 'kept' ? [] : [`text=$( {`, ...overlay(node, files), `} 2>&1 ) || broken files $? "$text"`]),
    `text=$( {`,
    ...nodeNetworkScript(node, spec, ends),
    `} 2>&1 ) || broken network $? "$text"`,
    `${runc} < <(`,
    `  exec 2>/dev/null`,
    `  printf %s ${shellQuote(boot.start)}; read -r -N 1 -u "$gate" go; [ "$go" != x ] || printf %s ${shellQuote(boot.provision)}`,
    `) {gate}<&- || broken start $? "$(<${folder}/runc.log)"`,
    '} &',
  ];
}

/** Files of a node: the image below, and above it what the node writes, of limited size and charged to who writes it. */
function overlay(node: string, files: NodeFiles): string[] {
  const folder = layout.node(node);
  const layers = `lowerdir=/,upperdir=${folder}/files/upper,workdir=${folder}/files/work`;
  return [
    `mount -t tmpfs -o size=64m,nr_inodes=20000,mode=755 ${node} ${folder}/files &&`,
    `mkdir ${folder}/files/upper ${folder}/files/work &&`,
    // Before the overlay is mounted: what is below a mounted one must not be changed.
    ...(typeof files === 'string' ? [] : [`${unpack(`${files.saved}/${node}.tar`, `${folder}/files/upper`)} &&`]),
    `mount -t overlay -o ${layers} ${node} ${folder}/root`,
  ];
}

/** As images/lab-node/programs/checkpoint.py packed it. Nobody else is in the folder yet, and tar makes links last. */
function unpack(archive: string, folder: string): string {
  const keep =
    "--numeric-owner --same-owner --preserve-permissions --xattrs --xattrs-include='*' --acls --delay-directory-restore";
  return `tar --extract --file ${archive} --directory ${folder} ${keep} --warning=none`;
}

/** Lets go of a node's files. Somebody who still reads there must not keep them: lazily, where it must be. */
function unmount(node: string): string[] {
  const folder = layout.node(node);
  return [`${folder}/root`, `${folder}/files`].map(
    (path) => `while mountpoint -q ${path}; do umount ${path} 2>/dev/null || umount -l ${path} || break; done`,
  );
}

/** Waits for every node's `ready`, opens the gate to provisioning for all, and waits for every `done`. */
function closing(nodes: readonly string[]): string[] {
  const list = nodes.join(' ');
  const expect = (word: string) => [
    `for node in ${list}; do`,
    `  IFS=' ' read -r line stage status <&"\${from[$node]}" || { line=failed stage=start status=1; }`,
    `  [ "$line" = ${word} ] || failed "$node" "\${stage:-start}" "\${status:-1}" <&"\${from[$node]}"`,
    'done',
  ];
  return [
    'declare -A from',
    `for node in ${list}; do exec {fd}<"${statusPipe('$node')}"; from[$node]=$fd; done`,
    ...expect('ready'),
    `printf %s ${'x'.repeat(nodes.length)} >&"$gate"`,
    ...expect('done'),
    'wait',
    `rm -f ${nodes.map(statusPipe).join(' ')} ${gatePipe}`,
    'exit 0',
  ];
}

/**
 * A new namespace for a node. Ends of its links wait in a namespace of their own meanwhile, so that the neighbours only lose the
 * carrier; an end that the learner removed or renamed is made anew, with the neighbour's interface.
 */
function replaceNamespace(topology: Topology, node: string, links: readonly LinkPlan[]): string[] {
  const own = links.flatMap((link) => link.ends.filter((end) => end.node === node).map((end) => ({ link, end })));
  const park = own.map(({ end }, index) =>
    [
      `ip -n ${node} link set dev ${end.interface} down 2>/dev/null &&`,
      `  ip -n ${node} link set dev ${end.interface} name hold${index} netns ${holdingNamespace} 2>/dev/null`,
    ].join('\n'),
  );
  const unpark = own.flatMap(({ link, end }, index) => [
    `if ! ip -n ${holdingNamespace} link set dev hold${index} name ${end.interface} address ${end.mac} mtu ${end.mtu ?? 1500} netns ${node} 2>/dev/null; then`,
    ...makeAnew(topology, link, end),
    'fi',
  ]);
  return [
    ...(own.length > 0 ? [`ip netns add ${holdingNamespace} 2>/dev/null`] : []),
    ...park,
    `ip netns delete ${node} 2>/dev/null`,
    ...stage(node, 'network', [`ip netns add ${node} &&`, '{ :', ...unpark, '}']),
    ...(own.length > 0 ? [`ip netns delete ${holdingNamespace}`] : []),
  ];
}

function makeAnew(topology: Topology, link: LinkPlan, end: LinkEnd): string[] {
  if (link.kind === 'wire') {
    const peer = link.ends.find((one) => one !== end) ?? end;
    const spec = topology.nodes[peer.node];
    const routes = spec === undefined ? [] : routeBatch(spec).map((route) => `route add ${route}`);
    return [
      `ip -n ${peer.node} link delete dev ${peer.interface} 2>/dev/null`,
      `ip ${wireLine(end, peer)} || exit`,
      `ip -n ${peer.node} -batch - <<'end-of-batch' || exit`,
      ...endBatch(peer),
      'end-of-batch',
      // Those that went with the interface come back; the others are there already, which is no failure.
      ...(routes.length === 0
        ? []
        : [`ip -n ${peer.node} -force -batch - 2>/dev/null <<'end-of-batch'`, ...routes, 'end-of-batch']),
    ];
  }
  const port = link.ends.find((one) => one.node === end.node && one.interface === end.interface)?.port ?? '';
  return [
    `ip -n ${segmentNamespace} link delete dev ${port} 2>/dev/null`,
    `ip link add name ${end.interface} address ${end.mac} netns ${end.node} type veth peer name ${port} netns ${segmentNamespace} || exit`,
    `ip -n ${segmentNamespace} link set dev ${port} master ${link.bridge} up || exit`,
  ];
}
