import { z } from 'zod';
import { defineCheck, met, nodeAt, unmet } from '../check.ts';
import { sameNetwork } from '../networks.ts';
import * as part from '../schema-parts.ts';

export default defineCheck({
  type: 'route',
  schema: z.strictObject({
    node: part.node,
    to: z.union([z.literal('default'), part.network], 'Expected `default`, an address or a network in CIDR form.'),
    via: part.address.optional(),
    dev: z.string().optional(),
    table: z.string().default('main'),
    family: part.family.optional(),
    exists: z.boolean().default(true),
  }),
  describe(spec) {
    const way = `${spec.via === undefined ? '' : ` via ${spec.via}`}${spec.dev === undefined ? '' : ` on ${spec.dev}`}`;
    return `${spec.node} has ${spec.exists ? 'a' : 'no'} route to ${spec.to}${way}`;
  },
  needs: (spec) => ({ nodes: [spec.node] }),
  judge(spec, moment) {
    const at = nodeAt(moment.nodes, spec.node, 'routes');
    if ('unknown' in at) return at.unknown;
    const routes = at.snapshot.routes.filter(
      (route) => route.table === spec.table && (spec.family === undefined || route.family === spec.family),
    );
    const to = routes.filter((route) => sameNetwork(route.destination, spec.to));
    const found = to.find(
      (route) =>
        (spec.via === undefined || (route.via !== null && sameNetwork(route.via, spec.via))) &&
        (spec.dev === undefined || route.interface === spec.dev),
    );
    const listed = to.length === 0 ? `no route to ${spec.to}` : to.map(routeText).join(', ');
    if ((found !== undefined) === spec.exists) return met(found === undefined ? listed : routeText(found));
    if (spec.exists) return unmet(listed, `${spec.node} has ${listed} in table ${spec.table}.`, routes);
    return unmet(listed, `The route is still there on ${spec.node}: ${listed}.`, to);
  },
});

function routeText(route: { destination: string; via: string | null; interface: string | null }): string {
  const via = route.via === null ? '' : ` via ${route.via}`;
  return `${route.destination}${via}${route.interface === null ? '' : ` dev ${route.interface}`}`;
}
