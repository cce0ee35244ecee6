import { expect, test } from 'vitest';
import { placeOfLink } from '../../electron/main/lab-link.ts';

test('a link names a pack and a lab and opens the page that offers to start it', () => {
  expect(placeOfLink('hookpoint://open/netfilter/redirect')).toBe('#/start/netfilter/redirect');
  expect(placeOfLink('hookpoint://open/netfilter/custom-chain/')).toBe('#/start/netfilter/custom-chain');
});

test.each([
  'hookpoint://open/netfilter',
  'hookpoint://open/netfilter/redirect/extra',
  'hookpoint://open/../etc/passwd',
  'hookpoint://open/%2e%2e/redirect',
  'hookpoint://open/netfilter/redirect?start=1',
  'hookpoint://open/netfilter/redirect#/doctor',
  'hookpoint://open/netfilter/<script>',
  'hookpoint://open/Netfilter/redirect',
  'hookpoint://run/netfilter/redirect',
  'hookpoint://user@open/netfilter/redirect',
  'https://open/netfilter/redirect',
  'hookpoint:open/netfilter/redirect',
  `hookpoint://open/netfilter/${'a'.repeat(300)}`,
  '--attach',
  '',
])('%j is no link to a lab', (text) => {
  expect(placeOfLink(text)).toBeNull();
});
