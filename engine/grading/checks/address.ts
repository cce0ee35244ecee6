import { z } from 'zod';
import { defineCheck, met, nodeAt, unmet } from '../check.ts';
import { sameNetwork } from '../networks.ts';
import * as part from '../schema-parts.ts';

export default defineCheck({
  type: 'address',
  schema: z.strictObject({
    node: part.node,
    interface: z.string().optional(),
    /** With a prefix length, that has to agree as well. */
    address: part.network,
    exists: z.boolean().default(true),
  }),
  describe(spec) {
    const where = spec.interface === undefined ? spec.node : `${spec.interface} of ${spec.node}`;
    return `${where} ${spec.exists ? 'has' : 'does not have'} the address ${spec.address}`;
  },
  needs: (spec) => ({ nodes: [spec.node] }),
  judge(spec, moment) {
    const at = nodeAt(moment.nodes, spec.node, 'addresses');
    if ('unknown' in at) return at.unknown;
    const here = at.snapshot.addresses.filter(
      (one) => spec.interface === undefined || one.interface === spec.interface,
    );
    const [wanted = '', prefix] = spec.address.split('/');
    const found = here.some(
      (one) => sameNetwork(one.address, wanted) && (prefix === undefined || one.prefix === Number(prefix)),
    );
    const listed = here.map((one) => `${one.address}/${one.prefix} on ${one.interface}`).join(', ') || 'no address';
    if (found === spec.exists) return met(found ? spec.address : listed);
    return unmet(listed, `${spec.node} has ${listed}.`);
  },
});
