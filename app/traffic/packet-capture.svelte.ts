import type { Failure } from '../../engine/contract/failures.ts';
import type {
  CaptureCounts,
  CaptureEvent,
  CapturePlace,
  TrafficPacket,
} from '../../engine/contract/procedures/traffic.ts';
import type { EngineLink } from '../client/engine-link.svelte.ts';
import { failureOf } from '../client/failure.ts';
import { savePcap } from './save-pcap.ts';

/** The latest so many are listed; all of them are in what is saved. */
const mostListed = 1000;
const nothing: CaptureCounts = { captured: 0, listed: 0, dropped: 0, bytes: 0 };

type End = Extract<CaptureEvent, { kind: 'ended' }>;

/** One capture, its form and what came of it. It outlives the panel that shows it, and ends with the lab's screen. */
export class PacketCapture {
  /** As `placeOf` reads it. */
  place = $state('');
  filter = $state('');
  phase = $state<'none' | 'starting' | 'running' | 'ended'>('none');
  packets = $state.raw<readonly TrafficPacket[]>([]);
  counts = $state.raw<CaptureCounts>(nothing);
  end = $state.raw<End | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** The number of the packet whose details are shown. */
  chosen = $state<number | null>(null);
  /** null while they come. */
  detail = $state<string | null>(null);
  saving = $state(false);
  readonly filterError = $derived(this.failure?.code === 'BAD_INPUT' ? this.failure.message : null);
  readonly #link: EngineLink;
  readonly #session: string;
  #id: string | null = null;
  #left = new AbortController();

  constructor(link: EngineLink, session: string) {
    this.#link = link;
    this.#session = session;
  }

  /** Begins anew: what was captured before is gone. */
  async start(): Promise<void> {
    const { client } = this.#link;
    const place = placeOf(this.place);
    if (!client || !place) return;
    this.leave();
    const left = new AbortController();
    this.#left = left;
    Object.assign(this, { phase: 'starting', packets: [], counts: nothing, end: null, failure: null, chosen: null });
    try {
      const input = { session: this.#session, place, filter: this.filter };
      for await (const event of await client.traffic.capture(input, { signal: left.signal })) {
        if (left.signal.aborted) return;
        this.#take(event);
      }
      // The packets went with the stream.
      if (!left.signal.aborted && this.phase === 'running') this.phase = 'ended';
    } catch (thrown) {
      if (left.signal.aborted) return;
      this.failure = failureOf(thrown);
      this.phase = this.#id === null ? 'none' : 'ended';
    }
    if (this.#left === left) this.#id = null;
  }

  stop(): void {
    const { client } = this.#link;
    if (client && this.#id !== null) void this.#ask(client.traffic.stop({ capture: this.#id }));
  }

  /** Ends it, with what it kept. */
  leave(): void {
    this.#left.abort();
    this.#id = null;
  }

  async choose(number: number | null): Promise<void> {
    this.chosen = number;
    this.detail = null;
    const { client } = this.#link;
    if (number === null || !client || this.#id === null) {
      this.detail = '';
      return;
    }
    const answer = await this.#ask(client.traffic.detail({ capture: this.#id, number }));
    if (this.chosen === number) this.detail = answer?.text ?? '';
  }

  get canSave(): boolean {
    return this.#link.client !== null && this.counts.captured > 0 && (this.phase === 'running' || this.end !== null);
  }

  async save(): Promise<void> {
    const { client } = this.#link;
    if (!client || this.#id === null || this.saving) return;
    this.saving = true;
    await this.#ask(savePcap(client, this.#id, `${this.#session}-${this.place.replace(/[^\w.-]+/g, '-')}.pcap`));
    this.saving = false;
  }

  #take(event: CaptureEvent): void {
    if (event.kind === 'begun') {
      this.#id = event.capture;
      this.phase = 'running';
    } else if (event.kind === 'packets') {
      this.packets = [...this.packets, ...event.packets].slice(-mostListed);
    } else {
      this.counts = event.counts;
      if (event.kind === 'counts') return;
      this.end = event;
      this.phase = 'ended';
    }
  }

  async #ask<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
    try {
      return await answer;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return null;
    }
  }
}

/** What a choice stands for: `link NAME` or `interface NODE NAME`. */
export function placeOf(value: string): CapturePlace | null {
  const [kind, first, second] = value.split(' ');
  if (kind === 'link' && first) return { kind, link: first };
  if (kind === 'interface' && first && second) return { kind, node: first, interface: second };
  return null;
}
