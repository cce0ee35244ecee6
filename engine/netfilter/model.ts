/**
 * The model of a ruleset, in two layers.
 *
 * Syntax: `Ruleset`, `Table`, `Chain`, `Rule` keep what iptables-save(8) printed, in its order and spelling, so that printing
 * gives the same bytes. Meaning: `Condition` and `Action` say what a rule matches and does, free of spelling; comparison and
 * simulation stand on these alone.
 */

export type Family = 'ipv4' | 'ipv6';

/** Which kernel interface holds the rules: nf_tables (iptables-nft) or x_tables (iptables-legacy). */
export type Backend = 'nft' | 'legacy';

export interface Counters {
  readonly packets: number;
  readonly bytes: number;
}

/** One option as written: `! --dport 80` is { name: '--dport', values: ['80'], negated: true }. */
export interface Option {
  readonly name: string;
  readonly values: readonly string[];
  readonly negated: boolean;
}

export interface Ruleset {
  readonly family: Family;
  /** In the order of the dump. */
  readonly tables: readonly Table[];
  /**
   * Lines that the model does not give back by itself, kept for printing: comments, blank lines, and lines of rules and chains that
   * are spelled in another way than iptables-save spells them.
   */
  readonly remarks: readonly Remark[];
  /** Who holds the rules, where the header comment or the caller says so. */
  readonly backend?: Backend;
  /** How the dump's lines end, when not by a line feed. */
  readonly newline?: '\r\n';
  /** The dump's last line has no end of line. */
  readonly unterminated?: true;
  /** Chains that packets come by at a hook, of which it is not known what they do. */
  readonly unfollowed?: readonly UnfollowedChain[];
}

export interface UnfollowedChain {
  readonly hook: NftHook;
  /** In words: "nft table netdev fw, chain input". */
  readonly name: string;
  /** All that was read of its table. */
  readonly text: string;
}

export interface Remark {
  /** 1-based. */
  readonly line: number;
  readonly text: string;
}

export interface Table {
  readonly name: string;
  readonly chains: readonly Chain[];
  /** Why the table could not be read ("Table `filter' is incompatible, use 'nft' tool."); its chains are then empty. */
  readonly unreadable?: string;
  /** Of a table of nft's own: its chains that the kernel calls. iptables' tables have theirs by name. */
  readonly bases?: readonly BaseChain[];
  /** Lines of `*name` and `COMMIT` in the dump, 1-based; 0 or missing when it came from elsewhere. */
  readonly line?: number;
  readonly end?: number;
}

export type NftHook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** A chain that the kernel itself calls (nft(8), "base chain"). */
export interface BaseChain {
  readonly chain: string;
  readonly hook: NftHook;
  readonly type: 'filter' | 'nat' | 'route';
  /** The lower is asked first. */
  readonly priority: number;
}

export interface Chain {
  readonly name: string;
  /** null for a user-defined chain. */
  readonly policy: 'ACCEPT' | 'DROP' | null;
  readonly counters: Counters | null;
  readonly rules: readonly Rule[];
  /** Line of `:name` in the dump, 1-based; 0 or missing for a chain that was not declared there. */
  readonly line?: number;
}

