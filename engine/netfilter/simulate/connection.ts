/** A connection as conntrack keeps it. */

export interface Tuple {
  readonly src: string;
  readonly dst: string;
  /** Missing for protocols without ports. */
  readonly sport?: number;
  readonly dport?: number;
}

/** The two lines of `conntrack -L`: as its first packet came, and as its answers come. They mirror each other unless nat changed something. */
export interface Connection {
  readonly original: Tuple;
  readonly reply: Tuple;
  /** IANA's number; missing: that of the packet, which for an ICMP error is another. */
  readonly protocol?: number;
}

export const hasSourceNat = ({ original, reply }: Connection): boolean =>
  original.src !== reply.dst || original.sport !== reply.dport;

export const hasDestinationNat = ({ original, reply }: Connection): boolean =>
  original.dst !== reply.src || original.dport !== reply.sport;

/** The tuple of packets the other way. */
export const inverted = ({ src, dst, sport, dport }: Tuple): Tuple => ({
  src: dst,
  dst: src,
  ...(dport === undefined ? {} : { sport: dport }),
  ...(sport === undefined ? {} : { dport: sport }),
});
