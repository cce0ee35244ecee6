/** Packets that the rules are likely to speak of. */

import fc from 'fast-check';
import type { Family } from '../../../engine/netfilter/index.ts';
import { pools, ports } from './pools.ts';
import type { Standing, TestPacket } from './test-packet.ts';
import { type Content, icmpOf, TCP, UDP } from './wire.ts';

type Via = TestPacket['via'];

interface Ends {
  readonly via: Via;
  readonly src: string;
  readonly dst: string;
}

function ends(family: Family): fc.Arbitrary<Ends> {
  const { local, behind, nowhere, groups, martians } = pools[family];
  const remote = [...behind.eth0, ...behind.eth1, ...behind.eth2];
  const one = (texts: readonly string[]) => fc.constantFrom(...texts);
  const arriving = fc.constantFrom('eth0' as const, 'eth1' as const, 'eth2' as const).chain((via) =>
    fc.record({
      via: fc.constant<Via>(via),
      src: fc.oneof(
        { weight: 32, arbitrary: one(behind[via]) },
        { weight: 6, arbitrary: one(remote) },
        { weight: 2, arbitrary: one(local) },
        { weight: 1, arbitrary: one(martians) },
      ),
      dst: fc.oneof(
        { weight: 18, arbitrary: one(remote) },
        { weight: 16, arbitrary: one(local) },
        { weight: 2, arbitrary: one(nowhere) },
        { weight: via === 'eth0' ? 4 : 0, arbitrary: one(groups) },
        { weight: 1, arbitrary: one(martians) },
      ),
    }),
  );
  const leaving = fc.record({
    via: fc.constant<Via>('output'),
    src: fc.oneof({ weight: 9, arbitrary: one(local) }, { weight: 1, arbitrary: one(remote) }),
    dst: fc.oneof({ weight: 9, arbitrary: one(remote) }, { weight: 3, arbitrary: one(local) }),
  });
  return fc.oneof({ weight: 3, arbitrary: arriving }, { weight: 1, arbitrary: leaving });
}

const port = fc.constantFrom(...ports);

const standing: fc.Arbitrary<Standing> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Standing>({ kind: 'first' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('original', 'reply'),
      connmark: fc.constantFrom(0, 1, 4, 0x14, 0xff),
      assured: fc.boolean(),
    }),
  },
);

/** Now and then nat changed the connection. */
function withNat(family: Family, upper: Upper): fc.Arbitrary<Upper> {
  const known = upper.standing;
  if (known.kind === 'first' || upper.sport === undefined) return fc.constant(upper);
  const { local, behind } = pools[family];
  const addresses = fc.constantFrom(...behind.eth0, ...behind.eth1, ...behind.eth2, ...local);
  const side = fc
    .tuple(addresses, fc.option(port))
    .map(([address, number]) => (number === null ? { address } : { address, port: number }));
  const rarely = fc.option(side, { freq: 2, nil: undefined });
  return fc.tuple(rarely, rarely).map(([source, destination]) => ({
    ...upper,
    standing: {
      ...known,
      ...(source === undefined ? {} : { source }),
      ...(destination === undefined ? {} : { destination }),
    },
  }));
}

type Upper = Pick<TestPacket, 'protocol' | 'standing'> &
  Partial<Pick<TestPacket, 'sport' | 'dport' | 'flags' | 'mss' | 'icmpType' | 'icmpCode' | 'icmpId'>>;

/** A SYN always offers a segment size: a packet without one cannot be told from one of which nothing is said. */
const tcp: fc.Arbitrary<Upper> = standing.chain((known) =>
  fc
    .record({
      protocol: fc.constant(TCP),
      standing: fc.constant(known),
      sport: port,
      dport: port,
      flags:
        known.kind === 'first'
          ? fc.oneof(
              { weight: 8, arbitrary: fc.constant(2) },
              { weight: 2, arbitrary: fc.constantFrom(16, 24, 18, 17, 4, 20) },
              { weight: 1, arbitrary: fc.constantFrom(0, 3, 41, 63, 6) },
            )
          : fc.constantFrom(16, 24, 17),
    })
    .chain((packet) =>
      ((packet.flags ?? 0) & 2) !== 0
        ? fc.constantFrom({ ...packet, mss: 1460 }, { ...packet, mss: 1400 })
        : fc.constant(packet),
    ),
);

