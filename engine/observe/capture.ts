import { z } from 'zod';
import { HookpointError } from '../contract/error.ts';
import type { Container } from '../runtime/container.ts';
import { type FramedProgram, startFramedProgram } from './framed-program.ts';
import { type PacketLine, parsePacketLine, withFurtherLine } from './packet-line.ts';

export interface CaptureRequest {
  /** Where: namespace's path and interface; the first that is there and up. */
  readonly places: readonly (readonly [namespace: string, interface_: string])[];
  /** For a bridge, which else gets what is for itself alone. */
  readonly promiscuous: boolean;
  /** pcap-filter(7); empty for everything. */
  readonly filter: string;
  /** So many bytes of each packet are kept. */
  readonly snaplen: number;
  /** Where it ends by itself: packets, seconds, bytes of pcap; null for never. */
  readonly count: number | null;
  readonly seconds: number | null;
  readonly bytes: number | null;
  /** Lines: so many a second at most (more after a rest), 0 for one of every packet, null for none. */
  readonly lines: number | null;
  /** keep: in the container, for `read` and `detail`. relay: as it comes. */
  readonly pcap: 'keep' | 'relay' | null;
}

const countsSchema = z.object({
  captured: z.number(),
  /** How many have a line. */
  summarised: z.number(),
  /** By the filter in the kernel, as tcpdump says it: those that were dropped too. */
  received: z.number(),
  /** By the kernel, because nobody took them in time. */
  dropped: z.number(),
  /** Of pcap. */
  bytes: z.number(),
});
export type CaptureCounts = z.infer<typeof countsSchema>;

const endSchema = countsSchema.extend({
  /** interface: it went away, or down. disk: it is full. */
  reason: z.enum(['stopped', 'count', 'seconds', 'bytes', 'disk', 'interface']),
  message: z.string(),
});
export type CaptureEnd = z.infer<typeof endSchema>;

const failureSchema = z.object({ kind: z.enum(['filter', 'interface', 'busy']), message: z.string() });
const linesSchema = z.array(z.union([z.tuple([z.number(), z.boolean(), z.string()]), z.tuple([z.string()])]));
const detailSchema = z.object({ number: z.number(), text: z.string() });

export interface CapturedPacket extends PacketLine {
  /** From 1, in the order of the pcap; where some have no line, numbers are left out. */
  readonly number: number;
  /** The grader probed at that moment: it may be one of its packets. */
  readonly probe: boolean;
}

export type CaptureEvent =
  | { readonly kind: 'packets'; readonly packets: readonly CapturedPacket[] }
  | { readonly kind: 'counts'; readonly counts: CaptureCounts }
  | { readonly kind: 'pcap'; readonly bytes: Buffer }
  | { readonly kind: 'ended'; readonly end: CaptureEnd };

/** Why a program in the container broke off, where its container says more than its end. */
type Explain = (error: unknown) => Promise<unknown>;

/** A capture that has begun. It ends when it is disposed of, with the packets that it kept. */
export class Capture implements AsyncDisposable {
  /** To be read by one, all the time: answers to `detail` and `read` come the same way. */
  readonly events: AsyncGenerator<CaptureEvent, void>;
  readonly #program: FramedProgram;
  readonly #explain: Explain;
  readonly #details: ((text: string) => void)[] = [];
  readonly #reads: ((bytes: Buffer) => void)[] = [];
  #over = false;

  constructor(program: FramedProgram, explain: Explain) {
    this.#program = program;
    this.#explain = explain;
    this.events = this.#read();
  }

  /** No more packets; `ended` follows. What was kept can still be asked for. */
  stop(): void {
    this.#program.tell({ stop: true });
  }

  /** All that tcpdump says of a packet, with its bytes in hexadecimal; empty where it is not kept. */
  detail(number: number): Promise<string> {
    return this.#ask({ detail: number }, this.#details, '');
  }

  /** Some of the pcap from there on; nothing behind its end. */
  read(offset: number): Promise<Buffer> {
    return this.#ask({ read: offset }, this.#reads, Buffer.alloc(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#giveUp();
    await this.#program[Symbol.asyncDispose]();
  }

  #ask<Answer>(command: object, waiting: ((answer: Answer) => void)[], none: Answer): Promise<Answer> {
    if (this.#over) return Promise.resolve(none);
    return new Promise((resolve) => {
      waiting.push(resolve);
      this.#program.tell(command);
    });
  }

  async *#read(): AsyncGenerator<CaptureEvent, void> {
    try {
      for await (const { letter, body } of this.#program.frames) {
        if (letter === 'l') yield { kind: 'packets', packets: packetsOf(linesSchema.parse(JSON.parse(String(body)))) };
        else if (letter === 'c') yield { kind: 'counts', counts: countsSchema.parse(JSON.parse(String(body))) };
        else if (letter === 'p') yield { kind: 'pcap', bytes: body };
        else if (letter === 'e') yield { kind: 'ended', end: endSchema.parse(JSON.parse(String(body))) };
        else if (letter === 'd') this.#details.shift()?.(detailSchema.parse(JSON.parse(String(body))).text);
        // Copied: what it is cut from is larger.
        else if (letter === 'g') this.#reads.shift()?.(Buffer.from(body));
      }
    } catch (error) {
      throw await this.#explain(error);
    } finally {
      this.#giveUp();
    }
  }

  #giveUp(): void {
    this.#over = true;
    for (const resolve of this.#details.splice(0)) resolve('');
    for (const resolve of this.#reads.splice(0)) resolve(Buffer.alloc(0));
  }
}

/**
 * Captures the packets of one interface with the outer container's tcpdump. BAD_INPUT: the filter, in tcpdump's words. NODE_FAILED: the
 * interface is not there or down. SESSION_BUSY: too many are open.
 */
export async function openCapture(
  container: Container,
  request: CaptureRequest,
  explain: Explain = async (error) => error,
): Promise<Capture> {
  const program = await startFramedProgram(container, 'capture', request);
  try {
    const { value: first } = await program.frames.next();
    if (first?.letter === 'r') return new Capture(program, explain);
    if (first?.letter !== 'f') throw new Error('capture.py said nothing');
    throw notBegun(failureSchema.parse(JSON.parse(String(first.body))));
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw await explain(error);
  }
}

function notBegun({ kind, message }: z.infer<typeof failureSchema>): HookpointError {
  if (kind === 'filter') {
    return new HookpointError('BAD_INPUT', `tcpdump does not understand the filter: ${message}.`, {
      remedy: 'pcap-filter(7) has the words: `tcp port 80`, `host 10.0.0.2 and icmp`, `not arp`.',
    });
  }
  if (kind === 'busy') {
    return new HookpointError('SESSION_BUSY', `${message}, which is the most there can be.`, {
      remedy: 'Close one first: end its command, or clear it in its window.',
    });
  }
  return new HookpointError('NODE_FAILED', `Nothing can be captured there: ${message}.`, {
    remedy: 'See with `ip link` in the node whether the interface is there and up.',
  });
}

function packetsOf(lines: z.infer<typeof linesSchema>): readonly CapturedPacket[] {
  const packets: CapturedPacket[] = [];
  for (const line of lines) {
    if (line.length === 3) {
      const [number, probe, text] = line;
      const parsed = parsePacketLine(text);
      if (parsed) packets.push({ number, probe, ...parsed });
      continue;
    }
    const last = packets.pop();
    if (last) packets.push({ ...last, ...withFurtherLine(last, line[0]) });
  }
  return packets;
}
