import { HookpointError } from '../contract/error.ts';
import type { PathNetwork, PathNode } from '../netfilter/index.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';
import { linkEnds, type Topology } from '../topology/index.ts';
import type { Snapshots } from './store.ts';

/** Nodes as they are, joined as their lab says. NODE_FAILED where a node's rules or addresses could not be read. */
export function pathNetworkOf(topology: Topology, snapshots: Snapshots): PathNetwork {
  return {
    nodes: Object.entries(snapshots).map(([node, snapshot]) => pathNode(node, snapshot)),
    // Interfaces that name the same link hear each other.
    segments: [...linkEnds(topology)].map(([name, ends]) => ({ name, ends })),
  };
}

function pathNode(name: string, snapshot: NodeSnapshot): PathNode {
  const unread = snapshot.problems.find(({ section }) => section === 'iptables' || section === 'addresses');
  if (unread !== undefined) {
    throw new HookpointError('NODE_FAILED', `${unread.section} of ${name} could not be read: ${unread.message}`);
  }
  return { name, state: snapshot, rulesets: snapshot.rulesets.map(({ ruleset }) => ruleset) };
}
