import { LiveJudge, type StandingCriterion } from '../grading/index.ts';
import { TimelineBuilder } from '../observe/build-timeline.ts';
import { followTimeline, type TimelineChunk } from '../observe/follow-timeline.ts';
import type { Timeline } from '../observe/timeline.ts';
import { kernelLogOf, lastAnswers } from './evidence-parts.ts';
import { lostOr, runningContainer } from './session.ts';
import type { SessionRow, Snapshots, Store } from './store.ts';
import type { Workspace } from './workspace.ts';

/** How long the text of a rule that has just come is waited for, in milliseconds: a reading of the rules takes a few. */
const readingPatience = 50;

/** What a session looks like now, while somebody follows it. */
export interface LiveState {
  readonly timeline: Timeline;
  /** Of the last that was recorded, Unix seconds. */
  readonly time: number;
}

/**
 * A session's timeline as it grows, until the signal is aborted: the whole of it at once, and again after every change of anything that is
 * recorded; several together where they come faster than they are taken. SESSION_LOST, NODE_FAILED.
 */
export async function* followSession(
  workspace: Workspace,
  session: SessionRow,
  signal: AbortSignal,
): AsyncGenerator<LiveState, void> {
  const container = await runningContainer(workspace.runtime, session, signal);
  const inbox = new Inbox();
  const ended = inbox.fill(followTimeline(container, signal));
  ended.catch(() => undefined); // awaited below
  let builder = new TimelineBuilder();
  let time = 0;
  try {
    for (;;) {
      const chunks = await inbox.take();
      if (chunks === null) break;
      for (const { anew, records } of chunks) {
        if (anew) builder = new TimelineBuilder();
        for (const record of records) builder.add(record);
        time = records.at(-1)?.t ?? time;
      }
      if (inbox.caughtUp) yield { timeline: builder.timeline(), time };
    }
    await ended;
  } catch (error) {
    if (!signal.aborted) throw await lostOr(session, container, error);
  }
}

/** Chunks that have come and were not taken yet. */
class Inbox {
  #chunks: TimelineChunk[] = [];
  #news = Promise.withResolvers<void>();
  #ended = false;
  /** Nodes whose rules have changed and were not read since. */
  readonly #unread = new Set<string>();
  caughtUp = false;

  async fill(chunks: AsyncIterable<TimelineChunk>): Promise<void> {
    try {
      for await (const chunk of chunks) {
        this.#chunks.push(chunk);
        this.caughtUp ||= chunk.caughtUp;
        for (const { kind, ...record } of chunk.records) {
          if (!('node' in record) || typeof record.node !== 'string') continue;
          if (kind === 'generation') this.#unread.add(record.node);
          if (kind === 'rules' || kind === 'base') this.#unread.delete(record.node);
        }
        this.#news.resolve();
      }
    } finally {
      this.#ended = true;
      this.#news.resolve();
    }
  }

  /** What has come, at the earliest when the rules that changed were read; null when nothing comes any more. */
  async take(): Promise<readonly TimelineChunk[] | null> {
    await this.#news.promise;
    const patience = performance.now() + readingPatience;
    while (this.#unread.size > 0 && !this.#ended && performance.now() < patience) {
      this.#news = Promise.withResolvers();
      const timer = setTimeout(this.#news.resolve, Math.max(0, patience - performance.now()));
      await this.#news.promise;
      clearTimeout(timer);
    }
    this.#unread.clear();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#news = Promise.withResolvers();
    if (this.#ended) this.#news.resolve();
    return chunks.length === 0 && this.#ended ? null : chunks;
  }
}

/** Judges a session's criteria at every state that it is shown, with the answers that are there then. */
export class SessionJudge {
  readonly #store: Store;
  readonly #session: SessionRow;
  readonly #judge: LiveJudge;
  readonly #baseline: Snapshots;
  #answers: ReturnType<typeof lastAnswers> = {};
  #answered = 0;

  constructor({ store }: Workspace, session: SessionRow) {
    const { pack, id, criteria, questions } = session.instance;
    this.#store = store;
    this.#session = session;
    this.#judge = new LiveJudge({ lab: `${pack}/${id}`, criteria, questions });
    this.#baseline = store.baseline(session.id);
  }

  /** Something was answered since the last judging. */
  hasNewAnswers(): boolean {
    return this.#store.answerCount(this.#session.id) !== this.#answered;
  }

  judge({ timeline, time }: LiveState): readonly StandingCriterion[] {
    const { id, hostLog } = this.#session;
    if (this.hasNewAnswers()) {
      const answers = this.#store.answers(id);
      this.#answered = answers.length;
      this.#answers = lastAnswers(answers);
    }
    return this.#judge.judge({
      session: id,
      baseline: { value: this.#baseline },
      kernelLog: kernelLogOf(hostLog),
      answers: this.#answers,
      timeline,
      time,
    });
  }
}
