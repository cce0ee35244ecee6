/** The extensions the parser knows by name. Everything else survives as opaque options too: see `parse-rule.ts`. */

import type { Family } from '../model.ts';
import { connectionMatches } from './connection-matches.ts';
import type { MatchExtension, TargetExtension } from './extension.ts';
import { icmpMatches } from './icmp.ts';
import { packetMatches } from './packet-matches.ts';
import { packetTargets } from './packet-targets.ts';
import { rewriteTargets } from './rewrite-targets.ts';
import { stateMatches } from './state.ts';
import { transportMatches } from './transport.ts';
import { opaqueMatches, opaqueTargets } from './untyped.ts';
import { verdictTargets } from './verdict-targets.ts';

const matches = new Map<string, MatchExtension>();
for (const extension of [
  ...opaqueMatches,
  ...transportMatches,
  ...icmpMatches,
  ...stateMatches,
  ...connectionMatches,
  ...packetMatches,
]) {
  matches.set(extension.name, extension);
}

const targets = new Map<string, TargetExtension>();
for (const extension of [...opaqueTargets, ...packetTargets, ...rewriteTargets, ...verdictTargets]) {
  targets.set(extension.name, extension);
}

/** xtables_find_match() gives these the name of the family's own extension. */
const icmpNames: ReadonlySet<string> = new Set(['icmp', 'icmp6', 'icmpv6', 'ipv6-icmp']);

/** The match extension of a name, undefined for one that is not known. */
export function findMatch(name: string, family: Family): MatchExtension | undefined {
  if (icmpNames.has(name)) return matches.get(name === 'icmp' && family === 'ipv4' ? 'icmp' : 'icmp6');
  return matches.get(name);
}

/** The target extension of a name, undefined for a verdict, a chain, or one that is not known. */
export function findTarget(name: string): TargetExtension | undefined {
  return targets.get(name);
}

const byProtocol: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmp6'],
  [108, 'ipcomp'],
  [132, 'sctp'],
  [135, 'mh'],
  [136, 'udplite'],
]);

/** The extension that `-p` brings along for options that no `-m` explains. */
export function implicitMatch(protocol: number, family: Family): MatchExtension | undefined {
  const name = byProtocol.get(protocol);
  return name === undefined ? undefined : findMatch(name, family);
}