export interface Rule {
  /** Words after `-A CHAIN`, unquoted, in the order read; printing quotes them again as iptables-save does. */
  readonly words: readonly string[];
  /** Where the rule stands in the dump it was read from, 1-based; 0 when it came from elsewhere. */
  readonly line: number;
  readonly counters: Counters | null;
  readonly conditions: readonly Condition[];
  readonly action: Action;
  /** Its 1-based place among its chain's rules where that is not its index: one rule of nft may be several of the model. */
  readonly number?: number;
  /** nf_tables' handle where it is known: unique in its table while the table lives. */
  readonly handle?: number;
  /** Who wrote it. A rule that nft(8) wrote into an iptables table has no faithful iptables text; `words` is then best effort. */
  readonly origin?: 'iptables' | 'nft';
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** An address with its mask, canonical text: IPv4 dotted, IPv6 per RFC 5952. `mask` is a text of the same form; host bits are zero. */
export interface Network {
  readonly address: string;
  readonly mask: string;
  /** Prefix length, null for a mask with holes. */
  readonly prefix: number | null;
}

export type ConntrackState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED' | 'SNAT' | 'DNAT';

/**
 * Numbers that a packet carries, or that of who sent it (uid, gid of `owner`: packets of this host alone). hop-limit is IPv6's ttl; length is that
 * of the whole IP packet in bytes, tcp-mss the option of a TCP header.
 */
export type PacketField = 'length' | 'ttl' | 'hop-limit' | 'dscp' | 'tcp-mss' | 'uid' | 'gid';

/** What the packet itself, or how it came, decides. */
export type PacketCondition =
  /** The number lies in one of the ranges. No range: no packet meets it (`--ttl-lt 0`). */
  | {
      readonly kind: 'field';
      readonly field: PacketField;
      readonly ranges: readonly PortRange[];
      readonly negated: boolean;
    }
  /** Both ends belong to it. */
  | {
      readonly kind: 'address-range';
      readonly side: 'source' | 'destination';
      readonly from: string;
      readonly to: string;
      readonly negated: boolean;
    }
  /** Lower case with colons. */
  | { readonly kind: 'mac-source'; readonly address: string; readonly negated: boolean }
  | { readonly kind: 'packet-type'; readonly type: 'unicast' | 'broadcast' | 'multicast'; readonly negated: boolean }
  /** A socket of this host sent it (`owner --socket-exists`). */
  | { readonly kind: 'socket'; readonly negated: boolean }
  /** The whole byte of the IPv4 header, or of the IPv6 traffic class. */
  | { readonly kind: 'tos'; readonly value: number; readonly mask: number; readonly negated: boolean }
  | {
      readonly kind: 'set';
      readonly set: string;
      /** One for each dimension of the set. */
      readonly sides: readonly ('src' | 'dst')[];
      readonly returnNomatch: boolean;
      /** --update-counters, --packets-gt and their like, normalised. */
      readonly counting: readonly Option[];
      readonly negated: boolean;
    }
  /** xt_rpfilter: an answer would leave where the packet came in. */
  | {
      readonly kind: 'reverse-path';
      readonly loose: boolean;
      readonly mark: boolean;
      readonly acceptLocal: boolean;
      readonly negated: boolean;
    }
  /** The port of a bridge that it came in through, or leaves through (`physdev`). */
  | { readonly kind: 'bridge-port'; readonly side: 'in' | 'out'; readonly name: string; readonly negated: boolean }
  /** It came in through a port of a bridge, leaves through one, or is bridged and not routed. */
  | { readonly kind: 'bridged'; readonly how: 'in' | 'out' | 'whole'; readonly negated: boolean };

export type ConnectionStatus = 'NONE' | 'EXPECTED' | 'SEEN_REPLY' | 'ASSURED' | 'CONFIRMED';

/** What conntrack knows of the packet's connection. Without a connection none of these holds, negated or not. */
export type ConnectionCondition =
  | {
      readonly kind: 'tuple-address';
      readonly direction: 'original' | 'reply';
      readonly side: 'source' | 'destination';
      readonly network: Network;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'tuple-port';
      readonly direction: 'original' | 'reply';
      readonly side: 'source' | 'destination';
      readonly ranges: readonly PortRange[];
      readonly negated: boolean;
    }
  | { readonly kind: 'connection-protocol'; readonly protocol: number; readonly negated: boolean }
  | { readonly kind: 'connection-status'; readonly statuses: readonly ConnectionStatus[]; readonly negated: boolean }
  | { readonly kind: 'connection-direction'; readonly direction: 'original' | 'reply'; readonly negated: boolean }
  /** Seconds until conntrack forgets it. */
  | { readonly kind: 'connection-expiry'; readonly from: number; readonly to: number; readonly negated: boolean };

/** What a packet must be for a rule to match. All conditions of a rule hold together. */
export type Condition =
  | { readonly kind: 'protocol'; readonly protocol: number; readonly negated: boolean }
  | { readonly kind: 'source' | 'destination'; readonly network: Network; readonly negated: boolean }
  /** iptables(8) names: a trailing `+` matches any suffix. */
  | { readonly kind: 'in-interface' | 'out-interface'; readonly name: string; readonly negated: boolean }
  | { readonly kind: 'fragment'; readonly negated: boolean }
  /** `either-port` is multiport's --ports. Ranges are sorted, merged, and not adjacent. */
  | {
      readonly kind: 'source-port' | 'destination-port' | 'either-port';
      readonly ranges: readonly PortRange[];
      readonly negated: boolean;
    }
  /** Bits as in the TCP header: fin 1, syn 2, rst 4, psh 8, ack 16, urg 32. */
  | { readonly kind: 'tcp-flags'; readonly mask: number; readonly set: number; readonly negated: boolean }
  /** type 255 with code null means any (iptables' `any`). */
  | {
      readonly kind: 'icmp-type';
      readonly type: number;
      readonly code: PortRange | null;
      readonly negated: boolean;
    }
  | { readonly kind: 'conntrack-state'; readonly states: readonly ConntrackState[]; readonly negated: boolean }
  | { readonly kind: 'mark' | 'connmark'; readonly value: number; readonly mask: number; readonly negated: boolean }
  | {
      readonly kind: 'address-type';
      readonly side: 'source' | 'destination';
      readonly types: readonly string[];
      /** Only what the address is on the interface that the packet came in through, or leaves through, counts. */
      readonly limit?: 'in' | 'out';
      readonly negated: boolean;
    }
  | PacketCondition
  | ConnectionCondition
  /** A comment matches everything. Kept so that nothing is lost; ignored by comparison. */
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'limit'; readonly perSecond: number; readonly burst: number }
  | {
      readonly kind: 'statistic';
      readonly mode: 'random';
      readonly probability: number;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'statistic';
      readonly mode: 'nth';
      readonly every: number;
      readonly packet: number;
      readonly negated: boolean;
    }
  /**
   * Any other extension: its options, normalised in order and spelling; compares by text, unknown to the simulator. `written` has them
   * as they were given, for people and for printing; missing where that is the same.
   */
  | {
      readonly kind: 'opaque';
      readonly module: string;
      readonly options: readonly Option[];
      readonly written?: readonly Option[];
    }
  /** Something stood here whose parameters were never seen (a rule that came and went between two snapshots). */
  | { readonly kind: 'unseen'; readonly module: string };

