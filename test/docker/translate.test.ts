import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  findBehaviourDifference,
  parseRule,
  parseSave,
  printSave,
  readNftDump,
  rulesetToNft,
  ruleToNftCommand,
  splitNftDump,
} from '../../engine/netfilter/index.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';
import { translatedRulesets } from '../support/translated-rulesets.ts';

/** One of each condition and target that has a counterpart in nft. */
const rules = `
-A INPUT -p tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22:80 -j ACCEPT
-A INPUT -p tcp -m tcp ! --sport 22 -j ACCEPT
-A INPUT -p udp --dport 53 -s 10.0.0.0/8 -d 192.168.1.1 -i eth0 -j DROP
-A FORWARD -i eth+ ! -o wan -j DROP
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443,8000:8010 -j ACCEPT
-A INPUT -p tcp -m multiport ! --ports 80,443 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack ! --ctstate INVALID -j ACCEPT
-A INPUT -m conntrack --ctstate NEW,DNAT -j ACCEPT
-A INPUT -m state --state NEW -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p icmp --icmp-type echo-request -j ACCEPT
-A INPUT -p icmp --icmp-type 3/4 -j ACCEPT
-A INPUT -p tcp --syn -j DROP
-A INPUT -p tcp --tcp-flags ALL NONE -j DROP
-A INPUT -p tcp --tcp-flags SYN,RST SYN -j DROP
-A INPUT -p tcp ! --syn -m state --state NEW -j DROP
-A INPUT -j LOG --log-prefix "PING: "
-A INPUT -j LOG --log-prefix "a b" --log-level info --log-tcp-options --log-ip-options --log-uid
-A INPUT -m limit --limit 5/min --limit-burst 10 -j LOG
-A INPUT -m limit --limit 3/second -j ACCEPT
-A INPUT -j REJECT
-A INPUT -p tcp -j REJECT --reject-with tcp-reset
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A INPUT -m mark --mark 0x1 -j ACCEPT
-A INPUT -m mark ! --mark 0x1/0xff -j ACCEPT
-A INPUT -m connmark --mark 0x2/0xf -j ACCEPT
-A INPUT -m comment --comment "hello world" -j ACCEPT
-A INPUT -m addrtype --dst-type LOCAL -j ACCEPT
-A INPUT -m addrtype ! --src-type LOCAL,BROADCAST -j ACCEPT
-A INPUT -m statistic --mode random --probability 0.5 -j ACCEPT
-A INPUT -m statistic --mode nth --every 3 --packet 0 -j ACCEPT
-A INPUT -m iprange --src-range 10.0.0.1-10.0.0.9 -j ACCEPT
-A INPUT -m mac --mac-source 02:00:00:00:00:01 -j ACCEPT
-A INPUT -m length --length 100:200 -j ACCEPT
-A INPUT -m ttl --ttl-lt 5 -j ACCEPT
-A INPUT -m ttl --ttl-eq 5 -j ACCEPT
-A INPUT -m dscp --dscp 0x0a -j ACCEPT
-A INPUT -m pkttype --pkt-type broadcast -j DROP
-A INPUT -m tcpmss --mss 1:500 -p tcp -j DROP
-A INPUT -j MYCHAIN
-A INPUT -g MYCHAIN
-A INPUT -j RETURN
-A INPUT
-A INPUT -p tcp
-A INPUT -p 47 -j ACCEPT
-A INPUT ! -p tcp -j ACCEPT
-A INPUT ! -s 10.0.0.1 -j ACCEPT
-A INPUT -f -j DROP
-A INPUT -s 10.0.0.0/255.0.255.0 -j DROP
-t nat -A POSTROUTING -o eth0 -j MASQUERADE
-t nat -A POSTROUTING -p tcp -o eth0 -j MASQUERADE --to-ports 1000-2000 --random
-t nat -A POSTROUTING -s 10.0.0.0/8 -j SNAT --to-source 1.2.3.4
-t nat -A POSTROUTING -p tcp -j SNAT --to-source 1.2.3.4-1.2.3.9:1000-2000
-t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.0.2:8080
-t nat -A PREROUTING -j DNAT --to-destination 10.0.0.2 --persistent
-t nat -A OUTPUT -p tcp --dport 8888 -j REDIRECT --to-ports 80
-t nat -A OUTPUT -p tcp -j REDIRECT
-t nat -A OUTPUT -j NETMAP --to 10.0.0.0/24
-t mangle -A PREROUTING -j MARK --set-mark 0x1
-t mangle -A PREROUTING -j MARK --set-xmark 0x4000/0x4000
-t mangle -A PREROUTING -j MARK --or-mark 0x4
-t mangle -A PREROUTING -j MARK --and-mark 0xf
-t mangle -A PREROUTING -j MARK --xor-mark 0xf
-t mangle -A PREROUTING -j CONNMARK --save-mark
-t mangle -A PREROUTING -j CONNMARK --restore-mark
-t mangle -A PREROUTING -j CONNMARK --set-mark 0x1
-t mangle -A PREROUTING -j TTL --ttl-set 64
-t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400
-t raw -A PREROUTING -j NOTRACK
-t raw -A PREROUTING -j CT --notrack
-A INPUT -j NFLOG --nflog-group 5 --nflog-prefix "x"
-t raw -A PREROUTING -j TRACE
-A OUTPUT -m owner --uid-owner 1000 -j ACCEPT
-A OUTPUT -m owner --gid-owner 0-100 -j ACCEPT
-A INPUT -p udp -m udp --sport 53 --dport 1024:65535 -j ACCEPT
-A INPUT -p sctp --dport 80 -j ACCEPT
-t mangle -A POSTROUTING -j CLASSIFY --set-class 1:10
-t mangle -A POSTROUTING -j DSCP --set-dscp 0x0a
`
  .trim()
  .split('\n');

