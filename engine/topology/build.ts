import { HookpointError } from '../contract/error.ts';
import type { ExecResult, RunScript } from '../runtime/container.ts';
import type { Topology } from './topology.ts';
import { type NodeFiles, restartScript, topologyScript } from './topology-script.ts';

export interface BuildOptions {
  /** The session's id: MACs come from it. */
  readonly session: string;
  readonly signal?: AbortSignal;
}

/** Provisioning that takes longer is taken for hanging. */
const patience = 180_000;

/**
 * Builds every node of a topology in an outer container that is fresh, and waits until services listen and provisioning is done.
 * Throws PROVISIONING_FAILED (a lab's script ended with an error; what it printed is in the message), NODE_FAILED, TIMED_OUT,
 * CANCELLED. After a failure the container is of no more use: its owner removes it.
 */
export async function buildTopology(
  run: RunScript,
  topology: Topology,
  options: BuildOptions & { readonly files?: NodeFiles },
): Promise<void> {
  failUnlessBuilt(
    await run(topologyScript(topology, options.session, options.files), runOptions(options)),
    'The lab is at fault, not you: tell its author, or correct `provision` in its lab.yaml.',
  );
}

/** Turns a node off and on: rules, addresses and processes gone, files kept; services and provisioning run as at the first start. */
export async function restartNode(
  run: RunScript,
  topology: Topology,
  node: string,
  options: BuildOptions,
): Promise<void> {
  if (topology.nodes[node] === undefined) {
    const nodes = Object.keys(topology.nodes).join(', ');
    throw new HookpointError('NOT_FOUND', `This lab has no node ${node}.`, { remedy: `Its nodes are: ${nodes}.` });
  }
  failUnlessBuilt(
    await run(restartScript(topology, [node], options.session, 'kept'), runOptions(options)),
    "The node's files outlive a restart: what was removed or changed in them may be why. `hookpoint reset` gives it those of the start.",
  );
}

function runOptions(options: BuildOptions) {
  return { timeout: patience, ...(options.signal === undefined ? {} : { signal: options.signal }) };
}

/** What such a script failed with, as an error; `remedy` says what to do when a provisioning script ended with one. */
export function failUnlessBuilt(result: ExecResult, remedy: string): void {
  if (result.exitCode === 0) return;
  const report = /^hookpoint-failed (\S+) (\S+) (\d+)\n([\s\S]*)/m.exec(result.stdout);
  const [, node = '-', stage = 'start', status = String(result.exitCode), printed = ''] = report ?? [];
  const text = (report === null ? result.stdout + result.stderr : printed).trim();
  const subject = node === '-' ? 'The network of the lab' : `The node ${node}`;
  const saying = text === '' ? ' It printed nothing.' : ` It printed:\n${text}`;
  if (stage === 'provision') {
    throw new HookpointError(
      'PROVISIONING_FAILED',
      `The provisioning script of the node ${node} ended with status ${status}.${saying}`,
      { remedy },
    );
  }
  const what = stages[stage] ?? `failed in the stage "${stage}"`;
  throw new HookpointError('NODE_FAILED', `${subject} ${what} (status ${status}).${saying}`, {
    remedy: 'Try again. If it fails again, `hookpoint doctor` says whether this machine has what nodes need.',
  });
}

const stages: Readonly<Record<string, string>> = {
  links: 'could not be linked',
  segments: 'could not be linked',
  network: 'did not get its addresses, routes and sysctls',
  files: 'did not get its files',
  start: 'did not start',
  service: 'has a service that does not listen',
};
