import { HookpointError } from '../../engine/contract/error.ts';
import type { Family, PathNetwork, Probe } from '../../engine/netfilter/index.ts';
import { askPath } from '../../engine/sessions/path-network.ts';
import { interruptSignal } from '../interrupt.ts';
import { coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { networkOfFile, networkOfSession } from './path-network.ts';
import { pathJson, pathText } from './path-text.ts';
import type { FamilyOptions } from './rules-input.ts';

export interface PathOptions extends FamilyOptions {
  readonly session?: string | true;
  readonly from?: string;
  readonly to?: string;
  readonly tcp?: number;
  readonly udp?: number;
  readonly icmp?: boolean;
  readonly state?: string;
  readonly json?: boolean;
}

/** Prints what becomes of a connection between two nodes of a session, or of a file with all of them. */
export async function explainPath(options: PathOptions): Promise<void> {
  const { from, to } = options;
  if (from === undefined || to === undefined) throw usage('a path needs both ends', 'Give --from NODE and --to NODE.');
  const probe = probeOf(options);
  const family = familyOf(options);
  const trace = askPath({ network: await readNetwork(options), from, to, probe, ...(family ? { family } : {}) });
  if (options.json) printJson(pathJson(trace));
  else print(pathText(trace, coloursFor(process.stdout)));
}

function readNetwork({ session, state }: PathOptions): Promise<PathNetwork> {
  if (session !== undefined && state !== undefined) {
    throw usage('the nodes come from a session or from a file, not from both', 'Give one of --session and --state.');
  }
  if (state !== undefined) return networkOfFile(state);
  return networkOfSession(session === true ? undefined : session, interruptSignal());
}

export function probeOf({ tcp, udp, icmp }: Pick<PathOptions, 'tcp' | 'udp' | 'icmp'>): Probe {
  const given: Probe[] = [
    ...(tcp === undefined ? [] : [{ protocol: 'tcp' as const, port: tcp }]),
    ...(udp === undefined ? [] : [{ protocol: 'udp' as const, port: udp }]),
    ...(icmp ? [{ protocol: 'icmp' as const }] : []),
  ];
  const [only, ...more] = given;
  if (only === undefined || more.length > 0) {
    throw usage('a path needs one kind of packet', 'Give one of --tcp PORT, --udp PORT and --icmp.');
  }
  return only;
}

export const familyOf = ({ ipv4, ipv6 }: PathOptions): Family | undefined =>
  ipv4 ? 'ipv4' : ipv6 ? 'ipv6' : undefined;

const usage = (message: string, remedy: string): HookpointError => new HookpointError('USAGE', message, { remedy });
