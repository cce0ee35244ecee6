/** Nodes under test in a lab container: jobs go in, what the kernel did comes out. */

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { HostState } from '../../../engine/netfilter/index.ts';
import { parseSections, type SectionTexts } from '../../../engine/observe/sections.ts';
import type { Container } from '../../../engine/runtime/container.ts';
import { connectDocker } from '../../../engine/runtime/docker/connect.ts';
import { layout } from '../../../engine/runtime/layout.ts';
import { testRunLabel } from '../test-run.ts';
import { type HostKind, hostKinds, hostOfKind, nodeConfig, type Variant, variantName, variants } from './host.ts';
import type { PacketJob } from './test-packet.ts';

/** A packet where the harness saw it: past INPUT, past POSTROUTING, an answer of the host's own, or conntrack's word of it. */
export interface Sighting {
  readonly prefix: string;
  /** Hexadecimal, from the IP header on. */
  readonly packet?: string;
  readonly mark?: number;
  readonly in?: string | null;
  readonly out?: string | null;
}

export interface PacketAnswer {
  readonly seen: readonly Sighting[];
  /** nft's trace: table, chain, rule (0 is the policy) of what matched, in order; empty for legacy. */
  readonly trace: readonly (readonly [string, string, number])[];
  /** Index into `saved` and by how many packets its counter moved. */
  readonly moved: readonly (readonly [number, number])[];
  /** The packet could not be sent: errno's name. */
  readonly error?: string;
}

export type Answer =
  | { readonly refused: string }
  | { readonly saved: readonly string[]; readonly packets: readonly PacketAnswer[] };

export interface NodeUnderTest {
  readonly variant: Variant;
  /** What the host is, by kind, as a snapshot of it says. */
  readonly states: ReadonlyMap<HostKind, HostState>;
  /** Loads a ruleset (iptables-restore's text) on a host of a kind and sends packets through it one after another. */
  run(kind: HostKind, ruleset: string, packets: readonly PacketJob[]): Promise<Answer>;
}

export interface Kernel extends AsyncDisposable {
  readonly nodes: readonly NodeUnderTest[];
}

const program = readFileSync(new URL('node_under_test.py', import.meta.url), 'utf8');

/** Starts a container with one node for each variant. Removed when it is disposed of, or when starting fails or is cancelled. */
export async function startKernel(wanted: readonly Variant[] = variants, signal?: AbortSignal): Promise<Kernel> {
  const runtime = await connectDocker();
  const image = await runtime.ensureImage({});
  const name = `hookpoint-differential-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const container = await runtime.start(
    {
      name,
      image,
      argv: ['tini', '--', 'sleep', 'infinity'],
      hostname: 'lab',
      labels: { 'dev.hookpoint.session': name, 'dev.hookpoint.test': testRunLabel() },
      limits: { memoryMegabytes: 512, pids: 200, cpus: 2 },
      tmpfs: { '/run': { megabytes: 64 }, '/tmp': { megabytes: 64 } },
      volumes: [layout.volume],
    },
    signal,
  );
  const dispose = async () => {
    await container.remove();
    await runtime[Symbol.asyncDispose]();
  };
  try {
    const nodes = await Promise.all(wanted.map((variant, index) => startNode(container, variant, index)));
    return { nodes, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function startNode(container: Container, variant: Variant, cpu: number): Promise<NodeUnderTest> {
  const ask = await openProgram(container, variant, cpu);
  await ask(nodeConfig(variant.family, variant.backend));
  const states = new Map<HostKind, HostState>();
  let current: HostKind | null = null;
  const become = async (kind: HostKind) => {
    const { sysctls, ...texts } = (await ask({ host: hostOfKind(kind, variant.family) })) as SectionTexts & {
      readonly sysctls: Record<string, string>;
    };
    const { parsed, problems } = parseSections(texts);
    states.set(kind, { ...parsed, sysctls, listeners: [], problems });
    current = kind;
  };
  for (const kind of hostKinds) await become(kind);
  return {
    variant,
    states,
    async run(kind, ruleset, packets) {
      if (current !== kind) await become(kind);
      return (await ask({ ruleset, packets })) as Answer;
    },
  };
}

/** The program in the container, one line in, one line out. */
async function openProgram(
  container: Container,
  variant: Variant,
  cpu: number,
): Promise<(question: unknown) => Promise<object>> {
  const trace = variant.backend === 'nft' ? ['trace'] : [];
  const exec = await container.attach([
    'python3',
    '-I',
    '-B',
    '-c',
    program,
    variantName(variant),
    String(cpu),
    ...trace,
  ]);
  let complaints = '';
  exec.stderr.on('data', (data) => {
    complaints = `${complaints}${data}`.slice(-4000);
  });
  exec.stdin.on('error', () => undefined);
  exec.exited.catch(() => undefined);
  const lines = createInterface({ input: exec.stdout, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  const askNow = async (question: unknown): Promise<object> => {
    exec.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the node ${variantName(variant)} has ended: ${complaints}`);
    const answer: object = JSON.parse(value);
    if ('failed' in answer) throw new Error(`the node ${variantName(variant)}: ${answer.failed}`);
    return answer;
  };
  return (question) => {
    const answer = last.then(() => askNow(question));
    last = answer.catch(() => undefined);
    return answer;
  };
}
