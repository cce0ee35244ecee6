import { describe, expect, test } from 'vitest';
import { kubeProxyRules, kubeServices } from '../../../bench/kube-proxy-rules.ts';
import { explainWalk } from '../../../engine/netfilter/index.ts';
import { walk } from './walking.ts';

const filter = (...rules: string[]) =>
  `*filter\n:INPUT ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n${rules.join('\n')}\nCOMMIT\n`;
const shares = (rules: string, packet = 'in=lo proto=tcp state=new') =>
  Object.fromEntries(
    walk(rules, packet, 'input').outcomes.map(({ verdict, packet: left, probability }) => [
      left.mark === undefined ? verdict : `${verdict} ${left.mark}`,
      probability,
    ]),
  );

describe('a Service of kube-proxy', () => {
  const rules = kubeProxyRules(kubeServices(20));
  const to = (number: number, more = '') =>
    walk(
      rules,
      `in=eth0 out=veth0 src=10.244.9.9 dst=10.96.0.${number} proto=tcp dport=80 state=new${more}`,
      'prerouting',
    );

  test('sends to each of three endpoints a third of all connections', () => {
    const found = to(0);
    expect(found.outcomes.map(({ rewrites, probability }) => [rewrites, probability])).toEqual([
      [{ dst: '10.244.0.0', dport: 8080 }, 1 / 3],
      [{ dst: '10.244.0.0', dport: 8081 }, 1 / 3],
      [{ dst: '10.244.0.0', dport: 8082 }, 1 / 3],
    ]);
    expect(found.verdict).toBe('accept');
    expect(found.unknown).toHaveLength(2);
    expect(found.outcomes[0]?.condition).toContain('--probability 0.33333333349');
    expect(explainWalk(found)).toContain('1/3');
  });

  test('with two endpoints a half each, with one always that one and nothing unknown', () => {
    expect(to(3).outcomes.map(({ probability }) => probability)).toEqual([0.5, 0.5]);
    expect(to(1)).toMatchObject({ verdict: 'accept', rewrites: { dst: '10.244.0.1', dport: 8080 }, unknown: [] });
    expect(to(1).outcomes).toMatchObject([{ probability: 1, condition: '' }]);
  });
});

describe('probabilities', () => {
  test('of --mode nth as kube-proxy once wrote it are exact too', () => {
    const rules = filter(
      '-A INPUT -m statistic --mode nth --every 3 --packet 0 -j MARK --set-xmark 1',
      '-A INPUT -m mark --mark 1 -j ACCEPT',
      '-A INPUT -m statistic --mode nth --every 2 --packet 0 -j DROP',
      '-A INPUT -j REJECT',
    );
    expect(shares(rules)).toEqual({ 'accept 1': 1 / 3, drop: 1 / 3, reject: 1 / 3 });
  });

  test('of a negated draw are those of the others', () => {
    expect(shares(filter('-A INPUT -m statistic --mode random ! --probability 0.25 -j DROP'))).toEqual({
      drop: 0.75,
      accept: 0.25,
    });
  });

  test('of two draws in one rule multiply; ends that are alike are added', () => {
    const rules = filter(
      '-A INPUT -m statistic --mode random --probability 0.5 -m statistic --mode random --probability 0.5 -j DROP',
      '-A INPUT -m statistic --mode random --probability 0.5 -j DROP',
    );
    expect(shares(rules)).toEqual({ drop: 0.625, accept: 0.375 });
  });

  test('are not known where something else decides as well', () => {
    const rules = filter(
      '-A INPUT -m limit --limit 1/min -j ACCEPT',
      '-A INPUT -m statistic --mode random --probability 0.5 -j DROP',
    );
    expect(shares(rules)).toEqual({ accept: null, drop: null });
  });

  test('are those of the draw where a limit made no difference', () => {
    const rules = filter(
      '-A INPUT -m limit --limit 1/min -j A',
      '-A INPUT -m statistic --mode random --probability 0.5 -j DROP',
      '-A A -p udp -j DROP',
    );
    expect(shares(rules)).toEqual({ accept: 0.5, drop: 0.5 });
  });

  test('are not known where two ways feed one counter, which hits every other packet of both together', () => {
    const rules = filter(
      '-A INPUT -m statistic --mode nth --every 2 --packet 0 -j MARK --set-xmark 1',
      '-A INPUT -m statistic --mode nth --every 2 --packet 0 -j DROP',
    );
    expect(shares(rules)).toEqual({ drop: null, 'drop 1': null, accept: null, 'accept 1': null });
  });

  test('a condition that both ways out of share is left out', () => {
    const found = walk(
      filter(
        '-A INPUT -m limit --limit 1/min -j A',
        '-A INPUT -m limit --limit 2/min -j DROP',
        '-A A -m limit --limit 2/min -j DROP',
      ),
      'in=lo proto=tcp',
      'input',
    );
    expect(found.outcomes.map(({ verdict }) => verdict)).toEqual(['drop', 'accept']);
  });
});

test('marks that differ do not make the verdict or the rewrites unknown', () => {
  const found = walk(filter('-A INPUT -m limit --limit 1/min -j MARK --set-xmark 1'), 'in=lo proto=tcp', 'input');
  expect(found).toMatchObject({ verdict: 'accept', unknown: [] });
  expect(found.outcomes).toHaveLength(2);
});

test('rejections that are answered otherwise are outcomes of their own', () => {
  const rules = filter(
    '-A INPUT -m statistic --mode random --probability 0.5 -j REJECT --reject-with icmp-host-prohibited\n-A INPUT -j REJECT',
  );
  const found = walk(rules, 'in=eth0 proto=udp dport=53 state=new', 'input');
  expect(found.verdict).toBe('reject');
  expect(found.outcomes.map(({ answer, probability }) => [answer, probability])).toEqual([
    ['icmp-host-prohibited', 0.5],
    ['icmp-port-unreachable', 0.5],
  ]);
});

test('packets that leave with another segment size are outcomes of their own', () => {
  const rules = `*mangle\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -p tcp --tcp-flags SYN,RST SYN -m statistic --mode random --probability 0.5 -j TCPMSS --set-mss 1300\nCOMMIT\n`;
  const found = walk(rules, 'out=eth0 proto=tcp sport=40000 dport=80 flags=syn mss=1460 state=new', 'postrouting');
  expect(found.outcomes.map(({ packet }) => packet.mss).sort()).toEqual([1300, 1460]);
});
