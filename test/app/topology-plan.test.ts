import { expect, test } from 'vitest';
import { type Direction, layOut } from '../../app/topology/lay-out.ts';
import { planOf } from '../../app/topology/plan.ts';
import type { TopologyView } from '../../engine/contract/procedures/topology.ts';

type End = readonly [node: string, name: string];

function drawn(
  nodes: readonly string[],
  links: Record<string, readonly End[]>,
  down: readonly string[] = [],
): TopologyView {
  const interfaces = (node: string) =>
    Object.entries(links).flatMap(([link, ends]) =>
      ends
        .filter(([of]) => of === node)
        .map(([, name]) => ({ name, link, mac: null, up: !down.includes(`${node} ${name}`), addresses: [] })),
    );
  return {
    nodes: nodes.map((name) => ({ name, services: [], interfaces: interfaces(name) })),
    links: Object.entries(links).map(([name, ends]) => ({
      name,
      kind: ends.length === 2 ? 'wire' : 'segment',
      ends: ends.map(([node, of]) => ({ node, interface: of })),
    })),
  };
}

const chain = drawn(['client', 'router', 'server'], {
  lan: [
    ['client', 'eth0'],
    ['router', 'lan'],
  ],
  wan: [
    ['server', 'eth0'],
    ['router', 'wan'],
  ],
});

test('wires point away from the first node', () => {
  const { edges, nodes } = planOf(chain);
  expect(edges.map(({ source, target }) => `${source} > ${target}`)).toEqual(['client > router', 'router > server']);
  expect(nodes.find(({ id }) => id === 'router')?.sides).toEqual({ lan: 'before', wan: 'after' });
});

test('a segment stands between its nodes', () => {
  const { edges, segments } = planOf(
    drawn(['router', 'one', 'two'], {
      lan: [
        ['router', 'lan'],
        ['one', 'eth0'],
        ['two', 'eth0'],
      ],
    }),
  );
  const [segment] = segments;
  expect(segment?.name).toBe('lan');
  expect(edges.map(({ source, target }) => [source, target])).toEqual([
    ['router', segment?.id],
    [segment?.id, 'one'],
    [segment?.id, 'two'],
  ]);
});

test('a wire with an end that is down is down', () => {
  const links = { lan: chain.links[0]?.ends.map((end): End => [end.node, end.interface]) ?? [] };
  const [wire] = planOf(drawn(['client', 'router'], links, ['router lan'])).edges;
  expect(wire?.state).toBe('down');
});

test.each<Direction>(['right', 'down'])('the same network is always laid out the same, %s', async (direction) => {
  const sizes = new Map(chain.nodes.map(({ name }) => [name, { width: 150, height: 90 }]));
  const [first, second] = [
    await layOut(planOf(chain), sizes, direction, 24),
    await layOut(planOf(chain), sizes, direction, 24),
  ];
  expect(second).toEqual(first);
  const along = direction === 'right' ? 'x' : 'y';
  const places = ['client', 'router', 'server'].map((id) => first.positions[id]?.[along] ?? Number.NaN);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(new Set(places).size).toBe(3);
});
