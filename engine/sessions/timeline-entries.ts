import type { ChangeEntry, TimelineEntry } from '../contract/procedures/timeline.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';
import type { Timeline, TimelineState } from '../observe/timeline.ts';
import { changeWords, summaryOf } from './change-words.ts';
import { type Attribution, CommandFinder } from './command-of-change.ts';
import { type NodeChange, nodeChanges } from './node-changes.ts';
import type { CommandRow } from './store.ts';

/** Changes that nobody typed a command for are one entry while they come this close together, in seconds. */
const together = 2;
/** An entry of more steps tells what is left of all of them; `stepsOf` tells them singly. */
const singly = 30;
/** Changes of an entry that are put into words. */
const mostWords = 12;

/** States of one node that one command or process made. */
interface Group {
  readonly node: string;
  readonly provisioning: boolean;
  readonly process: string | null;
  readonly by: Attribution | null;
  readonly states: TimelineState[];
}

/** What two snapshots of a timeline differ in, found out once: the same snapshots come again with every look at a session that goes on. */
export class ChangeMemory {
  readonly #known = new WeakMap<
    NodeSnapshot,
    { readonly before: NodeSnapshot | undefined; readonly changes: readonly NodeChange[] }
  >();

  between(before: NodeSnapshot | undefined, now: NodeSnapshot | undefined): readonly NodeChange[] {
    if (now === undefined || now === before) return [];
    const known = this.#known.get(now);
    if (known !== undefined && known.before === before) return known.changes;
    const changes = nodeChanges(before, now);
    this.#known.set(now, { before, changes });
    return changes;
  }
}

/** What changed in a session, by whose command, and the commands that changed nothing; in the order in which they began. */
export function changeEntries(
  timeline: Timeline,
  commands: readonly CommandRow[],
  memory: ChangeMemory = new ChangeMemory(),
): readonly TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  const made = new Set<number>();
  for (const group of groupsOf(timeline, commands, memory)) {
    const entry = entryOf(group, timeline, memory);
    if (entry === null) continue;
    if (entry.by) made.add(entry.by.command.number);
    entries.push(entry);
  }
  for (const command of commands) {
    if (!made.has(command.number))
      entries.push({ kind: 'command', id: `c${command.number}`, time: command.begun, command });
  }
  return entries.sort((a, b) => a.time - b.time);
}

function groupsOf(timeline: Timeline, commands: readonly CommandRow[], memory: ChangeMemory): readonly Group[] {
  const finder = new CommandFinder(commands);
  const groups: Group[] = [];
  const open = new Map<string, Group>();
  for (const [position, state] of timeline.states.entries()) {
    // A generation is the kernel's word for a change; of other states many only say that a probe began, or counters moved.
    if (state.process === null && changesOf(timeline, position, memory).length === 0) continue;
    const { node, provisioning, process, time } = state;
    const by = provisioning ? null : finder.find({ node, process, time });
    const last = open.get(node);
    const end = last?.states.at(-1)?.time ?? 0;
    const same =
      last !== undefined &&
      last.provisioning === provisioning &&
      last.by?.command.number === by?.command.number &&
      (provisioning || by !== null || (last.process === process && time - end < together));
    if (same) last.states.push(state);
    else {
      const group: Group = { node, provisioning, process, by, states: [state] };
      groups.push(group);
      open.set(node, group);
    }
  }
  return groups;
}

/** What the state at this place changed in its node. */
function changesOf(timeline: Timeline, position: number, memory: ChangeMemory): readonly NodeChange[] {
  const state = timeline.states[position];
  if (state === undefined) return [];
  return memory.between(timeline.states[position - 1]?.nodes[state.node], state.nodes[state.node]);
}

function entryOf(group: Group, timeline: Timeline, memory: ChangeMemory): ChangeEntry | null {
  const { node, process, by, states, provisioning } = group;
  const first = states[0];
  const last = states.at(-1);
  if (first === undefined || last === undefined) return null;
  const listedSingly = states.length <= singly;
  const all = listedSingly
    ? states.flatMap(({ index }) => changesOf(timeline, index, memory))
    : memory.between(timeline.states[first.index - 1]?.nodes[node], last.nodes[node]);
  // A generation may change nothing: a flush of what was empty.
  if (all.length === 0 && listedSingly) return null;
  return {
    kind: 'change',
    id: `s${first.index}`,
    time: first.time,
    until: last.time,
    node,
    process,
    by: by && { command: by.command, certain: by.certain },
    first: first.index,
    last: last.index,
    steps: states.length,
    listedSingly,
    summary: listedSingly ? summaryOf(all) : `${states.length.toLocaleString('en')} changes: ${summaryOf(all)}`,
    changes: all.slice(0, mostWords).map(changeWords),
    total: all.length,
    provisioning,
  };
}

export interface Step {
  readonly state: number;
  readonly time: number;
  readonly changes: readonly NodeChange[];
}

/** Every change of a node between two states, both included: so many of its states from one on, those that changed something. */
export function stepsOf(
  timeline: Timeline,
  { node, first, last }: { readonly node: string; readonly first: number; readonly last: number },
  { from, most }: { readonly from: number; readonly most: number },
): { readonly steps: readonly Step[]; readonly total: number } {
  const states = timeline.states.slice(Math.max(0, first), last + 1).filter((state) => state.node === node);
  const memory = new ChangeMemory();
  const steps = states.slice(from, from + most).flatMap(({ index, time }) => {
    const changes = changesOf(timeline, index, memory);
    return changes.length === 0 ? [] : [{ state: index, time, changes }];
  });
  return { steps, total: states.length };
}
