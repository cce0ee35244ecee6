import type { ELK, ElkNode } from 'elkjs/lib/elk-api.js';
import type { Plan } from './plan.ts';

export type Direction = 'right' | 'down';

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly direction: Direction;
  readonly positions: Readonly<Record<string, { readonly x: number; readonly y: number }>>;
  readonly size: Size;
}

/** Loaded when the first drawing is made: it is larger than the rest of the app. It runs in the page, without a worker and without eval. */
async function elk(): Promise<ELK> {
  // CommonJS whose types speak of an ES module: resolvers disagree on what its default is, bundlers and Node do not.
  const loadedModule: unknown = await import('elkjs/lib/elk.bundled.js');
  const { default: Elk } = loadedModule as { readonly default: new () => ELK };
  return new Elk();
}
let loaded: Promise<ELK> | null = null;

/** Places of cards of these sizes; the same plan and sizes always give the same places. */
export async function layOut(
  plan: Plan,
  sizes: ReadonlyMap<string, Size>,
  direction: Direction,
  gap: number,
): Promise<Layout> {
  loaded ??= elk();
  const ids = [...plan.nodes, ...plan.segments].map(({ id }) => id);
  const graph: ElkNode = {
    id: 'root',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': direction === 'right' ? 'RIGHT' : 'DOWN',
      'elk.randomSeed': '1',
      'elk.spacing.nodeNode': String(gap),
      'elk.spacing.componentComponent': String(gap),
      'elk.layered.spacing.nodeNodeBetweenLayers': String(gap * (direction === 'right' ? 3 : 2)),
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
      'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
      'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
      'elk.padding': '[top=0,left=0,bottom=0,right=0]',
    },
    children: ids.map((id) => ({ id, ...(sizes.get(id) ?? { width: 0, height: 0 }) })),
    edges: plan.edges.map(({ id, source, target }) => ({ id, sources: [source], targets: [target] })),
  };
  const { children = [], width = 0, height = 0 } = await (await loaded).layout(graph);
  return {
    direction,
    positions: Object.fromEntries(children.map(({ id, x = 0, y = 0 }) => [id, { x, y }])),
    size: { width, height },
  };
}

/** How large a layout can be shown in a room, 1 being its own size, and no larger than `most`. */
export const scaleOf = ({ size }: Layout, room: Size, most: number): number =>
  Math.min(most, room.width / Math.max(1, size.width), room.height / Math.max(1, size.height));
