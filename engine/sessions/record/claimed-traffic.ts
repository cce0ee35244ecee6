import { isIP } from 'node:net';
import type { NodeSnapshot } from '../../observe/snapshot.ts';
import type { FlowEvent } from '../../observe/timeline.ts';

/** Connections that are sent again in one state, each kind once: enough to move the counters that a lab asks for. */
const mostInState = 12;

/** Seconds that one may take. */
const patience = 2;

/**
 * Bash, by node, that sends once more what a file says was sent in a state. The claim earns nothing: what counts is what the packets meet in
 * the fresh lab.
 */
export function trafficScripts(
  flows: readonly FlowEvent[],
  nodes: Readonly<Record<string, NodeSnapshot>>,
): ReadonlyMap<string, string> {
  const commands = new Map<string, Set<string>>();
  let count = 0;
  for (const { node, event, flow, probing } of flows) {
    if (event !== 'new' || probing || count >= mostInState || !owns(nodes[node], flow.original.source)) continue;
    const command = commandFor(flow);
    const known = commands.get(node) ?? new Set();
    if (command === null || known.has(command)) continue;
    commands.set(node, known.add(command));
    count += 1;
  }
  return new Map(
    [...commands].map(([node, lines]) => [node, [...[...lines].map((line) => `${line} &`), 'wait'].join('\n')]),
  );
}

/** Only the node that sends it: others saw the same connection pass. */
function owns(snapshot: NodeSnapshot | undefined, source: string): boolean {
  if (snapshot === undefined) return false;
  return source.startsWith('127.') || source === '::1' || snapshot.addresses.some(({ address }) => address === source);
}

function commandFor({ protocol, original }: FlowEvent['flow']): string | null {
  const { destination, destinationPort: port } = original;
  if (isIP(destination) === 0) return null;
  const quiet = '</dev/null >/dev/null 2>&1';
  if (protocol === 'icmp' || protocol === 'icmpv6') return `ping -c 1 -W ${patience} ${destination} ${quiet}`;
  if (port === null || port < 1 || port > 65_535) return null;
  // A word after the handshake makes the far end answer, as a client would.
  if (protocol === 'tcp') return `timeout ${patience} nc -N -w 1 ${destination} ${port} ${quiet}`;
  return protocol === 'udp' ? `printf x | timeout ${patience} nc -u -w 1 ${destination} ${port} >/dev/null 2>&1` : null;
}
