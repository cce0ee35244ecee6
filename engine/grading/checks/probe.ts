import { z } from 'zod';
import { defineCheck, type Finding, type Moment, met, unknown, unmet } from '../check.ts';
import { type ProbeAttempt, type ProbeResult, probeKey } from '../evidence.ts';
import { isWithin } from '../networks.ts';
import * as part from '../schema-parts.ts';

const from = z.union(
  [
    part.node,
    z.strictObject({
      /** A host that is there for the probe alone. */
      outside: z.strictObject({
        /** The link that it is plugged on. */
        link: z.string(),
        address: part.address,
        /** The node's address on that link that it sends through; left out when `to` is on the link itself. */
        gateway: part.address.optional(),
      }),
    }),
  ],
  'Expected the name of a node or { outside: { link, address, gateway } }.',
);

export const probeSchema = z
  .strictObject({
    from,
    to: part.address,
    proto: z.enum(['tcp', 'udp', 'icmp', 'http']),
    port: part.port.optional(),
    /** The sender's port; any free one if left out. */
    sport: part.port.optional(),
    /** What the sender gets, or whether its packet comes in at the far end at all. */
    expect: z.enum(['answered', 'refused', 'unreachable', 'timeout', 'delivered', 'not-delivered']),
    /** The packet as it came in at a node, before that node's own rules. */
    seen: z
      .strictObject({
        node: part.node,
        source: part.network.optional(),
        destination: part.network.optional(),
        port: part.port.optional(),
        interface: z.string().optional(),
      })
      .optional(),
    /** Rules whose counters have to move by the probe's packets. */
    counters: z
      .array(
        z.strictObject({
          node: part.node,
          family: part.family,
          table: part.table,
          chain: part.chain,
          spec: part.ruleSpec,
          by: z.union([part.count, z.strictObject({ atLeast: part.count })]).default({ atLeast: 1 }),
        }),
      )
      .default([]),
    /** How many times it is sent. */
    count: z.int().min(1).max(100).default(1),
    /** How long one waits for an answer. */
    seconds: z.number().min(0.2).max(10).default(2),
  })
  .refine((spec) => (spec.proto === 'icmp') === (spec.port === undefined), {
    message: 'Expected a `port` for tcp, udp and http, and none for icmp.',
    path: ['port'],
  });
export type ProbeSpec = z.output<typeof probeSchema>;

const senderOf = (spec: ProbeSpec): string =>
  typeof spec.from === 'string' ? spec.from : `an outside host ${spec.from.outside.address}`;

const expectation = {
  answered: 'is answered',
  refused: 'is refused',
  unreachable: 'is told that it cannot get there',
  timeout: 'gets no answer',
  delivered: 'gets to the far end',
  'not-delivered': 'does not get to the far end',
} as const;

const found = {
  answered: 'it was answered',
  refused: 'it was refused',
  unreachable: 'it was told that there is no way there',
  timeout: 'nothing came back',
} as const;

export default defineCheck({
  type: 'probe',
  present: true,
  schema: probeSchema,
  describe(spec) {
    const to = spec.port === undefined ? spec.to : `${spec.to} port ${spec.port}`;
    const seen =
      spec.seen === undefined
        ? ''
        : `, and ${spec.seen.node} sees it${spec.seen.source === undefined ? '' : ` come from ${spec.seen.source}`}`;
    const counted = spec.counters.length === 0 ? '' : ', and the rules asked for count it';
    return `${spec.proto} from ${senderOf(spec)} to ${to} ${expectation[spec.expect]}${seen}${counted}`;
  },
  needs: (spec) => ({
    nodes: [
      ...(typeof spec.from === 'string' ? [spec.from] : []),
      ...(spec.seen === undefined ? [] : [spec.seen.node]),
      ...spec.counters.map((one) => one.node),
    ],
    probe: spec,
  }),
  judge(spec, moment: Moment) {
    const observed = moment.evidence.probes[probeKey(spec)];
    if (observed === undefined) return unknown('the probe was not sent.');
    if ('failure' in observed) return unknown(observed.failure);
    return judgeResult(spec, observed.value);
  },
});

function judgeResult(spec: ProbeSpec, result: ProbeResult): Finding {
  if (result.attempts.length === 0) return unknown('the probe was not sent.');
  const actual = result.attempts
    .map((one) => attemptText(spec, one))
    .filter((text, index, all) => all.indexOf(text) === index);
  const text = actual.join('; ');
  const failed = result.attempts.find((one) => !isExpected(spec, one));
  if (failed !== undefined) {
    return unmet(
      text,
      `${spec.proto === 'http' || spec.proto === 'icmp' ? 'An' : 'A'} ${spec.proto} probe from ${senderOf(spec)} to ${spec.to}: ${attemptText(spec, failed)}.`,
      result,
    );
  }
  const unseen = result.attempts.find((one) => !isSeen(spec, one));
  if (unseen !== undefined && spec.seen !== undefined) {
    const wanted = spec.seen.source === undefined ? 'it' : `it come from ${spec.seen.source}`;
    return unmet(text, `${spec.seen.node} should see ${wanted}; ${attemptText(spec, unseen)}.`, result);
  }
  for (const [index, asked] of spec.counters.entries()) {
    const { before, after } = result.counters[index] ?? { before: null, after: null };
    const place = `${asked.table} ${asked.chain} on ${asked.node}`;
    if (after === null)
      return unmet(`${text}; no such rule`, `No rule of ${place} does what "${asked.spec}" does.`, result);
    const moved = after - (before ?? 0);
    const right = typeof asked.by === 'number' ? moved === asked.by : moved >= asked.by.atLeast;
    if (!right) {
      const wanted = typeof asked.by === 'number' ? `${asked.by}` : `${asked.by.atLeast} or more`;
      return unmet(
        `${text}; the rule counted ${moved}`,
        `The probe moved the counter of "${asked.spec}" in ${place} by ${moved}; ${wanted} had to be counted there.`,
        result,
      );
    }
  }
  return met(text, result);
}

function isExpected(spec: ProbeSpec, attempt: ProbeAttempt): boolean {
  if (spec.expect === 'delivered') return attempt.seen.length > 0;
  if (spec.expect === 'not-delivered') return attempt.seen.length === 0;
  return attempt.outcome === spec.expect;
}

function isSeen(spec: ProbeSpec, attempt: ProbeAttempt): boolean {
  const { seen } = spec;
  if (seen === undefined || spec.expect === 'not-delivered') return true;
  return attempt.seen.some(
    (one) =>
      one.node === seen.node &&
      (seen.source === undefined || isWithin(one.source, seen.source)) &&
      (seen.destination === undefined || isWithin(one.destination, seen.destination)) &&
      (seen.port === undefined || one.destinationPort === seen.port) &&
      (seen.interface === undefined || one.interface === seen.interface),
  );
}

function attemptText(spec: ProbeSpec, attempt: ProbeAttempt): string {
  const reply = attempt.reply === '' ? '' : ` (${attempt.reply})`;
  const [first] = attempt.seen;
  const at =
    first === undefined
      ? `${spec.seen?.node ?? 'the far end'} saw nothing of it`
      : `${first.node} saw it come from ${first.source} on ${first.interface}`;
  return `${found[attempt.outcome]}${reply}; ${at}`;
}
