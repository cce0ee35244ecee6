import { lookAt, readTimeline } from '../observe/read-timeline.ts';
import {
  type NodeAddresses,
  type NodeRules,
  readNodeAddresses,
  readNodeRules,
  snapshotNodes,
} from '../observe/snapshot-nodes.ts';
import type { Timeline } from '../observe/timeline.ts';
import type { SessionRow, Snapshots } from './store.ts';
import { withShell } from './with-shell.ts';
import type { Workspace } from './workspace.ts';

/** The network state of these nodes now. SESSION_LOST. */
export function readState(
  workspace: Workspace,
  session: SessionRow,
  nodes: readonly string[],
  signal?: AbortSignal,
): Promise<Snapshots> {
  return withShell(workspace, session, signal, (run) => snapshotNodes(run, nodes, signal ? { signal } : {}));
}

/** The rules of one node now, and nothing else. SESSION_LOST. */
export async function readRules(workspace: Workspace, session: SessionRow, node: string): Promise<NodeRules> {
  const read = await withShell(workspace, session, undefined, (run) => readNodeRules(run, [node]));
  const rules = read[node];
  if (!rules) throw new Error(`the reading of ${node} is missing`);
  return rules;
}

/** Tells the recorder that somebody looks at a node's counters: for some seconds it compares them more often. SESSION_LOST. */
export async function lookAtCounters(workspace: Workspace, session: SessionRow, node: string): Promise<void> {
  await withShell(workspace, session, undefined, (run) => lookAt(run, node));
}

/** Links and addresses of all nodes now, and nothing else. SESSION_LOST. */
export function readAddresses(
  workspace: Workspace,
  session: SessionRow,
): Promise<Readonly<Record<string, NodeAddresses>>> {
  const nodes = Object.keys(session.instance.topology.nodes);
  return withShell(workspace, session, undefined, (run) => readNodeAddresses(run, nodes));
}

/** Everything that happened in a session until now. SESSION_LOST. */
export function readSessionTimeline(
  workspace: Workspace,
  session: SessionRow,
  signal?: AbortSignal,
): Promise<Timeline> {
  return withShell(workspace, session, signal, (run) => readTimeline(run, signal ? { signal } : {}));
}
