import type { TerminalSize } from '../contract/procedures/terminals.ts';

/** What `terminal.py` of the image reads: a letter, the length as four bytes (big-endian), the bytes. */
export function frame(kind: 'k' | 's' | 'a', body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind, 'latin1');
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

export function sizeFrame({ columns, rows }: TerminalSize): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt16BE(columns, 0);
  body.writeUInt16BE(rows, 2);
  return frame('s', body);
}

/** So many bytes of output were read. */
export function readFrame(bytes: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32BE(bytes);
  return frame('a', body);
}
