import { z } from 'zod';
import { defineCheck, met, nodeAt, unknown, unmet } from '../check.ts';
import * as part from '../schema-parts.ts';

export default defineCheck({
  type: 'sysctl',
  schema: z.strictObject({
    node: part.node,
    /** As sysctl(8) prints it: net.ipv4.ip_forward. */
    name: z.string().regex(/^net\./, 'Expected a name under net.'),
    value: z.union([z.string(), z.number()]).transform(String),
  }),
  describe: (spec) => `${spec.name} is ${spec.value} on ${spec.node}`,
  needs: (spec) => ({ nodes: [spec.node] }),
  judge(spec, moment) {
    const at = nodeAt(moment.nodes, spec.node, 'sysctls');
    if ('unknown' in at) return at.unknown;
    const name = spec.name.replaceAll('/', '.');
    const found = at.snapshot.sysctls[name];
    if (found === undefined) return unknown(`${name} was not read on ${spec.node}.`);
    const value = found.trim().split(/\s+/).join(' ');
    if (value === spec.value.trim().split(/\s+/).join(' ')) return met(`${name} = ${value}`);
    return unmet(`${name} = ${value}`, `On ${spec.node}, ${name} is ${value}; it should be ${spec.value}.`);
  },
});
