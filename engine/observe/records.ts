import type { Family } from '../netfilter/model.ts';
import type { NftExpression } from '../netfilter/nft/expressions.ts';
import type { ConntrackEntry, Listener } from './snapshot.ts';
import type { Gap, Mark } from './timeline.ts';

/** A line of the recorder's file (images/lab-node/programs/recorder.py). `t` is Unix time in seconds. */
export type TimelineRecord =
  /** A recorder began to write here. */
  | { readonly t: number; readonly kind: 'recorder'; readonly version: number }
  | { readonly t: number; readonly kind: 'node'; readonly node: string; readonly event: 'listening' | 'gone' }
  | GenerationRecord
  | RulesRecord
  | { readonly t: number; readonly kind: 'state'; readonly node: string; readonly sections: Sections }
  | {
      readonly t: number;
      readonly kind: 'flow';
      readonly node: string;
      readonly event: 'new' | 'update' | 'destroy';
      readonly flow: ConntrackEntry;
    }
  | { readonly t: number; readonly kind: 'log'; readonly sequence: number; readonly text: string }
  | { readonly t: number; readonly kind: 'mark'; readonly name: Mark['name']; readonly detail?: string }
  | ({ readonly t: number; readonly kind: 'gap' } & Gap);

/** One nf_tables transaction: the kernel's events in their order. */
export interface GenerationRecord {
  readonly t: number;
  readonly kind: 'generation';
  readonly node: string;
  readonly gen: number;
  readonly pid: number | null;
  readonly process: string | null;
  readonly events: readonly NftEvent[];
}

/** `rules`: what is new since the last reading. `base`: everything, so that a reader can begin here. */
export interface RulesRecord {
  readonly t: number;
  readonly kind: 'rules' | 'base';
  readonly node: string;
  /** null in a base whose rules could not be read in one piece. */
  readonly gen: number | null;
  readonly tables: readonly TableRecord[];
  /** Family (nft's name) and name of every table that is not one of iptables' own. */
  readonly others?: readonly (readonly [family: string, table: string])[];
  readonly sections?: Sections;
}

export type PacketCount = readonly [packets: number, bytes: number];

/** One of the kernel's events, as nftables_netlink.py decodes it; a delrule has its counters and no expressions. */
export interface NftEvent {
  readonly op: string;
  /** nft's names: ip, ip6, inet, ... */
  readonly family: string;
  readonly flags?: readonly string[];
  readonly table?: string;
  readonly chain?: string;
  readonly handle?: number;
  /** The handle of the rule before it; none for the first and the last of a chain. */
  readonly position?: number;
  readonly expr?: readonly NftExpression[];
  readonly policy?: number;
  /** Of a base chain: NF_INET_* and its priority. */
  readonly hook?: { readonly number?: number; readonly priority?: number };
  readonly type?: string;
  readonly counters?: PacketCount | { readonly packets?: number; readonly bytes?: number };
}

export interface TableRecord {
  readonly family: Family;
  readonly table: string;
  /** Every chain of the table is here; one that is not named is gone. */
  readonly full?: true;
  /** iptables-save refuses it; then only `order` is there. */
  readonly refused?: true;
  /** By handle: what iptables-save prints after `-A CHAIN`. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly counters?: Readonly<Record<string, PacketCount>>;
  /** By chain: policy (`-` for none), packets, bytes. */
  readonly chains?: Readonly<Record<string, readonly [string, number, number]>>;
  /** By handle, in a full table with rules that iptables did not write. */
  readonly expressions?: Readonly<Record<string, readonly NftExpression[]>>;
  /** Handles of chains that changed. */
  readonly order?: Readonly<Record<string, readonly number[]>>;
}

/** Texts of what has no events of its own, each whole; only those that changed. */
export interface Sections {
  readonly addresses?: string;
  readonly routes4?: string;
  readonly routes6?: string;
  readonly rules4?: string;
  readonly rules6?: string;
  readonly ipset?: string;
  readonly 'legacy-ipv4'?: string;
  readonly 'legacy-ipv6'?: string;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly listeners?: readonly Listener[];
}

/** Lines of the file as records. A line that a killed writer left unfinished is left out. */
export function parseRecords(text: string): readonly TimelineRecord[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    try {
      const record = JSON.parse(line) as Partial<TimelineRecord>;
      return typeof record.t === 'number' && typeof record.kind === 'string' ? [record as TimelineRecord] : [];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  });
}
