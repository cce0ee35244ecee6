import { describe, expect, it } from 'vitest';
import { analyseRulesets, type Finding } from '../../../engine/netfilter/analyse/index.ts';
import { parseSave } from '../../../engine/netfilter/index.ts';

function analyse(text: string): readonly Finding[] {
  return analyseRulesets([parseSave(text, { family: 'ipv4' })]).findings;
}

/** A filter table with an INPUT of these rules; a rule that names a chain itself stands there. */
function filter(policy: string, ...rules: string[]): readonly Finding[] {
  const named = rules.map((rule) => (rule.startsWith('-A') ? rule : `-A INPUT ${rule}`));
  const own = new Set(named.map((rule) => rule.split(' ')[1] ?? '').filter((name) => /^[a-z]/.test(name)));
  const chains = [...own].map((name) => `:${name} - [0:0]`);
  return analyse(
    [
      '*filter',
      `:INPUT ${policy} [0:0]`,
      ':FORWARD ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ...chains,
      ...named,
      'COMMIT',
      '',
    ].join('\n'),
  );
}
const short = (findings: readonly Finding[]) =>
  findings.map(({ code, chain, rules }) => `${code} ${chain} ${rules.join()}`);
/** Without the note that nearly every ruleset deserves. */
const grave = (findings: readonly Finding[]) => findings.filter(({ code }) => code !== 'invalid-accepted');
const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';

describe('a rule that never takes a packet', () => {
  it('names the one rule before it that takes all, and a packet', () => {
    const [finding] = filter('ACCEPT', '-p tcp -j DROP', '-p tcp --dport 80 -j ACCEPT');
    expect(finding).toMatchObject({
      code: 'shadowed',
      severity: 'error',
      rules: [2],
      causes: [{ chain: 'INPUT', rule: 1, text: '-p tcp -j DROP' }],
      witness: { hook: 'input' },
    });
    expect(finding?.witness?.packet).toContain('dport=80');
  });

  it('is found where several rules take it together, and names no more of them than needed', () => {
    const [finding] = filter(
      'ACCEPT',
      '-s 10.0.0.0/9 -j DROP',
      '-s 172.16.0.0/12 -j DROP',
      '-s 10.128.0.0/9 -j REJECT',
      '-s 10.0.0.0/8 -p tcp -j ACCEPT',
    );
    expect(finding?.causes.map(({ rule }) => rule)).toEqual([1, 3]);
  });

  it('is not one that a limit or a set lets a packet come to', () => {
    expect(filter('ACCEPT', '-p tcp -m limit --limit 1/s -j DROP', '-p tcp --dport 80 -j REJECT')).toEqual([]);
    expect(filter('ACCEPT', '-m set --match-set bad src -j DROP', '-p tcp --dport 80 -j REJECT')).toEqual([]);
  });

  it('is one behind a rule that asks the same set', () => {
    const set = '-m set --match-set bad src';
    expect(short(filter('ACCEPT', `${set} -j DROP`, `${set} -p tcp -j ACCEPT`))).toContain('shadowed INPUT 2');
  });

  it('is found through jumps, with the rule of the other chain', () => {
    const [finding] = filter('ACCEPT', '-j web', '-p tcp --dport 80 -j ACCEPT', '-A web -p tcp --dport 1:1024 -j DROP');
    expect(finding).toMatchObject({
      code: 'shadowed',
      chain: 'INPUT',
      rules: [2],
      causes: [{ chain: 'web', rule: 1 }],
    });
  });

  it('is found where the rules before a jump take all that its chain is for', () => {
    const [finding] = filter(
      'ACCEPT',
      '-p tcp --dport 80 -j DROP',
      '-p tcp -j web',
      '-A web -p tcp --dport 80 -j ACCEPT',
      '-A web -j DROP',
    );
    expect(finding).toMatchObject({
      code: 'shadowed',
      chain: 'web',
      rules: [1],
      causes: [{ chain: 'INPUT', rule: 1 }],
    });
  });

  it('is not one behind a RETURN that lets some come', () => {
    expect(
      filter(
        'ACCEPT',
        '-j web',
        '-p tcp --dport 80 -j REJECT',
        '-A web -s 10.0.0.0/8 -j RETURN',
        '-A web -p tcp -j DROP',
      ),
    ).toEqual([]);
  });

  it('goes by a goto, which does not come back', () => {
    expect(
      short(filter('ACCEPT', '-p tcp -g web', '-p tcp --dport 80 -j REJECT', '-A web -s 10.0.0.0/8 -j DROP')),
    ).toEqual(['shadowed INPUT 2']);
  });

  it('goes by marks that were set before', () => {
    expect(short(filter('ACCEPT', '-j MARK --set-mark 1', '-m mark --mark 1 -j DROP', '-p tcp -j REJECT'))).toEqual([
      'unreachable INPUT 3',
    ]);
  });

  it('goes by the complement of what is negated', () => {
    expect(short(filter('ACCEPT', '! -i eth+ -j DROP', '-i lo -j ACCEPT'))).toContain('shadowed INPUT 2');
    expect(filter('ACCEPT', '! -i eth0 -j DROP', '-i eth+ -p tcp -j REJECT')).toEqual([]);
  });
});

