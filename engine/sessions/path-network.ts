import { HookpointError } from '../contract/error.ts';
import {
  type PathNetwork,
  type PathNode,
  type PathQuestion,
  PathQuestionError,
  type PathTrace,
  tracePath,
} from '../netfilter/index.ts';
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

/** What becomes of a connection between these nodes. NOT_FOUND where the network has no such end. */
export function askPath(question: PathQuestion): PathTrace {
  try {
    return tracePath(question);
  } catch (thrown) {
    if (!(thrown instanceof PathQuestionError)) throw thrown;
    throw new HookpointError('NOT_FOUND', `${thrown.message[0]?.toUpperCase()}${thrown.message.slice(1)}.`, {
      remedy: 'A path goes from a node to a node with an address, or to an address.',
      cause: thrown,
    });
  }
}

function pathNode(name: string, snapshot: NodeSnapshot): PathNode {
  const unread = snapshot.problems.find(({ section }) => section === 'iptables' || section === 'addresses');
  if (unread !== undefined) {
    throw new HookpointError('NODE_FAILED', `${unread.section} of ${name} could not be read: ${unread.message}`, {
      remedy: `Try again. If it fails again, turn the node off and on: \`hookpoint restart SESSION ${name}\`.`,
    });
  }
  return { name, state: snapshot, rulesets: snapshot.rulesets.map(({ ruleset }) => ruleset) };
}
