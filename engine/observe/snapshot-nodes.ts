import { z } from 'zod';
import { HookpointError } from '../contract/error.ts';
import type { RunScript } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';
import { shellQuote } from '../runtime/shell-quote.ts';
import { assembleRulesets, rulesRecordSchema } from './assemble-rulesets.ts';
import { parseConntrack } from './parse/conntrack.ts';
import { parseSections } from './sections.ts';
import { type ConntrackEntry, type NodeSnapshot, snapshotSections } from './snapshot.ts';

const flowSchema = z.custom<ConntrackEntry>(
  (value) => typeof value === 'object' && value !== null && 'original' in value,
);

/** One line of images/lab-node/programs/snapshot.py. */
const snapshotRecordSchema = rulesRecordSchema.extend({
  node: z.string(),
  time: z.number(),
  /** Why there is nothing to read: the node's namespace is not there. */
  missing: z.string().optional(),
  problems: z.array(z.object({ section: z.enum(snapshotSections), message: z.string() })),
  generation: z.number().nullable().default(null),
  sysctls: z.record(z.string(), z.string()).default({}),
  listeners: z.array(z.object({ protocol: z.enum(['tcp', 'udp']), address: z.string(), port: z.number() })).default([]),
  conntrack: z.string().nullable().default(null),
  flows: z.array(flowSchema).nullable().default(null),
  texts: z.record(z.string(), z.string()).default({}),
});

/**
 * Reads every node's network state in one round trip, with the outer image's own programs in the node's network namespace alone. What cannot
 * be read of a node is one of its problems, never an exception. Throws what `run` throws, and NODE_FAILED where the program itself fails.
 */
export async function snapshotNodes(
  run: RunScript,
  nodes: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<Record<string, NodeSnapshot>> {
  return byNode(await readLines(run, nodes.map(shellQuote), options));
}

/** The part of a snapshot that is about rules. */
export type NodeRules = Pick<NodeSnapshot, 'node' | 'time' | 'generation' | 'rulesets' | 'nftTables' | 'problems'>;
/** The part of a snapshot that is about links and addresses. */
export type NodeAddresses = Pick<NodeSnapshot, 'node' | 'time' | 'links' | 'addresses' | 'problems'>;

/** As snapshotNodes(), the rules alone: a fraction of the work, for who reads them again and again. */
export async function readNodeRules(
  run: RunScript,
  nodes: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<Record<string, NodeRules>> {
  return byNode(await readLines(run, ['--only=rules', ...nodes.map(shellQuote)], options));
}

/** As snapshotNodes(), links and addresses alone. */
export async function readNodeAddresses(
  run: RunScript,
  nodes: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<Record<string, NodeAddresses>> {
  return byNode(await readLines(run, ['--only=addresses', ...nodes.map(shellQuote)], options));
}

/** What was not asked for is empty. */
function byNode(lines: readonly string[]): Record<string, NodeSnapshot> {
  return Object.fromEntries(lines.map((line) => parseSnapshot(line)).map((snapshot) => [snapshot.node, snapshot]));
}

async function readLines(
  run: RunScript,
  words: readonly string[],
  options: { readonly signal?: AbortSignal },
): Promise<readonly string[]> {
  const result = await run(`exec python3 -I -S ${layout.programs}/snapshot.py ${words.join(' ')}`, options);
  if (result.exitCode !== 0) {
    throw new HookpointError(
      'NODE_FAILED',
      `The nodes could not be read: ${result.stderr.trim() || `status ${result.exitCode}`}`,
      { remedy: 'Try again. If it fails again, stop the lab and start it anew.' },
    );
  }
  return result.stdout.split('\n').filter((line) => line !== '');
}

/** A line of snapshot.py as a snapshot. Pure. */
function parseSnapshot(line: string): NodeSnapshot {
  const record = snapshotRecordSchema.parse(JSON.parse(line));
  const { node, time, generation, sysctls, listeners } = record;
  const { rulesets, nftTables, problems } = assembleRulesets(record);
  const sections = parseSections(record.texts);
  const all = [...record.problems, ...problems, ...sections.problems];
  return {
    node,
    time,
    generation,
    rulesets,
    nftTables,
    ...sections.parsed,
    sysctls,
    listeners,
    conntrack: record.flows ?? parseConntrack(record.conntrack ?? ''),
    problems:
      record.missing === undefined
        ? all
        : snapshotSections.map((section) => ({ section, message: `no node: ${record.missing}` })),
  };
}