describe('a rule that no packet can get to', () => {
  it('is told together with its neighbours', () => {
    const [finding] = filter(
      'ACCEPT',
      established,
      '-i lo -j DROP',
      '-j REJECT',
      '-p tcp -j ACCEPT',
      '-p udp -j ACCEPT',
    );
    expect(finding).toMatchObject({ code: 'unreachable', rules: [4, 5], causes: [{ rule: 3 }] });
  });

  it('is told once for a chain that is never entered', () => {
    const found = filter(
      'ACCEPT',
      '-p tcp -j DROP',
      '-p tcp --dport 80 -j web',
      '-A web -s 10.0.0.0/8 -j DROP',
      '-A web -j DROP',
    );
    expect(short(found)).toEqual(['shadowed INPUT 2', 'unreachable web 1,2']);
  });
});

describe('a rule that no packet can match', () => {
  it('names the conditions that exclude each other', () => {
    const [finding] = filter('ACCEPT', '-s 10.0.0.0/8 -p tcp -m iprange --src-range 192.168.0.1-192.168.0.9 -j DROP');
    expect(finding).toMatchObject({ code: 'never-matches', severity: 'error' });
    expect(finding?.message).toContain(
      '-s 10.0.0.0/8 and -m iprange --src-range 192.168.0.1-192.168.0.9 exclude each other',
    );
  });

  it.each([
    ['-p tcp --tcp-flags SYN ACK -j DROP', 'flags that are not looked at'],
    ['! -s 0.0.0.0/0 -j DROP', 'no address'],
    ['-m mark --mark 0x10/0x1 -j DROP', 'a mark outside of its mask'],
    ['-m conntrack ! --ctstate NEW,ESTABLISHED,RELATED,INVALID,UNTRACKED -j DROP', 'no state'],
  ])('%s: %s', (rule) => {
    expect(short(filter('ACCEPT', rule))).toEqual(['never-matches INPUT 1']);
  });

  it('asks for an interface that the hook does not have', () => {
    expect(short(filter('ACCEPT', '-A OUTPUT -j web', '-A web -i eth0 -j DROP'))).toContain('never-matches web 1');
  });

  it('asks in nat for what is no first packet', () => {
    const found = analyse(
      '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m conntrack --ctstate ESTABLISHED -p tcp -j REDIRECT --to-ports 1\nCOMMIT\n',
    );
    expect(short(found)).toEqual(['never-matches PREROUTING 1']);
  });
});

describe('a rule that changes nothing', () => {
  it('names the rules after it that do the same', () => {
    const [finding] = filter(
      'DROP',
      established,
      '-s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT',
      '-p tcp --dport 22 -j ACCEPT',
    );
    expect(finding).toMatchObject({ code: 'redundant', severity: 'warning', rules: [2], causes: [{ rule: 3 }] });
  });

  it('is not one that keeps packets from a rule between', () => {
    expect(short(grave(filter('DROP', established, '-s 10.0.0.0/8 -j ACCEPT', '-p udp -j DROP', '-j ACCEPT')))).toEqual(
      [],
    );
  });

  it('is not one that keeps packets from being logged', () => {
    expect(filter('DROP', established, '-p udp --dport 137 -j DROP', '-j LOG')).toEqual([]);
  });

  it('is told apart where the policy does the same', () => {
    const found = filter('DROP', established, '-p tcp --dport 22 -j ACCEPT', '-j DROP');
    expect(grave(found)).toMatchObject([
      { code: 'same-as-policy', severity: 'note', rules: [3], causes: [{ rule: 0, text: 'DROP' }] },
    ]);
  });

  it('minds where a chain is called a second time', () => {
    const found = filter('DROP', established, '-j web', '-j web', '-A web -p tcp --dport 22 -j ACCEPT');
    expect(short(found)).toContain('redundant INPUT 3');
    expect(short(found)).not.toContain('redundant web 1');
  });
});

