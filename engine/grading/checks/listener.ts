import { z } from 'zod';
import { defineCheck, met, nodeAt, unmet } from '../check.ts';
import { isWithin } from '../networks.ts';
import * as part from '../schema-parts.ts';

const anywhere = new Set(['0.0.0.0', '::', '*', '[::]']);

export default defineCheck({
  type: 'listener',
  schema: z.strictObject({
    node: part.node,
    proto: z.enum(['tcp', 'udp']).default('tcp'),
    port: part.port,
    /** A socket that listens on every address counts too. */
    address: part.network.optional(),
    exists: z.boolean().default(true),
  }),
  describe: (spec) =>
    `${spec.exists ? 'a program' : 'nothing'} listens on ${spec.proto} port ${spec.port} of ${spec.node}`,
  needs: (spec) => ({ nodes: [spec.node] }),
  judge(spec, moment) {
    const at = nodeAt(moment.nodes, spec.node, 'listeners');
    if ('unknown' in at) return at.unknown;
    const same = at.snapshot.listeners.filter((one) => one.protocol === spec.proto);
    const { address } = spec;
    const found = same.some(
      (one) =>
        one.port === spec.port &&
        (address === undefined || anywhere.has(one.address) || isWithin(one.address, address)),
    );
    const listed = same.map((one) => `${one.address}:${one.port}`).join(', ') || 'none';
    if (found === spec.exists) return met(`${spec.proto} listeners: ${listed}`);
    return unmet(
      `${spec.proto} listeners: ${listed}`,
      `On ${spec.node} these ${spec.proto} listeners are there: ${listed}.`,
    );
  },
});