/** What a rule does with the packets it matches. */
export type Action =
  /** No target: the rule only counts. */
  | { readonly kind: 'none' }
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'reject'; readonly with: string }
  | {
      readonly kind: 'log';
      readonly prefix: string;
      readonly level: number;
      readonly flags: readonly string[];
    }
  | { readonly kind: 'redirect'; readonly ports: PortRange | null; readonly flags: readonly string[] }
  | { readonly kind: 'masquerade'; readonly ports: PortRange | null; readonly flags: readonly string[] }
  | {
      readonly kind: 'dnat' | 'snat';
      readonly addresses: { readonly from: string; readonly to: string } | null;
      readonly ports: PortRange | null;
      readonly flags: readonly string[];
    }
  /** new mark = (mark & ~clear) ^ xor, as xt_mark computes it. */
  | { readonly kind: 'mark'; readonly clear: number; readonly xor: number }
  /** The same of the connection's mark. */
  | { readonly kind: 'connmark'; readonly clear: number; readonly xor: number }
  /** xt_connmark: connmark = (connmark & ~ctmask) ^ (mark & nfmask), and the other way. */
  | { readonly kind: 'save-mark' | 'restore-mark'; readonly nfmask: number; readonly ctmask: number }
  /** The network's bits take the place of the address's own: destination at PREROUTING and OUTPUT, else source. */
  | { readonly kind: 'netmap'; readonly network: Network }
  | {
      readonly kind: 'nflog';
      readonly group: number;
      readonly prefix: string;
      /** Bytes that are handed over; null: all. */
      readonly size: number | null;
      readonly threshold: number | null;
    }
  /** TTL and HL. */
  | {
      readonly kind: 'set-ttl';
      readonly of: 'ttl' | 'hop-limit';
      readonly operation: 'set' | 'dec' | 'inc';
      readonly by: number;
    }
  /** null: what the path takes, less the headers (`--clamp-mss-to-pmtu`). */
  | { readonly kind: 'set-mss'; readonly mss: number | null }
  | { readonly kind: 'set-dscp'; readonly value: number }
  /** new tos = (tos & ~clear) ^ xor. */
  | { readonly kind: 'set-tos'; readonly clear: number; readonly xor: number }
  /** NOTRACK, and CT --notrack. */
  | { readonly kind: 'notrack' }
  | { readonly kind: 'ct'; readonly options: readonly Option[] }
  | { readonly kind: 'trace' }
  | { readonly kind: 'classify'; readonly major: number; readonly minor: number }
  | {
      readonly kind: 'set-entry';
      readonly operation: 'add' | 'del';
      readonly set: string;
      readonly sides: readonly ('src' | 'dst')[];
      /** Seconds; null: as the set says. */
      readonly timeout: number | null;
      readonly exist: boolean;
    }
  | {
      readonly kind: 'tproxy';
      readonly port: number;
      readonly address: string;
      readonly mark: { readonly value: number; readonly mask: number };
    }
  /** One after the other, until one of them ends the rule. Only nft(8) can say it: `log prefix "in: " accept`. */
  | { readonly kind: 'several'; readonly actions: readonly Action[] }
  | {
      readonly kind: 'opaque';
      readonly target: string;
      readonly options: readonly Option[];
      readonly written?: readonly Option[];
    }
  | { readonly kind: 'unseen'; readonly target: string };
