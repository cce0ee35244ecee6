import type { CheckKind } from './check.ts';
import address from './checks/address.ts';
import answer from './checks/answer.ts';
import chain from './checks/chain.ts';
import conntrack from './checks/conntrack.ts';
import file from './checks/file.ts';
import ipset from './checks/ipset.ts';
import listener from './checks/listener.ts';
import log from './checks/log.ts';
import probe from './checks/probe.ts';
import route from './checks/route.ts';
import rule from './checks/rule.ts';
import sysctl from './checks/sysctl.ts';
import unchanged from './checks/unchanged.ts';
import verdict from './checks/verdict.ts';

/** Every kind of check by its name in lab.yaml. A new kind is one file, a line here and one in schema.ts. */
export const checkKinds = {
  rule,
  chain,
  verdict,
  unchanged,
  sysctl,
  route,
  address,
  listener,
  conntrack,
  ipset,
  file,
  log,
  probe,
  answer,
} as const;

export type KindName = keyof typeof checkKinds;
export const kindNames = Object.keys(checkKinds) as readonly KindName[];

/** A kind with its spec's type forgotten: specs come out of the schema that the kind itself brings. */
export function kindOf(name: KindName): CheckKind<unknown> {
  return checkKinds[name] as unknown as CheckKind<unknown>;
}
