import type { StandingCriterion } from '../grading/index.ts';
import type { LiveState } from '../sessions/live.ts';
import type { SessionRow, Store } from '../sessions/store.ts';
import type { Workspace } from '../sessions/workspace.ts';
import type { Changes } from './changes.ts';
import { SharedStream } from './shared-stream.ts';
import { withBell } from './with-bell.ts';

/** After a judging the next one waits this many times as long as it took: a flood of changes leaves the engine time for others. */
const restFactor = 3;

interface Place {
  readonly store: Store;
  readonly changes: Changes;
  workspace(): Promise<Workspace>;
}

/** Sessions as they change, each followed once for as long as anybody looks, however many windows and views that are. */
export class LiveSessions {
  readonly #place: Place;
  readonly #states = new SharedStream<LiveState>();
  readonly #criteria = new SharedStream<readonly StandingCriterion[]>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** The timeline up to now, and again after every change. SESSION_LOST, NODE_FAILED. */
  states(session: SessionRow, signal: AbortSignal | undefined): AsyncGenerator<LiveState, void> {
    // A session that was resumed runs in another container.
    return this.#states.watch(session.container, signal, (end) => this.#follow(session, end));
  }

  /** Where the criteria stand, and again after every change and every answer. */
  criteria(session: SessionRow, signal: AbortSignal | undefined): AsyncGenerator<readonly StandingCriterion[], void> {
    return this.#criteria.watch(session.container, signal, (end) => this.#judgings(session, end));
  }

  async *#follow(session: SessionRow, signal: AbortSignal): AsyncGenerator<LiveState, void> {
    const { followSession } = await loadLive();
    yield* followSession(await this.#place.workspace(), session, signal);
  }

  async *#judgings(session: SessionRow, signal: AbortSignal): AsyncGenerator<readonly StandingCriterion[], void> {
    const { SessionJudge } = await loadLive();
    const judge = new SessionJudge(await this.#place.workspace(), session);
    const onAnswer = (ring: () => void) => this.#place.changes.onNext(() => judge.hasNewAnswers() && ring());
    for await (const state of withBell(this.states(session, signal), onAnswer)) {
      const begin = performance.now();
      yield judge.judge(state);
      await pause(restFactor * (performance.now() - begin));
    }
  }
}

/** With all that judges, which a host that was opened just now does not need yet. */
const loadLive = () => import('../sessions/live.ts');

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
