import { expect, test } from 'vitest';
import { OrderedInput } from '../../app/terminal/ordered-input.ts';

/** An input whose messages are answered one by one. */
function inputWithLine() {
  const sent: string[] = [];
  let answer: { readonly resolve: () => void; readonly reject: (reason: Error) => void } | null = null;
  const input = new OrderedInput((data) => {
    sent.push(data);
    return new Promise<void>((resolve, reject) => {
      answer = { resolve, reject };
    });
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    input,
    sent,
    async taken() {
      answer?.resolve();
      await settled();
    },
    async cut() {
      answer?.reject(new Error('cut'));
      await settled();
    },
  };
}

test('keys for a shell that is on its way reach it in order, once it is there', async () => {
  const { input, sent, taken } = inputWithLine();
  input.hold();
  for (const key of 'uname\r') input.type(key);
  expect(sent).toEqual([]);
  input.open();
  input.type('l');
  input.type('s');
  await taken();
  expect(sent).toEqual(['uname\r', 'ls']);
});

test('more than a person types is not kept: what came first is whole, the paste that does not fit is left out', async () => {
  const { input, sent } = inputWithLine();
  input.hold();
  input.type('first');
  input.type('x'.repeat(16_000));
  input.type(' and last');
  input.open();
  expect(sent).toEqual(['first and last']);
});

test('a shell that does not come takes its keys with it', () => {
  const { input, sent } = inputWithLine();
  input.type('nobody is there');
  input.hold();
  input.type('rm -r /tmp/*\r');
  input.close();
  input.type('nor here');
  input.hold();
  input.open();
  expect(sent).toEqual([]);
});

test('after the line was cut under a key, nothing of it comes out later', async () => {
  const { input, sent, cut } = inputWithLine();
  input.hold();
  input.open();
  input.type('a');
  input.type('b');
  await cut();
  input.type('c');
  expect(sent).toEqual(['a']);
});
