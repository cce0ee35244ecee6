import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseRule, parseSave, rulesetToNft, ruleToNft } from '../../../engine/netfilter/index.ts';

const nft = (text: string, family: 'ipv4' | 'ipv6' = 'ipv4') => ruleToNft(parseRule(text, family), family);

test.each([
  ['-p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT', 'icmpv6 type nd-neighbor-solicit counter accept'],
  ['-p tcp -s 2001:db8::/32 --dport 22 -j DROP', 'ip6 saddr 2001:db8::/32 tcp dport 22 counter drop'],
  ['-p udp -j DNAT --to-destination [2001:db8::2]:53', 'meta l4proto udp counter dnat to [2001:db8::2]:53'],
  ['-j REJECT --reject-with icmp6-adm-prohibited', 'counter reject with icmpv6 type admin-prohibited'],
  ['-m hl --hl-gt 4 -j ACCEPT', 'ip6 hoplimit 5-255 counter accept'],
])('IPv6: %s', (rule, expected) => {
  expect(nft(rule, 'ipv6')).toEqual({ nft: expected });
});

test('what nft has no word for is named, all of it', () => {
  expect(nft('-m recent --name x --set -m string --string a --algo bm -j NETMAP --to 10.0.0.0/24')).toEqual({
    missing: ['-m recent', '-m string', '-j NETMAP'],
  });
  expect(nft('-p icmp ! --icmp-type 3/4 -j ACCEPT')).toEqual({ missing: ['icmp type'] });
});

test('a rule that takes every packet asks for nothing', () => {
  expect(nft('-s 0.0.0.0/0 -i + -j DROP')).toEqual({ nft: 'counter drop' });
  expect(nft(String.raw`-m comment --comment "say \"hi\""`)).toEqual({ nft: `counter comment "say 'hi'"` });
});

const dump =
  '*nat\n:OUTPUT ACCEPT [0:0]\n:WEB - [0:0]\n-A OUTPUT -j WEB\n-A WEB -p tcp --dport 80 -j REDIRECT --to-ports 8080\nCOMMIT\n';

test('of a ruleset every chain is made before the rules', () => {
  expect(rulesetToNft(parseSave(dump)).map(({ text }) => text)).toEqual([
    'add table ip nat',
    'add chain ip nat OUTPUT { type nat hook output priority -100; policy accept; }',
    'add chain ip nat WEB',
    'add rule ip nat OUTPUT counter jump WEB',
    'add rule ip nat WEB tcp dport 80 counter redirect to :8080',
  ]);
});

test('rules translate: stdin, one rule, and exit codes', () => {
  const program = join(import.meta.dirname, '../../../cli/main.ts');
  const run = (words: readonly string[], input = '') => {
    const { status, stdout } = spawnSync(process.execPath, [program, 'rules', 'translate', ...words], {
      input,
      encoding: 'utf8',
    });
    return { status, stdout };
  };
  expect(run(['-'], dump)).toMatchObject({ status: 0, stdout: expect.stringContaining('add chain ip nat WEB\n') });
  expect(run(['-'], dump.replace('--dport 80', '-m cpu --cpu 0')).status).toBe(1);
  expect(run(['--rule', '-p tcp --dport 22 -j ACCEPT'])).toEqual({
    status: 0,
    stdout: 'tcp dport 22 counter accept\n',
  });
  expect(run(['--rule', '-p tcp --dport'])).toMatchObject({ status: 2 });
  expect(run([])).toMatchObject({ status: 2 });
});
