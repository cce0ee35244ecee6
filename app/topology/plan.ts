import type { TopologyView } from '../../engine/contract/procedures/topology.ts';

type NodeView = TopologyView['nodes'][number];
export type Interface = NodeView['interfaces'][number];

/** Where on a card an interface stands: towards what was drawn before, after it, or nowhere because nothing is plugged in. */
export type Side = 'before' | 'after' | 'none';

export interface PlannedNode {
  readonly id: string;
  readonly view: NodeView;
  readonly sides: Readonly<Record<string, Side>>;
}

export interface PlannedSegment {
  readonly id: string;
  readonly name: string;
}

/** One line of the drawing, from what stands before to what stands after. */
export interface PlannedEdge {
  readonly id: string;
  readonly link: string;
  readonly source: string;
  readonly target: string;
  /** Names of interfaces; null at a segment. */
  readonly sourceInterface: string | null;
  readonly targetInterface: string | null;
  readonly state: 'up' | 'down' | 'unknown';
  /** The link's name is written on it: for a segment it stands on the segment itself. */
  readonly labelled: boolean;
}

export interface Plan {
  readonly nodes: readonly PlannedNode[];
  readonly segments: readonly PlannedSegment[];
  readonly edges: readonly PlannedEdge[];
}

type End = TopologyView['links'][number]['ends'][number];

/** Unlike any node's: those are lower-case names. */
const segmentId = (name: string): string => `segment ${name}`;

/**
 * What is drawn and which way it points: from the first node outwards, in the order of the lab, so that the same lab is always drawn the same.
 * Pure.
 */
export function planOf(view: TopologyView): Plan {
  const ranks = ranksOf(view);
  const rank = (id: string) => ranks.get(id) ?? 0;
  const sides = new Map<string, Record<string, Side>>(view.nodes.map(({ name }) => [name, {}]));
  const edges: PlannedEdge[] = [];
  const place = (end: End, side: Side) => {
    const own = sides.get(end.node);
    if (own) own[end.interface] = side;
  };
  for (const { name, kind, ends } of view.links) {
    if (kind === 'wire') {
      const [source, target] = [...ends].sort((a, b) => rank(a.node) - rank(b.node));
      if (!source || !target) continue;
      place(source, 'after');
      place(target, 'before');
      edges.push({ ...edge(view, name, source, target), labelled: true });
      continue;
    }
    const id = segmentId(name);
    for (const end of ends) {
      const first = rank(end.node) < rank(id);
      place(end, first ? 'after' : 'before');
      edges.push({ ...(first ? edge(view, name, end, id) : edge(view, name, id, end)), labelled: false });
    }
  }
  return {
    nodes: view.nodes.map((node) => ({
      id: node.name,
      view: node,
      sides: Object.fromEntries(node.interfaces.map(({ name }) => [name, sides.get(node.name)?.[name] ?? 'none'])),
    })),
    segments: view.links.filter(({ kind }) => kind === 'segment').map(({ name }) => ({ id: segmentId(name), name })),
    edges,
  };
}

function edge(
  view: TopologyView,
  link: string,
  source: End | string,
  target: End | string,
): Omit<PlannedEdge, 'labelled'> {
  const ends = [source, target].filter((end) => typeof end !== 'string');
  const states = ends.map((end) => interfaceOf(view, end)?.up ?? null);
  const idOf = (end: End | string) => (typeof end === 'string' ? end : end.node);
  const interfaceName = (end: End | string) => (typeof end === 'string' ? null : end.interface);
  return {
    id: [link, ...ends.map((end) => `${end.node}.${end.interface}`)].join(' '),
    link,
    source: idOf(source),
    target: idOf(target),
    sourceInterface: interfaceName(source),
    targetInterface: interfaceName(target),
    state: states.includes(false) ? 'down' : states.includes(null) ? 'unknown' : 'up',
  };
}

const interfaceOf = (view: TopologyView, end: End): Interface | undefined =>
  view.nodes.find(({ name }) => name === end.node)?.interfaces.find(({ name }) => name === end.interface);

/** How far each node and segment is from the first node of its part of the network, then in the order of the lab: no two are equal. */
function ranksOf(view: TopologyView): Map<string, number> {
  const near = new Map<string, Set<string>>();
  const join = (a: string, b: string) => {
    near.set(a, (near.get(a) ?? new Set()).add(b));
    near.set(b, (near.get(b) ?? new Set()).add(a));
  };
  for (const { name, kind, ends } of view.links) {
    const [first, second] = ends;
    if (kind === 'segment') for (const end of ends) join(end.node, segmentId(name));
    else if (first && second) join(first.node, second.node);
  }
  const ranks = new Map<string, number>();
  for (const { name } of view.nodes) {
    const queue = ranks.has(name) ? [] : [name];
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      if (ranks.has(id)) continue;
      ranks.set(id, ranks.size);
      queue.push(...(near.get(id) ?? []));
    }
  }
  return ranks;
}
