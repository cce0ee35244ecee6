import { HookpointError } from '../contract/error.ts';
import type { Timeline, TimelineState } from '../observe/timeline.ts';

/** A moment of a session: a state by its number, or a time in Unix seconds. */
export type SessionMoment = { readonly state: number } | { readonly time: number };

/** The state that stood at a moment. NOT_FOUND where nothing was recorded for it. */
export function stateAt({ states }: Timeline, moment: SessionMoment): TimelineState {
  const first = states[0];
  const last = states.at(-1);
  if (first === undefined || last === undefined) {
    throw new HookpointError('NOT_FOUND', 'Nothing of this session was recorded yet.', {
      remedy: 'Try again in a moment.',
    });
  }
  if ('state' in moment) {
    const state = states[moment.state];
    if (state) return state;
    throw new HookpointError('NOT_FOUND', `There is no state ${moment.state}: they go from 0 to ${last.index}.`, {
      remedy: '`hookpoint timeline` lists them.',
    });
  }
  const state = states.findLast(({ time }) => time <= moment.time);
  if (state) return state;
  throw new HookpointError('NOT_FOUND', `Nothing was recorded at ${new Date(moment.time * 1000).toISOString()} yet.`, {
    remedy: `This session begins at ${new Date(first.time * 1000).toISOString()}.`,
  });
}
