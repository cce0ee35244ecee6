import { expect, test } from 'vitest';
import { cutFrames } from '../../engine/observe/framed-program.ts';

const frame = (letter: string, text: string) => {
  const head = Buffer.alloc(5);
  head.write(letter, 'latin1');
  head.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([head, Buffer.from(text)]);
};

test('frames are cut wherever the stream was cut', () => {
  const all = Buffer.concat([frame('l', 'one'), frame('p', ''), frame('e', 'the last')]);
  for (let at = 0; at <= all.length; at++) {
    const first = cutFrames(all.subarray(0, at));
    const rest = cutFrames(Buffer.concat([all.subarray(first.used, at), all.subarray(at)]));
    const said = [...first.frames, ...rest.frames].map(({ letter, body }) => `${letter} ${body}`);
    expect(said).toEqual(['l one', 'p ', 'e the last']);
  }
});
