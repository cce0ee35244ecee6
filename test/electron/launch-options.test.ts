import { expect, test } from 'vitest';
import { readLaunchOptions } from '../../electron/main/launch-options.ts';

test('the address after --attach and the first link are found among the switches of Chromium', () => {
  const words = [
    'electron',
    '--no-sandbox',
    '.',
    '--attach',
    'http://127.0.0.1:1/',
    'hookpoint://open/netfilter/redirect',
  ];
  expect(readLaunchOptions(words)).toEqual({ attach: 'http://127.0.0.1:1/', place: '#/start/netfilter/redirect' });
  expect(readLaunchOptions(['hookpoint', '--attach=ws://[::1]:2/?a=b'])).toEqual({
    attach: 'ws://[::1]:2/?a=b',
    place: null,
  });
});

test('without them there is nothing to do', () => {
  expect(readLaunchOptions(['hookpoint', '--type=renderer', 'file.txt'])).toEqual({ attach: null, place: null });
});
