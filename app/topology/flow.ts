import type { Edge, Node } from '@xyflow/svelte';
import { topologyText } from '../strings/topology.ts';
import type { Direction, Layout, Size } from './lay-out.ts';
import type { Interface, Plan, PlannedEdge, PlannedNode } from './plan.ts';

export type CardNode = Node<{ readonly planned: PlannedNode; readonly direction: Direction }, 'card'>;
export type SegmentNode = Node<{ readonly name: string; readonly direction: Direction }, 'segment'>;
export type DrawnNode = CardNode | SegmentNode;
export type DrawnEdge = Edge<{ readonly planned: PlannedEdge }, 'wire'>;

/** What an interface says of itself, for its card and for a screen reader. */
export function interfaceText({ name, up, addresses }: Interface): string {
  const state = up === null ? topologyText.unknown : up ? topologyText.up : topologyText.down;
  return [name, addresses.length > 0 ? addresses.join(', ') : topologyText.noAddress, state].join(', ');
}

/** The plan as Svelte Flow takes it; sizes that were measured stay until they are measured again. */
export function flowNodes(
  plan: Plan,
  direction: Direction,
  layout: Layout | null,
  before: readonly DrawnNode[],
): DrawnNode[] {
  const place = (id: string) => ({
    position: layout?.positions[id] ?? { x: 0, y: 0 },
    ...(before.find((node) => node.id === id)?.measured
      ? { measured: before.find((node) => node.id === id)?.measured }
      : {}),
  });
  return [
    ...plan.nodes.map(
      (planned): CardNode => ({
        id: planned.id,
        type: 'card',
        data: { planned, direction },
        ariaRole: 'button',
        domAttributes: { 'aria-roledescription': undefined, 'aria-describedby': undefined },
        ...place(planned.id),
      }),
    ),
    ...plan.segments.map(
      ({ id, name }): SegmentNode => ({
        id,
        type: 'segment',
        data: { name, direction },
        focusable: false,
        domAttributes: { 'aria-roledescription': undefined, 'aria-describedby': undefined, 'aria-hidden': true },
        ...place(id),
      }),
    ),
  ];
}

export function flowEdges(plan: Plan): DrawnEdge[] {
  return plan.edges.map((planned) => ({
    id: planned.id,
    type: 'wire',
    source: planned.source,
    target: planned.target,
    sourceHandle: planned.sourceInterface,
    targetHandle: planned.targetInterface,
    data: { planned },
    focusable: false,
    selectable: false,
    // The list of links says the same in order.
    domAttributes: { 'aria-hidden': true },
  }));
}

/** Sizes of all cards; null until each was measured. */
export function sizesOf(nodes: readonly DrawnNode[]): Map<string, Size> | null {
  const sizes = new Map<string, Size>();
  for (const { id, measured } of nodes) {
    if (!measured?.width || !measured.height) return null;
    sizes.set(id, { width: measured.width, height: measured.height });
  }
  return sizes;
}
