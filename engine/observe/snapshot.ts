import type { NftTable as OwnTable } from '../netfilter/index.ts';
import type { Backend, Family, Ruleset } from '../netfilter/model.ts';

/** The network state of one node at one moment, read by the outer container's own programs. */
export interface NodeSnapshot {
  readonly node: string;
  /** Unix time in seconds, with a fraction. */
  readonly time: number;
  /** nf_tables' generation in the node's namespace; null where it could not be read. */
  readonly generation: number | null;
  /** At most one a family and backend; a backend that holds nothing is left out. */
  readonly rulesets: readonly NodeRuleset[];
  /** nf_tables tables that are not iptables' own, as `nft -j list table` gives them; on a timeline as the kernel told of them. */
  readonly nftTables: readonly NftTable[];
  readonly ipsets: readonly Ipset[];
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
  readonly policyRules: readonly PolicyRule[];
  /** Names as sysctl(8) prints them: net.ipv4.ip_forward. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly listeners: readonly Listener[];
  readonly conntrack: readonly ConntrackEntry[];
  /** Sections that could not be read, and why. What is named here is unknown, not absent. */
  readonly problems: readonly { readonly section: SnapshotSection; readonly message: string }[];
}

export const snapshotSections = [
  'iptables',
  'nft',
  'ipset',
  'links',
  'addresses',
  'routes',
  'policy-rules',
  'sysctls',
  'listeners',
  'conntrack',
] as const;
export type SnapshotSection = (typeof snapshotSections)[number];

export interface NodeRuleset {
  readonly family: Family;
  readonly backend: Backend;
  readonly ruleset: Ruleset;
  /** The dump it was parsed from, as iptables-save printed it. */
  readonly text: string;
}

export interface NftTable {
  readonly family: string;
  readonly name: string;
  /** null on a timeline. */
  readonly json: unknown;
  /** On a timeline: as packets of a family meet it. */
  readonly read?: Readonly<Partial<Record<Family, OwnTable>>>;
}

export interface Ipset {
  readonly name: string;
  readonly type: string;
  readonly header: string;
  readonly entries: readonly string[];
}

export interface Link {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
}

export interface Address {
  readonly interface: string;
  readonly address: string;
  readonly prefix: number;
}

export interface Route {
  readonly family: Family;
  readonly table: string;
  /** 'default' or a network in CIDR form. */
  readonly destination: string;
  readonly via: string | null;
  readonly interface: string | null;
  readonly source: string | null;
  readonly metric: number | null;
  readonly type: string;
}

export interface PolicyRule {
  readonly family: Family;
  readonly priority: number;
  readonly text: string;
}

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

export interface FlowTuple {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
}

export interface ConntrackEntry {
  readonly family: Family;
  readonly protocol: string;
  /** TCP's state (SYN_SENT, ESTABLISHED, TIME_WAIT, CLOSE, ...); null for protocols without one. */
  readonly state: string | null;
  readonly original: FlowTuple;
  readonly reply: FlowTuple;
  /** A reply was seen / traffic in both directions was confirmed. */
  readonly replied: boolean;
  readonly assured: boolean;
  readonly mark: number;
}
