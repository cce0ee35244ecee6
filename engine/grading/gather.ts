import { HookpointError } from '../contract/error.ts';
import { readTimeline, writeMark } from '../observe/read-timeline.ts';
import { snapshotNodes } from '../observe/snapshot-nodes.ts';
import type { RunScript } from '../runtime/container.ts';
import type { Topology } from '../topology/topology.ts';
import type { Needs } from './check.ts';
import { kindOf } from './check-kinds.ts';
import { type ProbeSpec, probeSchema } from './checks/probe.ts';
import {
  type Evidence,
  fileKey,
  type NodeFile,
  type Nodes,
  type Observed,
  type ProbeResult,
  probeKey,
  type StoredAnswer,
} from './evidence.ts';
import { leavesOf } from './leaves.ts';
import { readNodeFile } from './node-file.ts';
import { longestSeconds, runProbe } from './probe.ts';
import type { Criterion } from './schema.ts';

export interface GatherContext {
  readonly session: string;
  readonly run: RunScript;
  readonly topology: Topology;
  /** The nodes at the end of provisioning, as the session kept them. */
  readonly baseline: Observed<Nodes>;
  /** The last answer to each question, by the question's id. */
  readonly answers: Readonly<Record<string, StoredAnswer>>;
  /** Whether LOG lines of containers can be had on this host. */
  readonly kernelLog: Observed<true>;
  readonly signal?: AbortSignal;
}

/**
 * Gathers what the criteria rest on. A part that cannot be had is a failure with its cause in the evidence, and the rest goes on; only a
 * cancelled signal throws (CANCELLED). Probes run last, one after another, between two marks on the timeline.
 */
export async function gather(criteria: readonly Criterion[], context: GatherContext): Promise<Evidence> {
  const { session, run, signal, baseline, answers, kernelLog } = context;
  const options = signal === undefined ? {} : { signal };
  const needs = criteria.flatMap((criterion) =>
    [...leavesOf(criterion)].map((leaf) => kindOf(leaf.name).needs(leaf.spec)),
  );
  // The timeline first: a change that comes between the two readings is then in `now`, and no state of the timeline is later than now.
  const timeline = await observed('the timeline could not be read', signal, () => readTimeline(run, options));
  const now = await observed('the nodes could not be read', signal, () =>
    snapshotNodes(run, Object.keys(context.topology.nodes), options),
  );
  const time = timeOf(now);
  const files = await gatherFiles(needs, context);
  const probes = await gatherProbes(needs, 'value' in now ? now.value : undefined, context);
  return { session, time, now, baseline, timeline, probes, files, answers, kernelLog };
}

/** The lab container's clock, which the timeline goes by; ours when no node could be read. */
function timeOf(now: Observed<Nodes>): number {
  const times = 'value' in now ? Object.values(now.value).map((snapshot) => snapshot.time) : [];
  return times.length > 0 ? Math.max(...times) : Date.now() / 1000;
}

async function gatherFiles(needs: readonly Needs[], { run, signal }: GatherContext) {
  const files: Record<string, Observed<NodeFile>> = {};
  for (const request of needs.flatMap((one) => one.files ?? [])) {
    const key = fileKey(request.node, request.path);
    files[key] ??= flat(
      await observed(`${request.path} could not be read`, signal, () =>
        readNodeFile(run, request, signal === undefined ? {} : { signal }),
      ),
    );
  }
  return files;
}

async function gatherProbes(needs: readonly Needs[], nodes: Nodes | undefined, context: GatherContext) {
  const probes: Record<string, Observed<ProbeResult>> = {};
  const specs = new Map<string, ProbeSpec>();
  for (const { probe } of needs) if (probe !== undefined) specs.set(probeKey(probe), probeSchema.parse(probe));
  if (specs.size === 0) return probes;
  const { run, signal, topology } = context;
  const begun = await observed('the probe could not be announced', signal, () =>
    writeMark(run, { name: 'probe-begin', detail: String(longestSeconds([...specs.values()])) }),
  );
  try {
    for (const [key, spec] of specs) {
      // A probe that the recorder was not told of would stand as the learner's doing.
      probes[key] =
        'failure' in begun
          ? begun
          : flat(
              await observed('the probe could not be sent', signal, () =>
                runProbe(spec, { run, topology, nodes, ...(signal === undefined ? {} : { signal }) }),
              ),
            );
    }
  } finally {
    // Also when it was cancelled: what the learner does next is the learner's again.
    await observed('the end of the probe could not be marked', undefined, () => writeMark(run, { name: 'probe-end' }));
  }
  return probes;
}

const flat = <T>(outer: Observed<Observed<T>>): Observed<T> => ('failure' in outer ? outer : outer.value);

async function observed<T>(
  what: string,
  signal: AbortSignal | undefined,
  read: () => Promise<T>,
): Promise<Observed<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (signal?.aborted === true) throw new HookpointError('CANCELLED', 'Cancelled.', { cause: error });
    return { failure: `${what}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
