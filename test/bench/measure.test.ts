import { expect, test } from 'vitest';
import { against, Bench } from '../../bench/measure.ts';
import { startHost } from '../../bench/started-host.ts';

const fails = async (message: string) => {
  throw new Error(message);
};

test('a row that cannot be measured says why, the others go on, and the bench has failed', async () => {
  const lines: string[] = [];
  const bench = new Bench((line) => lines.push(line));
  await bench.group('a part', async () => {
    await bench.row('first', () => against(100, 40, 7));
    await bench.row('second', () => fails('the page never came'));
    await bench.row('third', () => against(100, 130, 7));
    await fails('the lab could not be stopped');
  });
  expect(lines.map((line) => line.replace(/ +/g, ' '))).toEqual([
    'first 40.0 ms 100.0 ms 0.40x 1.00x 7 ',
    'second FAILED: the page never came',
    'third 130.0 ms 100.0 ms 1.30x 1.00x 7 OVER',
    'a part FAILED: the lab could not be stopped',
  ]);
  expect(bench.failed).toBe(true);
});

test('a row that hangs is left behind', async () => {
  const lines: string[] = [];
  const bench = new Bench((line) => lines.push(line), 0.0001);
  await bench.row('hangs', () => new Promise<never>(() => undefined));
  await bench.row('goes on', () => against(1, 1, 1));
  expect(lines[0]).toContain('FAILED: no end after');
  expect(lines).toHaveLength(2);
});

test('a host that ends before it says where it is fails what waits for it', async () => {
  await expect(startHost(['-e', 'process.exit(3)'])).rejects.toThrow('the host ended with 3');
});

test('a host is gone when it is no longer held', async () => {
  let url: string;
  {
    const script = `require('http').createServer((q, a) => a.end('here')).listen(0, '127.0.0.1', function () {
      console.log(JSON.stringify({ url: 'http://127.0.0.1:' + this.address().port })) })`;
    await using host = await startHost(['-e', script]);
    url = host.url;
    expect(await (await fetch(url)).text()).toBe('here');
  }
  await expect(fetch(url)).rejects.toThrow();
});
