import { randomBytes, randomInt } from 'node:crypto';
import { HookpointError } from '../contract/error.ts';
import type { Family, PathTrace, Probe } from '../netfilter/index.ts';
import { compareWalks, type Parting } from '../observe/compare-walks.ts';
import { type ObservedLeg, observedLegs } from '../observe/observed-walk.ts';
import { longestTrace, type TraceRequest, tracePacket } from '../observe/packet-trace.ts';
import { writeMark } from '../observe/read-timeline.ts';
import { snapshotNodes } from '../observe/snapshot-nodes.ts';
import type { RunScript } from '../runtime/container.ts';
import type { Topology } from '../topology/index.ts';
import { lock } from './lock.ts';
import { askPath, pathNetworkOf } from './path-network.ts';
import type { SessionRow } from './store.ts';
import { withShell } from './with-shell.ts';
import type { Workspace } from './workspace.ts';

export interface TraceQuestion {
  /** Names of nodes; `to` may be an address. */
  readonly from: string;
  readonly to: string;
  readonly probe: Probe;
  readonly family?: Family;
}

/** What became of one connection: what the kernel told, and what the simulator says of the same state. */
export interface Traced {
  readonly outcome: 'answered' | 'refused' | 'unreachable' | 'timeout';
  readonly reply: string;
  readonly legs: readonly ObservedLeg[];
  readonly predicted: PathTrace;
  /** Where they part; empty where the kernel did as predicted. */
  readonly partings: readonly Parting[];
  /** What the kernel does not tell of: rules of iptables-legacy on these nodes. */
  readonly untold: readonly string[];
}

/** Below Linux's ephemeral ports (ip_local_port_range), so that no other connection of the nodes has it. */
const marks = { from: 20_000, to: 32_000 } as const;
const seconds = 2;

/**
 * Sends one connection attempt and follows its packets over every node. It comes after checks of the same session, whose probes it would
 * meet, and the timeline marks it as a probe: nothing of it counts for the learner. NOT_FOUND, NODE_FAILED, SESSION_LOST.
 */
export async function traceSession(
  workspace: Workspace,
  session: SessionRow,
  question: TraceQuestion,
  signal?: AbortSignal,
): Promise<Traced> {
  using _held = await lock(workspace.home, `${session.id}.check`, { signal });
  const { topology } = session.instance;
  return await withShell(workspace, session, signal, (run) => traceNow(run, topology, question, signal));
}

/** The same for nodes that run, wherever they come from; nobody else may probe meanwhile. */
export async function traceNow(
  run: RunScript,
  topology: Topology,
  question: TraceQuestion,
  signal?: AbortSignal,
): Promise<Traced> {
  const given = signal ? { signal } : {};
  const nodes = await snapshotNodes(run, Object.keys(topology.nodes), given);
  const network = pathNetworkOf(topology, nodes);
  const mark = randomInt(marks.from, marks.to);
  const { protocol } = question.probe;
  const probe = protocol === 'icmp' ? question.probe : { ...question.probe, sourcePort: mark };
  const predicted = askPath({ network, ...question, probe });
  const to = predicted.ways[0]?.legs[0]?.hops[0]?.before.dst;
  if (to === undefined) throw new Error('a path begins with a packet that has a destination');
  const port = 'port' in probe ? probe.port : null;
  const table = `hookpoint-trace-${randomBytes(8).toString('hex')}`;
  const request: TraceRequest = {
    nodes: Object.keys(nodes),
    table,
    from: question.from,
    to,
    protocol,
    port,
    mark,
    seconds,
  };
  await writeMark(run, { name: 'probe-begin', detail: String(longestTrace(request)), table }, given);
  try {
    const answer = await tracePacket(run, request, given);
    if ('failure' in answer) {
      throw new HookpointError('NODE_FAILED', `The packet could not be traced: ${answer.failure}.`, {
        remedy: 'Try again. `hookpoint rules explain --from --to` says what the rules would do with it.',
      });
    }
    const legs = observedLegs(answer.packets, { protocol, mark }, nodes);
    const untold = Object.values(nodes).flatMap(({ node, rulesets }) =>
      rulesets.some(({ backend }) => backend === 'legacy') ? [node] : [],
    );
    return { ...answer.probe, legs, predicted, partings: compareWalks(legs, predicted), untold };
  } finally {
    // Also when it was cancelled: what comes next is the learner's again.
    await writeMark(run, { name: 'probe-end' });
  }
}
