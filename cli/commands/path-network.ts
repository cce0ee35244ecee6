import { z } from 'zod';
import { HookpointError } from '../../engine/contract/error.ts';
import { type PathNetwork, parseSave, type Ruleset, RulesetSyntaxError } from '../../engine/netfilter/index.ts';
import { pathNetworkOf } from '../../engine/sessions/path-network.ts';
import { findSession } from '../../engine/sessions/session.ts';
import { readState } from '../../engine/sessions/state.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { hostState, hostStateSchema, readJson } from './rules-host-state.ts';

/** The nodes of a running session as they are now, joined as its lab says. */
export async function networkOfSession(name: string | undefined, signal: AbortSignal): Promise<PathNetwork> {
  await using workspace = await openWorkspace({ signal });
  const session = findSession(workspace.store, name);
  const { topology } = session.instance;
  const snapshots = await readState(workspace, session, Object.keys(topology.nodes), signal);
  return pathNetworkOf(topology, snapshots);
}

const rulesetSchema = z.looseObject({
  family: z.enum(['ipv4', 'ipv6']),
  backend: z.enum(['nft', 'legacy']).optional(),
  /** As iptables-save printed it. */
  text: z.string(),
  /** As `hookpoint state --json` read it: has rules too that iptables-save cannot print. */
  ruleset: z
    .custom<Ruleset>(
      (value) =>
        z.looseObject({ tables: z.array(z.looseObject({ chains: z.array(z.unknown()) })) }).safeParse(value).success,
    )
    .optional(),
});

const end = z.string().regex(/^[^:]+:[^:]+$/, 'NODE:INTERFACE');

const networkSchema = z.looseObject({
  nodes: z.record(z.string(), hostStateSchema.extend({ rulesets: z.array(rulesetSchema).default([]) })),
  links: z.record(z.string(), z.array(end)),
});

/**
 * Nodes and links from a file: `{"nodes": {"client": SNAPSHOT, ...}, "links": {"lan": ["client:eth0", "router:lan"]}}`, a snapshot as
 * `hookpoint state --json` prints it. BAD_INPUT.
 */
export async function networkOfFile(file: string): Promise<PathNetwork> {
  const { name, json } = await readJson(file);
  const read = networkSchema.safeParse(json);
  if (!read.success) {
    throw new HookpointError('BAD_INPUT', `${name} does not hold nodes and links`, {
      remedy: 'Give {"nodes": {"client": SNAPSHOT, ...}, "links": {"lan": ["client:eth0", "router:lan"]}}.',
      problems: read.error.issues.map((issue) => ({
        message: `${issue.path.join('.') || 'the file'}: ${issue.message}`,
      })),
    });
  }
  return {
    nodes: Object.entries(read.data.nodes).map(([node, snapshot]) => ({
      name: node,
      state: hostState(snapshot),
      rulesets: snapshot.rulesets.map((ruleset) => parsed(`${name}, node ${node}`, ruleset)),
    })),
    segments: Object.entries(read.data.links).map(([link, ends]) => ({
      name: link,
      ends: ends.map((text) => {
        const [node = '', interfaceName = ''] = text.split(':');
        return { node, interface: interfaceName };
      }),
    })),
  };
}

function parsed(place: string, { family, backend, text, ruleset: read }: z.output<typeof rulesetSchema>): Ruleset {
  if (read !== undefined) return read;
  try {
    const ruleset = parseSave(text, { family });
    return backend === undefined ? ruleset : { ...ruleset, backend };
  } catch (thrown) {
    if (!(thrown instanceof RulesetSyntaxError)) throw thrown;
    const { message, line, column, expected } = thrown;
    throw new HookpointError('RULESET_INVALID', `${place}: the rules are not what iptables-save prints`, {
      problems: [{ message, place: { file: place, line, column }, expected }],
      cause: thrown,
    });
  }
}
