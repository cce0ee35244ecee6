import { describe, expect, it } from 'vitest';
import { analyseRulesets } from '../../../engine/netfilter/analyse/index.ts';
import { parseSave } from '../../../engine/netfilter/index.ts';

const input = (policy: string, ...rules: string[]): string =>
  ['*filter', `:INPUT ${policy} [0:0]`, ...rules.map((rule) => `-A INPUT ${rule}`), 'COMMIT', ''].join('\n');
const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
const ssh = '-p tcp -m tcp --dport 22 -j ACCEPT';

function across(four: string, six: string) {
  const rulesets = [parseSave(four, { family: 'ipv4' }), parseSave(six, { family: 'ipv6' })];
  return analyseRulesets(rulesets).findings.filter(
    ({ code }) => code === 'other-family-open' || code === 'no-counterpart',
  );
}

describe('the rules of the two families', () => {
  it('differ where IPv6 was forgotten', () => {
    const [finding] = across(input('DROP', established, ssh), input('ACCEPT'));
    expect(finding).toMatchObject({ code: 'other-family-open', severity: 'error', family: 'ipv6', chain: 'INPUT' });
    expect(finding?.message).toBe(
      'IPv6 accepts tcp 0-21, 23-65535; udp all ports in INPUT by its policy; IPv4 refuses it.',
    );
    expect(finding?.witness?.packet).toContain('src=2001:db8');
  });

  it('differ where a rule has no counterpart, the other way as a note', () => {
    expect(
      across(input('DROP', established, ssh), input('DROP', established, ssh, '-p tcp --dport 8080 -j ACCEPT')),
    ).toMatchObject([{ code: 'no-counterpart', severity: 'warning', family: 'ipv6', rules: [3] }]);
    expect(across(input('DROP', established, ssh), input('DROP', established))).toMatchObject([
      { code: 'no-counterpart', severity: 'note', family: 'ipv4', rules: [2] },
    ]);
  });

  it('are alike where addresses differ, as they must, and where IPv6 needs its link', () => {
    const four = input('DROP', established, '-s 192.0.2.0/24 -p tcp --dport 22 -j ACCEPT');
    const six = input(
      'DROP',
      established,
      '-p ipv6-icmp -j ACCEPT',
      '-d fe80::/64 -p udp --dport 546 -j ACCEPT',
      '-s 2001:db8::/32 -p tcp --dport 22 -j ACCEPT',
    );
    expect(across(four, six)).toEqual([]);
  });

  it('have to be of two families to be compared', () => {
    expect(across(input('ACCEPT'), input('ACCEPT'))).toEqual([]);
  });
});
