/** Where the terminals of a session stand in a window: groups of tabs, split side by side or stacked. All functions give a new one. */
export type Arrangement = Group | Split;

export interface Group {
  readonly kind: 'group';
  readonly id: string;
  readonly tabs: readonly Tab[];
  /** The terminal that is seen; null where there are no tabs. */
  readonly active: string | null;
}

export interface Tab {
  /** Its id in the engine. */
  readonly terminal: string;
  readonly node: string;
}

export interface Split {
  readonly kind: 'split';
  readonly id: string;
  readonly direction: Direction;
  readonly parts: readonly Part[];
}

interface Part {
  /** Per cent of the split. */
  readonly share: number;
  readonly content: Arrangement;
}

/** row: side by side. column: stacked. */
export type Direction = 'row' | 'column';

export const emptyArrangement = (): Group => ({ kind: 'group', id: crypto.randomUUID(), tabs: [], active: null });

export function groupsOf(arrangement: Arrangement): readonly Group[] {
  return arrangement.kind === 'group' ? [arrangement] : arrangement.parts.flatMap(({ content }) => groupsOf(content));
}

export const tabsOf = (arrangement: Arrangement): readonly Tab[] => groupsOf(arrangement).flatMap(({ tabs }) => tabs);

export const groupOf = (arrangement: Arrangement, terminal: string): Group | undefined =>
  groupsOf(arrangement).find(({ tabs }) => tabs.some((tab) => tab.terminal === terminal));

/** Puts a tab at the end of a group; `shown` lets it be the one that is seen there. */
export function addTab(arrangement: Arrangement, group: string, tab: Tab, shown: boolean): Arrangement {
  return changeGroup(arrangement, group, (old) => ({
    ...old,
    tabs: [...old.tabs, tab],
    active: shown || old.active === null ? tab.terminal : old.active,
  }));
}

/** Lets a terminal be the one that is seen in its group. */
export function showTab(arrangement: Arrangement, terminal: string): Arrangement {
  const group = groupOf(arrangement, terminal);
  return group ? changeGroup(arrangement, group.id, (old) => ({ ...old, active: terminal })) : arrangement;
}

/** Takes a tab out; the group shows the neighbour, and a group without tabs goes, unless it is the only one. */
export function removeTab(arrangement: Arrangement, terminal: string): Arrangement {
  const group = groupOf(arrangement, terminal);
  if (!group) return arrangement;
  const place = group.tabs.findIndex((tab) => tab.terminal === terminal);
  const tabs = group.tabs.filter((tab) => tab.terminal !== terminal);
  const neighbour = (tabs[place] ?? tabs[place - 1])?.terminal ?? null;
  const active = group.active === terminal ? neighbour : group.active;
  const changed = changeGroup(arrangement, group.id, (old) => ({ ...old, tabs, active }));
  return withoutEmpty(changed) ?? { ...group, tabs: [], active: null };
}

/** A new group with this tab beside or below a group. */
export function splitGroup(arrangement: Arrangement, group: string, direction: Direction, tab: Tab): Arrangement {
  const added: Group = { ...emptyArrangement(), tabs: [tab], active: tab.terminal };
  return withSplit(arrangement, group, direction, added);
}

/** Keeps the sizes that the parts of a split were drawn to. */
export function resizeSplit(arrangement: Arrangement, split: string, shares: readonly number[]): Arrangement {
  if (arrangement.kind === 'group') return arrangement;
  const own = arrangement.id === split && shares.length === arrangement.parts.length;
  return {
    ...arrangement,
    parts: arrangement.parts.map(({ share, content }, index) => ({
      share: own ? (shares[index] ?? share) : share,
      content: resizeSplit(content, split, shares),
    })),
  };
}

function changeGroup(arrangement: Arrangement, id: string, change: (group: Group) => Group): Arrangement {
  if (arrangement.kind === 'group') return arrangement.id === id ? change(arrangement) : arrangement;
  const parts = arrangement.parts.map((part) => ({ ...part, content: changeGroup(part.content, id, change) }));
  return { ...arrangement, parts };
}

function withSplit(arrangement: Arrangement, group: string, direction: Direction, added: Group): Arrangement {
  if (arrangement.kind === 'group') {
    if (arrangement.id !== group) return arrangement;
    const parts = [arrangement, added].map((content) => ({ share: 50, content }));
    return { kind: 'split', id: crypto.randomUUID(), direction, parts };
  }
  const parts = arrangement.parts.flatMap((part): readonly Part[] => {
    // In a split of the same direction the new one takes half of its neighbour's room, so that splits do not nest without need.
    if (part.content.id === group && part.content.kind === 'group' && arrangement.direction === direction) {
      return [part.content, added].map((content) => ({ share: part.share / 2, content }));
    }
    return [{ ...part, content: withSplit(part.content, group, direction, added) }];
  });
  return { ...arrangement, parts };
}

/** null where nothing is left. What a group leaves behind goes to its neighbours in equal measure. */
function withoutEmpty(arrangement: Arrangement): Arrangement | null {
  if (arrangement.kind === 'group') return arrangement.tabs.length > 0 ? arrangement : null;
  const kept = arrangement.parts.flatMap(({ share, content }) => {
    const left = withoutEmpty(content);
    return left ? [{ share, content: left }] : [];
  });
  const [only] = kept;
  if (!only) return null;
  if (kept.length === 1) return only.content;
  const total = kept.reduce((sum, { share }) => sum + share, 0);
  return { ...arrangement, parts: kept.map(({ share, content }) => ({ share: (share / total) * 100, content })) };
}

/** Whether something that was kept is an arrangement: a version before this one may have kept something else. */
export function isArrangement(value: unknown): value is Arrangement {
  if (!isRecord(value) || typeof value.id !== 'string') return false;
  if (value.kind === 'group') {
    const { tabs, active } = value;
    return Array.isArray(tabs) && tabs.every(isTab) && (active === null || typeof active === 'string');
  }
  return (
    value.kind === 'split' &&
    (value.direction === 'row' || value.direction === 'column') &&
    Array.isArray(value.parts) &&
    value.parts.length > 1 &&
    value.parts.every((part) => isRecord(part) && typeof part.share === 'number' && isArrangement(part.content))
  );
}

const isTab = (value: unknown): value is Tab =>
  isRecord(value) && typeof value.terminal === 'string' && typeof value.node === 'string';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
