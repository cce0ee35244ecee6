import { expect, test } from 'vitest';
import { parseIpsets } from '../../../engine/observe/parse/ipset.ts';

test('sets have their type, header and entries in an order of their own', () => {
  const text = `create bl hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x5a3b4c5d
add bl 10.0.0.9
add bl 1.2.3.4 timeout 30
create ports bitmap:port range 0-1024
`;
  expect(parseIpsets(text)).toEqual([
    {
      name: 'bl',
      type: 'hash:ip',
      header: 'family inet hashsize 1024 maxelem 65536 bucketsize 12',
      entries: ['1.2.3.4 timeout 30', '10.0.0.9'],
    },
    { name: 'ports', type: 'bitmap:port', header: 'range 0-1024', entries: [] },
  ]);
});

test('no set, no output, nothing', () => {
  expect(parseIpsets('')).toEqual([]);
});