const udp: fc.Arbitrary<Upper> = fc.record({ protocol: fc.constant(UDP), standing, sport: port, dport: port });

const others: fc.Arbitrary<Upper> = fc
  .constantFrom(50, 47)
  .map((protocol) => ({ protocol, standing: { kind: 'first' } }));

function icmp(family: Family): fc.Arbitrary<Upper> {
  const six = family === 'ipv6';
  const protocol = fc.constant(icmpOf(family));
  const icmpId = fc.constant(77);
  const icmpCode = fc.constant(0);
  const [request, answer] = six ? [128, 129] : [8, 0];
  const first = fc.record({
    protocol,
    icmpId,
    icmpCode,
    standing: fc.constant<Standing>({ kind: 'first' }),
    icmpType: fc.constantFrom(request, request, request, answer, ...(six ? [135, 136, 134] : [13, 9])),
  });
  const later = standing.chain((known) =>
    fc.record({
      protocol,
      icmpId,
      icmpCode,
      standing: fc.constant(known),
      icmpType: fc.constant(known.kind === 'reply' ? answer : request),
    }),
  );
  return fc.oneof(first, later);
}

/** An error about a packet that one of the packet's own kind sent the other way. */
function asError(family: Family, packet: TestPacket, code: number): TestPacket {
  const { via, mark, uid, ttl, dscp, standing: known, src, dst, badChecksum, ...upper } = packet;
  const six = family === 'ipv6';
  const about: Content = { ...upper, src: dst, dst: src, ttl: 60, dscp: 0, payload: 0 };
  const { flags, ...plain } = about;
  const straight: Standing =
    known.kind === 'first' ? known : { kind: known.kind, connmark: known.connmark, assured: known.assured };
  return {
    via,
    mark,
    uid,
    ttl,
    dscp,
    standing: straight,
    src,
    dst,
    protocol: icmpOf(family),
    icmpType: six ? 1 : 3,
    icmpCode: code,
    payload: 0,
    about: flags === undefined ? plain : { ...plain, flags: 16 },
  };
}

/** One packet, whole. */
export const packet = (family: Family): fc.Arbitrary<TestPacket> =>
  fc
    .tuple(
      ends(family),
      fc
        .oneof(
          { weight: 9, arbitrary: tcp },
          { weight: 5, arbitrary: udp },
          { weight: 3, arbitrary: icmp(family) },
          { weight: 1, arbitrary: others },
        )
        .chain((upper) => withNat(family, upper)),
      fc.record({
        ttl: fc.oneof(
          { weight: 8, arbitrary: fc.constant(64) },
          { weight: 2, arbitrary: fc.constantFrom(1, 2, 63, 65, 255) },
        ),
        dscp: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(46, 10) }),
        payload: fc.constantFrom(0, 0, 8, 60),
        mark: fc.constantFrom(0, 0, 1, 4, 0x10),
        uid: fc.constantFrom(0, 1000),
        badChecksum: fc.oneof(
          { weight: 40, arbitrary: fc.constant(false) },
          { weight: 1, arbitrary: fc.constant(true) },
        ),
      }),
      fc.oneof({ weight: 15, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(1, 3) }),
    )
    .map(([where, upper, rest, error]) => {
      const { mark, uid, badChecksum, ...body } = rest;
      const sent = where.via === 'output';
      const whole: TestPacket = {
        ...where,
        ...upper,
        ...body,
        mark: sent ? mark : 0,
        uid: sent ? uid : 0,
        ...(badChecksum && upper.protocol !== 50 && upper.protocol !== 47 ? { badChecksum } : {}),
      };
      const possible = upper.protocol === TCP || upper.protocol === UDP;
      return error !== null && possible ? asError(family, whole, error) : whole;
    });
