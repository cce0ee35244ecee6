import { HookpointError } from '../../contract/error.ts';
import { buildTimeline } from '../../observe/build-timeline.ts';
import type { NodeSnapshot } from '../../observe/snapshot.ts';
import type { FlowEvent, Timeline } from '../../observe/timeline.ts';
import type { LabInstance } from '../../packs/index.ts';
import type { SessionFile } from './session-file.ts';

/** States that are loaded at most; of more, the first and the last so many. */
export const mostStates = 2000;

/** A moment of the file that the learner made, with what is said to have been sent in it. */
export interface FileState {
  readonly time: number;
  readonly nodes: Readonly<Record<string, NodeSnapshot>>;
  readonly flows: readonly FlowEvent[];
}

export interface FileStates {
  readonly states: readonly FileState[];
  /** States that were not taken, since there are too many. */
  readonly dropped: number;
  /** The file says itself that states of the rules were lost. */
  readonly gaps: boolean;
}

/** The learner's states of a session file, in order. BAD_INPUT for a timeline that makes no sense. */
export function statesOf({ records }: SessionFile, instance: LabInstance): FileStates {
  const timeline = built(() => buildTimeline(records));
  const names = Object.keys(instance.topology.nodes);
  const begin = timeline.marks.find(({ name }) => name === 'provisioned')?.time;
  if (begin === undefined) throw unusable('it never says that the lab was ready');
  const made = timeline.states.filter(({ time, provisioning }) => !provisioning && time >= begin);
  const taken = made.length <= mostStates ? made : [...made.slice(0, mostStates / 2), ...made.slice(-mostStates / 2)];
  const states = taken.map(({ time, nodes }, index): FileState => {
    const to = taken[index + 1]?.time ?? Number.POSITIVE_INFINITY;
    return {
      time,
      get nodes() {
        return built(() => Object.fromEntries(names.flatMap((name) => (nodes[name] ? [[name, nodes[name]]] : []))));
      },
      flows: flowsBetween(timeline, time, to),
    };
  });
  const gaps = timeline.gaps.some((gap) => gap.what === 'states' && gap.to >= begin);
  return { states, dropped: made.length - taken.length, gaps };
}

/** Flows and rules come to the recorder by two sockets: a flow may be told some milliseconds off. */
function flowsBetween({ flows }: Timeline, from: number, to: number): readonly FlowEvent[] {
  return flows.filter(({ time }) => time >= from && time < to);
}

function built<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof HookpointError) throw error;
    throw unusable(error instanceof Error ? error.message : String(error));
  }
}

const unusable = (why: string): HookpointError =>
  new HookpointError('BAD_INPUT', `The timeline of the session file cannot be rebuilt: ${why.slice(0, 200)}.`, {
    remedy: 'Ask for the file that `hookpoint export` wrote.',
  });