/** Where iptables-translate 1.8.11 says something else than the rule means, or nothing, or the same in other words. */
const instead: Readonly<Record<string, string | null>> = {
  // It forgets that the ports are negated.
  '-A INPUT -p tcp -m multiport ! --ports 80,443 -j ACCEPT':
    'add rule ip filter INPUT tcp sport != { 80, 443 } tcp dport != { 80, 443 } counter accept',
  // It forgets NEW: nft cannot ask for a state or a status in one rule.
  '-A INPUT -m conntrack --ctstate NEW,DNAT -j ACCEPT': null,
  '-A INPUT -p icmp --icmp-type 3/4 -j ACCEPT':
    'add rule ip filter INPUT icmp type destination-unreachable icmp code 4 counter accept',
  '-A INPUT -j LOG --log-prefix "a b" --log-level info --log-tcp-options --log-ip-options --log-uid':
    'add rule ip filter INPUT counter log prefix "a b" level info flags ip options flags tcp options flags skuid',
  '-A INPUT -m ttl --ttl-lt 5 -j ACCEPT': 'add rule ip filter INPUT ip ttl 0-4 counter accept',
  '-A INPUT -m tcpmss --mss 1:500 -p tcp -j DROP':
    'add rule ip filter INPUT ip protocol tcp tcp option maxseg size 1-500 counter drop',
  '-A INPUT -p 47 -j ACCEPT': 'add rule ip filter INPUT ip protocol 47 counter accept',
  '-t mangle -A PREROUTING -j TTL --ttl-set 64': 'add rule ip mangle PREROUTING counter ip ttl set 64',
};

let lab: RunningLab;

beforeAll(async () => {
  lab = await startRunningLab({ host: {} });
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

function ours(line: string): string | null {
  const [, table = 'filter', chain = '', words = ''] = /^(?:-t (\S+) )?-A (\S+) ?(.*)$/.exec(line) ?? [];
  const made = ruleToNftCommand(parseRule(words, 'ipv4'), { family: 'ipv4', table, chain });
  return 'nft' in made ? made.nft : null;
}

test('rules are said as iptables-translate says them', async () => {
  const script = rules.map((line) => `iptables-translate ${line} 2>&1 | tail -n 1`).join('\n');
  const { stdout } = await lab.outside(script);
  const theirs = stdout.trim().split('\n');
  expect(theirs.length).toBe(rules.length);
  const compared = rules.map((line, index) => [
    line,
    ours(line),
    line in instead ? instead[line] : spoken(theirs[index] ?? ''),
  ]);
  expect(compared.map(([line, mine]) => [line, mine])).toEqual(compared.map(([line, , their]) => [line, their]));
});

/** The command in quotes; null for a comment, which is how it says that there is none. It asks for a protocol twice where ports follow. */
function spoken(text: string): string | null {
  const command = /^nft '(.*)'$/.exec(text)?.[1];
  return command?.replace(/\b(?:ip protocol|meta l4proto) (tcp|udp|sctp) (?=\1 )/, '') ?? null;
}

test('nft takes every translation, and a whole ruleset as a script', async () => {
  const chains = ['raw', 'mangle', 'nat', 'filter']
    .flatMap((table) => [
      `add table ip ${table}`,
      ...['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING', 'MYCHAIN'].map(
        (name) => `add chain ip ${table} ${name}`,
      ),
    ])
    .join('\n');
  const made = rules.map(ours).filter((text) => text !== null);
  const check = await lab.outside(`ip netns exec host nft -c -f - <<'end'\n${chains}\n${made.join('\n')}\nend`);
  expect(check.stderr).toBe('');
  const dump = `*filter\n:INPUT DROP [0:0]\n:WEB - [0:0]\n-A INPUT -p tcp -m multiport --dports 80,443 -j WEB\n-A WEB -m recent --name x --set\n-A WEB -j ACCEPT\nCOMMIT\n*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n`;
  const lines = rulesetToNft(parseSave(dump));
  expect(lines.flatMap(({ missing }) => missing)).toEqual(['-m recent']);
  const loaded = await lab.outside(
    `ip netns exec host nft -f - <<'end'\n${lines.map(({ text }) => text).join('\n')}\nend\nip netns exec host nft list ruleset`,
  );
  expect(loaded.stderr).toBe('');
  expect(loaded.stdout).toContain('type filter hook input priority filter; policy drop;');
  expect(loaded.stdout).toMatch(/tcp dport \{ 80, 443 \} counter packets 0 bytes 0 jump WEB/);
});

test('what is translated is proved to treat every packet alike, as nft prints it', async () => {
  const rulesets = translatedRulesets(60, 7);
  const loads = rulesets.map(({ nft }) => `nft flush ruleset\nnft -f - <<'end'\n${nft}\nend\nnft -j list ruleset`);
  const { stdout, stderr } = await lab.outside(`ip netns exec host sh -s <<'script'\n${loads.join('\n')}\nscript`);
  expect(stderr).toBe('');
  const dumps = stdout.trim().split('\n');
  expect(dumps).toHaveLength(rulesets.length);
  for (const [index, { ruleset }] of rulesets.entries()) {
    const printed = readNftDump(splitNftDump(JSON.parse(dumps[index] ?? '')) ?? [], 'ipv4', { changing: 'unknown' });
    expect([findBehaviourDifference(ruleset, printed), printSave(ruleset)]).toEqual([
      { kind: 'none' },
      expect.anything(),
    ]);
  }
});
