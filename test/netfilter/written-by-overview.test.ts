import { describe, expect, test } from 'vitest';
import { analyseRulesets, type MatrixHook, serviceMatrix } from '../../engine/netfilter/index.ts';
import { hostOf } from './written-by.ts';

/** What the analysis and the service matrix say of rules that programs write (test/fixtures/netfilter/by-NAME). */
const rulesOf = (name: string) => hostOf(name, [], []).ruleset;

describe('the analysis', () => {
  test.each([
    'by-calico',
    'by-docker',
    'by-docker-20',
    'by-docker-28-ipset',
    'by-fail2ban',
    'by-fail2ban-ipv6',
    'by-fail2ban-recent',
    'by-kube-proxy',
    'by-ufw',
    'by-ufw-ipv6',
  ])('%s: nothing to mend', (name) => {
    const { findings } = analyseRulesets([rulesOf(name)]);
    expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });

  test("firewalld's block of IPv6 redirects is dead: allow-host-ipv6 accepts them before", () => {
    const { findings } = analyseRulesets([rulesOf('by-firewalld-ipv6')]);
    expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      {
        code: 'shadowed',
        chain: 'IN_public_deny',
        rules: [2],
        message: expect.stringContaining('rule 4 of IN_allow-host-ipv6_allow'),
      },
    ]);
  });
});

describe('the service matrix', () => {
  const rows = (name: string, hook: MatrixHook) =>
    serviceMatrix(rulesOf(name), hook).rows.map(
      ({ verdict, in: ins, protocols, ports, from, to }) =>
        `${verdict} ${[...protocols, ports].join(' ').trim()} ${ins.join(', ')}: ${from.join(', ')} > ${to.join(', ')}`,
    );

  test('Docker: published ports, to their containers', () => {
    expect(rows('by-docker-20', 'forward')).toContain('accept tcp 80 others, lo: any > 192.0.2.2');
    expect(serviceMatrix(rulesOf('by-docker-20'), 'forward').otherwise).toBe('drop');
  });

  test('ufw: what is allowed, and for whom; ssh depends on how often', () => {
    const found = rows('by-ufw', 'input');
    expect(found).toContain('accept tcp 53, 80, 443, 8080 any but lo: any but 198.51.100.7 > any');
    expect(found).toContain('accept tcp 5432 any but lo: 192.0.2.0/24 > any');
    expect(found).toContain('depends tcp 22 any but lo: any but 198.51.100.7 > any');
  });

  test('fail2ban: who is banned from what', () => {
    expect(rows('by-fail2ban', 'input')).toContain('reject tcp 80, 443 any: 192.0.2.200, 203.0.113.80 > any');
  });

  test('kube-proxy: a Service without endpoints is rejected, one without an endpoint here is dropped', () => {
    const found = rows('by-kube-proxy', 'forward');
    expect(found).toContain('reject tcp 80 any: any > 10.96.0.77, 203.0.113.77');
    expect(found).toContain('drop tcp 443 any: any > 203.0.113.9');
  });
});
