import type { Readable } from 'node:stream';

export interface Frame {
  /** Everything since the last frame, up to the marker. */
  readonly body: string;
  /** The rest of the marker's line. */
  readonly trailer: string;
}

/** Cuts one stream into frames. A frame ends with `NONCE TRAILER\n`, where the nonce is one that the writer could not know before. */
export interface FrameReader {
  frame(nonce: string): Promise<Frame>;
  /** Up to a plain text, which is not part of the body. */
  until(text: string): Promise<Frame>;
  /** Nothing can come any more. */
  ended(): boolean;
  /** Stops listening; a waiting frame is rejected. */
  stop(): void;
}

interface Wanted {
  readonly marker: Buffer;
  readonly trailer: boolean;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

/** Reads frames from a stream as they come. Searches each byte once, so that a dump of megabytes costs no more than its copy. */
export function createFrameReader(stream: Readable): FrameReader {
  let chunks: Buffer[] = [];
  let wanted: Wanted | null = null;
  let ended: Error | null = null;

  const deliver = () => {
    if (wanted === null) return;
    const last = chunks.at(-1);
    if (last === undefined || (wanted.trailer && !last.includes(0x0a))) return;
    const tail = tailOf(chunks, wanted.marker.length + last.length + 16);
    if (tail.indexOf(wanted.marker) < 0) return;
    const all = Buffer.concat(chunks);
    const at = all.indexOf(wanted.marker);
    const from = at + wanted.marker.length;
    const newline = wanted.trailer ? all.indexOf(0x0a, from) : from;
    if (newline < 0) return;
    const frame = { body: all.toString('utf8', 0, at), trailer: all.toString('utf8', from, newline) };
    const rest = all.subarray(wanted.trailer ? newline + 1 : newline);
    chunks = rest.length > 0 ? [rest] : [];
    const { resolve } = wanted;
    wanted = null;
    resolve(frame);
  };
  const end = (error: Error) => {
    ended ??= error;
    wanted?.reject(ended);
    wanted = null;
  };
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    deliver();
  };
  const onEnd = () => end(new Error('the stream ended'));
  const onError = (error: Error) => end(error);
  stream.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError);

  const want = (marker: string, trailer: boolean) =>
    new Promise<Frame>((resolve, reject) => {
      if (ended !== null) return reject(ended);
      wanted = { marker: Buffer.from(marker), trailer, resolve, reject };
      deliver();
    });
  return {
    frame: (nonce) => want(`${nonce} `, true),
    until: (text) => want(text, false),
    ended: () => ended !== null,
    stop() {
      stream.off('data', onData).off('end', onEnd).off('close', onEnd);
      stream.resume();
      end(new Error('the shell was given up'));
    },
  };
}

/** At least the last `bytes` bytes, or everything where there is less. */
function tailOf(chunks: readonly Buffer[], bytes: number): Buffer {
  let length = 0;
  let first = chunks.length;
  while (first > 0 && length < bytes) {
    first -= 1;
    length += chunks[first]?.length ?? 0;
  }
  return Buffer.concat(chunks.slice(first));
}
