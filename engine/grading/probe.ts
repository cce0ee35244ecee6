import { z } from 'zod';
import { parseRule, sameRule } from '../netfilter/index.ts';
import { snapshotNodes } from '../observe/snapshot-nodes.ts';
import type { RunScript } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';
import { shellQuote } from '../runtime/shell-quote.ts';
import type { Topology } from '../topology/topology.ts';
import type { ProbeSpec } from './checks/probe.ts';
import type { Nodes, Observed, ProbeAttempt, ProbeResult } from './evidence.ts';
import { sameNetwork } from './networks.ts';
import { chainsOf } from './rulesets-of.ts';

export interface ProbeContext {
  readonly run: RunScript;
  readonly topology: Topology;
  /** The nodes as they are: whose address is whose. Without them the topology says. */
  readonly nodes?: Nodes | undefined;
  readonly signal?: AbortSignal;
}

/** What images/lab-node/programs/probe.py takes. */
interface ProbeRequest {
  readonly from: { readonly node: string } | { readonly outside: OutsideRequest };
  readonly to: string;
  readonly protocol: ProbeSpec['proto'];
  readonly port: number | null;
  readonly sourcePort: number | null;
  readonly timeout: number;
  readonly watch: readonly string[];
  readonly untilSeen: boolean;
}

interface OutsideRequest {
  readonly address: string;
  readonly injector: Place;
  readonly gateway: Place;
}

interface Place {
  readonly node: string;
  readonly interface: string;
}

const attemptSchema = z.object({
  outcome: z.enum(['answered', 'refused', 'unreachable', 'timeout']),
  reply: z.string(),
  elapsedMs: z.number(),
  seen: z.array(
    z.object({
      node: z.string(),
      interface: z.string(),
      source: z.string(),
      destination: z.string(),
      sourcePort: z.number().nullable(),
      destinationPort: z.number().nullable(),
    }),
  ),
});
const answerSchema = z.union([z.object({ failure: z.string() }), attemptSchema]);

/** Sends a probe and reads the counters around it. What stands in its way is a failure with its cause; a cancelled signal throws. */
export async function runProbe(spec: ProbeSpec, context: ProbeContext): Promise<Observed<ProbeResult>> {
  const request = requestOf(spec, context);
  if ('failure' in request) return request;
  const before = await countersNow(spec, context);
  const attempts: ProbeAttempt[] = [];
  while (attempts.length < spec.count) {
    const attempt = await sendOnce(request.value, context);
    if ('failure' in attempt) return attempt;
    attempts.push(attempt.value);
  }
  const after = await countersNow(spec, context);
  const counters = spec.counters.map((_, index) => ({ before: before[index] ?? null, after: after[index] ?? null }));
  return { value: { attempts, counters } };
}

/** Seconds that a probe may take beside waiting for its answer. */
const grace = 5;

/** For how many seconds such probes are under way at most, one after another. */
export function longestSeconds(specs: readonly ProbeSpec[]): number {
  return specs.reduce((sum, spec) => sum + spec.count * (spec.seconds + grace), grace);
}

async function sendOnce(request: ProbeRequest, context: ProbeContext): Promise<Observed<ProbeAttempt>> {
  const result = await context.run(
    `exec python3 -I -S -B ${layout.programs}/probe.py ${shellQuote(JSON.stringify(request))}`,
    {
      timeout: (request.timeout + grace) * 1000,
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    },
  );
  if (result.exitCode !== 0) {
    return { failure: `the probe could not be sent: ${lastLine(result.stderr) || `status ${result.exitCode}`}.` };
  }
  const answer = answerSchema.parse(JSON.parse(result.stdout));
  return 'failure' in answer ? { failure: `the probe could not be sent: ${answer.failure}.` } : { value: answer };
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

function requestOf(spec: ProbeSpec, context: ProbeContext): Observed<ProbeRequest> {
  const from =
    typeof spec.from === 'string' ? { value: { node: spec.from } } : outsideOf(spec, spec.from.outside, context);
  if ('failure' in from) return from;
  const owner = ownerOf(spec.to, context)?.node;
  const delivery = spec.expect === 'delivered' || spec.expect === 'not-delivered';
  if (delivery && spec.seen === undefined && owner === undefined) {
    return { failure: `no node has the address ${spec.to}, so nobody can watch for the probe there.` };
  }
  const far = spec.seen?.node ?? owner;
  return {
    value: {
      from: from.value,
      to: spec.to,
      protocol: spec.proto,
      port: spec.port ?? null,
      sourcePort: spec.sport ?? null,
      timeout: spec.seconds,
      watch: far === undefined ? [] : [far],
      untilSeen: delivery,
    },
  };
}

type Outside = Exclude<ProbeSpec['from'], string>['outside'];

function outsideOf(spec: ProbeSpec, outside: Outside, context: ProbeContext): Observed<ProbeRequest['from']> {
  if ([outside.address, spec.to].some((one) => one.includes(':'))) {
    return { failure: 'an outside host with IPv6 cannot be tried yet.' };
  }
  const ends = Object.entries(context.topology.nodes).flatMap(([node, { interfaces }]) =>
    Object.entries(interfaces).flatMap(([name, one]) => (one.link === outside.link ? [{ node, interface: name }] : [])),
  );
  const next = outside.gateway ?? spec.to;
  const owner = ownerOf(next, context);
  const gateway = ends.find((end) => end.node === owner?.node && end.interface === owner.interface);
  if (gateway === undefined) return { failure: `no node has the address ${next} on the link ${outside.link}.` };
  const injector = ends.find((end) => end.node !== gateway.node);
  if (injector === undefined) return { failure: `the link ${outside.link} has no second end to send from.` };
  return { value: { outside: { address: outside.address, injector, gateway } } };
}

/** The node and interface that have an address: as they are now, else as the topology gave them. */
function ownerOf(address: string, { nodes, topology }: ProbeContext): Place | undefined {
  const live = Object.entries(nodes ?? {}).flatMap(([node, snapshot]) =>
    snapshot.addresses.map((one) => ({ node, interface: one.interface, address: one.address })),
  );
  const planned = Object.entries(topology.nodes).flatMap(([node, { interfaces }]) =>
    Object.entries(interfaces).flatMap(([name, one]) =>
      one.addresses.map((text) => ({ node, interface: name, address: text.split('/')[0] ?? '' })),
    ),
  );
  return [...live, ...planned].find((one) => one.interface !== 'lo' && sameNetwork(one.address, address));
}

/** Packets of each rule that the spec names; null where there is no such rule. */
async function countersNow(spec: ProbeSpec, { run, signal }: ProbeContext): Promise<(number | null)[]> {
  if (spec.counters.length === 0) return [];
  const names = [...new Set(spec.counters.map((one) => one.node))];
  const nodes = await snapshotNodes(run, names, signal === undefined ? {} : { signal });
  return spec.counters.map((asked) => {
    const snapshot = nodes[asked.node];
    if (snapshot === undefined) return null;
    const wanted = parseRule(asked.spec, asked.family);
    const rules = chainsOf(snapshot, asked.family, asked.table, asked.chain)
      .flatMap((chain) => chain.rules)
      .filter((rule) => sameRule(rule, wanted));
    return rules.length === 0 ? null : rules.reduce((sum, rule) => sum + (rule.counters?.packets ?? 0), 0);
  });
}
