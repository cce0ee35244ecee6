import { expect, test } from 'vitest';
import { engineAddress } from '../../electron/main/attach-address.ts';

const token = 'hookpoint-token=abcDEF_123-456';

test.each([
  [`http://127.0.0.1:4670/?${token}`, `ws://127.0.0.1:4670/rpc?${token}`],
  [`ws://localhost:4670/?${token}`, `ws://localhost:4670/rpc?${token}`],
  [`ws://[::1]:4670/rpc?${token}`, `ws://[::1]:4670/rpc?${token}`],
  [`https://labs.example.edu/?${token}`, `wss://labs.example.edu/rpc?${token}`],
])('%s is reached at %s', (text, address) => {
  expect(engineAddress(text)).toBe(address);
});

test.each([
  ['127.0.0.1:4670', /begins with|is no address/],
  ['not an address', /is no address/],
  [`file:///etc/passwd?${token}`, /begins with file/],
  ['http://127.0.0.1:4670/', /carries no token/],
  ['http://127.0.0.1:4670/?hookpoint-token=a%22b', /carries no token/],
  [`http://labs.example.edu:4670/?${token}`, /ssh -L 4670:127\.0\.0\.1:4670 labs\.example\.edu/],
  [`ws://127.0.0.1.example.edu/?${token}`, /another machine/],
])('%s is refused with a reason', (text, reason) => {
  expect(() => engineAddress(text)).toThrow(reason);
});
