import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createFrameReader } from '../../engine/observe/shell-frames.ts';

test('a frame ends at its nonce, however the stream is cut', async () => {
  const text = 'one\ntwo NONCE 3\nrest NONCE 0\n';
  for (let size = 1; size < text.length; size += 1) {
    const stream = new PassThrough();
    const reader = createFrameReader(stream);
    const first = reader.frame('NONCE');
    for (let at = 0; at < text.length; at += size) stream.write(text.slice(at, at + size));
    expect(await first).toEqual({ body: 'one\ntwo ', trailer: '3' });
    expect(await reader.frame('NONCE')).toEqual({ body: 'rest ', trailer: '0' });
  }
});

test('output that ends with no newline keeps its end', async () => {
  const stream = new PassThrough();
  const reader = createFrameReader(stream);
  stream.write('no newlineNONCE 0\n');
  expect(await reader.frame('NONCE')).toEqual({ body: 'no newline', trailer: '0' });
});

test('a stream that ends before its frame is an error', async () => {
  const stream = new PassThrough();
  const reader = createFrameReader(stream);
  const frame = reader.frame('NONCE');
  stream.end('half');
  await expect(frame).rejects.toThrow('ended');
  await expect(reader.frame('NONCE')).rejects.toThrow('ended');
});
