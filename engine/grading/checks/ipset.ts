import { z } from 'zod';
import { defineCheck, met, nodeAt, unmet } from '../check.ts';
import { sameNetwork } from '../networks.ts';
import * as part from '../schema-parts.ts';

export default defineCheck({
  type: 'ipset',
  schema: z.strictObject({
    node: part.node,
    name: z.string().min(1).max(31),
    exists: z.boolean().default(true),
    /** As `ipset create` takes it: hash:ip. */
    type: z.string().optional(),
    /** Entries that have to be in it. */
    contains: z.array(z.string()).default([]),
    /** Entries that must not be. */
    lacks: z.array(z.string()).default([]),
    atLeast: part.count.optional(),
  }),
  describe(spec) {
    if (!spec.exists) return `there is no set ${spec.name} on ${spec.node}`;
    const parts = [
      spec.type === undefined ? '' : ` of type ${spec.type}`,
      spec.contains.length === 0 ? '' : ` with ${spec.contains.join(', ')}`,
      spec.lacks.length === 0 ? '' : ` without ${spec.lacks.join(', ')}`,
      spec.atLeast === undefined ? '' : ` with ${spec.atLeast} entries or more`,
    ];
    return `there is a set ${spec.name} on ${spec.node}${parts.join('')}`;
  },
  needs: (spec) => ({ nodes: [spec.node] }),
  judge(spec, moment) {
    const at = nodeAt(moment.nodes, spec.node, 'ipset');
    if ('unknown' in at) return at.unknown;
    const set = at.snapshot.ipsets.find((one) => one.name === spec.name);
    if (set === undefined) {
      const names = at.snapshot.ipsets.map((one) => one.name).join(', ') || 'none';
      return spec.exists
        ? unmet(`sets: ${names}`, `There is no set ${spec.name} on ${spec.node}; there are: ${names}.`)
        : met(`sets: ${names}`);
    }
    if (!spec.exists) return unmet(`${set.name} is there`, `The set ${set.name} is still there on ${spec.node}.`);
    // An entry may carry options after the element: `10.0.0.1 timeout 20`.
    const elements = set.entries.map((entry) => entry.split(' ')[0] ?? '');
    const has = (wanted: string) => elements.some((element) => element === wanted || sameNetwork(element, wanted));
    const wrong = [
      spec.type !== undefined && set.type !== spec.type ? `its type is ${set.type}` : '',
      ...spec.contains.filter((one) => !has(one)).map((one) => `${one} is not in it`),
      ...spec.lacks.filter(has).map((one) => `${one} is in it`),
      spec.atLeast !== undefined && elements.length < spec.atLeast ? `it has ${elements.length} entries` : '',
    ].filter((text) => text !== '');
    const actual = `${set.name} (${set.type}) with ${elements.length} entries`;
    if (wrong.length === 0) return met(actual);
    return unmet(actual, `The set ${set.name} of ${spec.node} is not as asked: ${wrong.join('; ')}.`, set);
  },
});