describe('contradictions', () => {
  it('are rules of opposite verdicts whose order decides', () => {
    const found = filter(
      'ACCEPT',
      '-s 10.0.0.0/8 -p tcp -j DROP',
      '-s 10.1.0.0/16 -m conntrack --ctstate NEW -j REJECT',
      '-s 10.2.0.0/16 -j ACCEPT',
      '-j DROP',
    );
    expect(short(found)).toContain('contradictory INPUT 3');
  });

  it('are not exceptions, nor rules about different things', () => {
    const found = filter(
      'DROP',
      established,
      '-s 10.6.6.6 -j DROP',
      '-p tcp --dport 22 -j ACCEPT',
      '-s 10.0.0.0/8 -j ACCEPT',
    );
    expect(short(found)).not.toContainEqual(expect.stringContaining('contradictory'));
  });
});

describe('what a ruleset forgets', () => {
  it('is the answers to its own connections', () => {
    const [finding] = filter('DROP', '-i lo -j ACCEPT', '-p tcp --dport 22 -j ACCEPT');
    expect(finding).toMatchObject({ code: 'replies-dropped', chain: 'INPUT', causes: [{ rule: 0 }] });
    expect(finding?.witness?.packet).toContain('state=established');
  });

  it('is not the answers where rules let them through without asking for states', () => {
    const forward = (...rules: string[]) =>
      analyse(
        ['*filter', ':FORWARD DROP [0:0]', ...rules.map((rule) => `-A FORWARD ${rule}`), 'COMMIT', ''].join('\n'),
      );
    const there = '-s 10.0.0.0/8 -d 192.0.2.1 -p tcp --dport 80 -j ACCEPT';
    expect(short(forward(there))).toEqual(['replies-dropped FORWARD ']);
    expect(forward(there, '-s 192.0.2.1 -d 10.0.0.0/8 -p tcp --sport 80 -j ACCEPT')).toEqual([]);
    expect(grave(forward(there, established))).toEqual([]);
  });

  it('is packets that belong to no connection', () => {
    const [finding] = filter('DROP', established, '-p tcp --dport 22 -j ACCEPT');
    expect(finding).toMatchObject({ code: 'invalid-accepted', severity: 'note', causes: [{ rule: 2 }] });
    expect(
      filter('DROP', '-m conntrack --ctstate INVALID -j DROP', established, '-p tcp --dport 22 -j ACCEPT'),
    ).toEqual([]);
  });

  it.each(['RELATED,ESTABLISHED,INVALID', 'INVALID', 'INVALID,NEW'])(
    'is what a rule means that accepts %s',
    (states) => {
      const found = filter('DROP', `-m conntrack --ctstate ${states} -j ACCEPT`);
      expect(found).toContainEqual(expect.objectContaining({ code: 'invalid-accepted', severity: 'warning' }));
    },
  );

  it('is chains that nobody calls, and empty ones that somebody does', () => {
    const found = filter('ACCEPT', '-A web -j DROP');
    expect(found).toMatchObject([{ code: 'unused-chain', chain: 'web', severity: 'warning' }]);
  });

  it('is jumps into nowhere and in circles', () => {
    const found = filter('ACCEPT', '-j web', '-A web -j api', '-A api -j web');
    expect(found.filter(({ code }) => code === 'broken-jump')).toHaveLength(1);
    expect(filter('ACCEPT', '-j nowhere').map(({ code }) => code)).toEqual(['broken-jump']);
  });
});

describe('a hostile ruleset', () => {
  it('of chains that call the next one twice each ends soon', () => {
    const depth = 60;
    const rules = Array.from({ length: depth }, (_, index) => [
      `-A c${index} -m limit --limit 1/s -j c${index + 1}`,
      `-A c${index} -m limit --limit 2/s -j c${index + 1}`,
    ]).flat();
    const found = filter('ACCEPT', '-j c0', ...rules, `-A c${depth} -j DROP`);
    expect(found.map(({ code }) => code)).toContain('not-analysed');
  });

  it('of ten thousand nested chains is refused, not crashed on', () => {
    const rules = Array.from({ length: 10_000 }, (_, index) => `-A c${index} -j c${index + 1}`);
    expect(filter('ACCEPT', '-j c0', ...rules, '-A c10000 -j DROP').map(({ code }) => code)).toEqual(['not-analysed']);
  });
});
