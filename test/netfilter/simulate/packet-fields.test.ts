import { describe, expect, it } from 'vitest';
import { type Hook, parsePacket, parseSave, simulate } from '../../../engine/netfilter/index.ts';

/** What one rule of a table does to a packet: whether it matched, and the walk's result. */
function asked(rule: string, packet: string, { hook = 'input' as Hook, table = 'filter', chain = 'INPUT' } = {}) {
  const ruleset = parseSave(`*${table}\n:${chain} ACCEPT [0:0]\n-A ${chain} ${rule}\nCOMMIT\n`, {
    family: 'ipv4',
  });
  const result = simulate({ rulesets: [ruleset], packet: parsePacket(packet), hook });
  const step = result.walk.find((one) => one.rule === 1);
  return { matched: step?.matched ?? false, why: step?.why, result };
}

const tcp = 'in=eth0 src=10.0.0.2 dst=10.0.0.1 proto=tcp sport=1024 dport=80 flags=syn state=new';

describe('what a packet carries', () => {
  it.each([
    ['-m iprange --src-range 10.0.0.1-10.0.0.9', true],
    ['-m iprange ! --src-range 10.0.0.1-10.0.0.9', false],
    ['-m iprange --dst-range 10.0.0.2-10.0.0.9', false],
    ['-m mac --mac-source 02:00:00:00:00:0A', true],
    ['-m mac ! --mac-source 02:00:00:00:00:0A', false],
    ['-m length --length 60:100', true],
    ['-m length --length 61:', false],
    ['-m ttl --ttl-lt 64', false],
    ['-m ttl --ttl-gt 63', true],
    ['-m ttl ! --ttl-eq 64', false],
    ['-m ttl --ttl-lt 0', false],
    ['-m dscp --dscp-class EF', true],
    ['-m tos --tos 0xb8/0xfc', true],
    ['-m tos --tos 0x10', false],
    ['-p tcp -m tcpmss --mss 1000:1460', true],
    ['-p tcp -m tcpmss --mss 1461:', false],
    ['-m conntrack --ctdir ORIGINAL', true],
    ['-m conntrack ! --ctproto tcp', false],
    ['-m conntrack --ctstatus CONFIRMED', false],
    ['-m conntrack --ctstatus NONE', false],
    ['-m conntrack --ctreplsrc 10.0.0.1 --ctrepldstport 1024', true],
  ])('%s: %s', (rule, matched) => {
    expect(asked(rule, `${tcp} mac=02:00:00:00:00:0a length=60 ttl=64 dscp=46 mss=1460`).matched).toBe(matched);
  });

  it.each([
    ['-m length --length 60', "the packet's length is not given"],
    ['-m ttl --ttl-eq 1', "the packet's ttl is not given"],
    ['-m mac --mac-source 02:00:00:00:00:01', "the sender's hardware address is not given"],
    ['-m recent --update --seconds 60', 'depends on which addresses came before, and when'],
    ['-m hashlimit --hashlimit-upto 5/s --hashlimit-name x', 'depends on how many packets came before'],
    ['-m time --timestart 08:00', 'depends on the time'],
    ['-m string --algo bm --string x', "depends on the packet's payload"],
    ['-m connlimit --connlimit-above 3', 'depends on how many connections there are'],
    ['-m u32 --u32 "6&0xFF=6"', "depends on the packet's bytes"],
    ['-m quota --quota 10', 'depends on how many bytes came before'],
    ['-m set --match-set blocked src', 'the entries of set blocked are not known'],
    ['-m conntrack --ctexpire 5:10', 'what conntrack knows of the connection is not given'],
    ['-m physdev --physdev-in eth1', 'whether it passes a bridge is not given'],
  ])('%s is unknown: %s', (rule, reason) => {
    const { result } = asked(`${rule} -j DROP`, tcp);
    expect(result.verdict).toBe('unknown');
    expect(JSON.stringify(result)).toContain(reason.replaceAll('"', '\\"'));
  });

  it('is looked for in frames of Ethernet alone: mac on lo does not match, negated or not', () => {
    const own = 'in=lo src=127.0.0.1 dst=127.0.0.1 proto=tcp dport=80 state=new';
    expect(asked('-m mac --mac-source 02:00:00:00:00:01', own).matched).toBe(false);
    expect(asked('-m mac ! --mac-source 02:00:00:00:00:01', own).matched).toBe(false);
  });

  it('has a sender on this host at OUTPUT, and none where it is passed on', () => {
    const out = { hook: 'output' as Hook, chain: 'OUTPUT' };
    const own = 'out=eth0 src=10.0.0.1 dst=10.0.0.2 proto=udp dport=53 state=new uid=1000 gid=100';
    expect(asked('-m owner --uid-owner 500-1000', own, out).matched).toBe(true);
    expect(asked('-m owner ! --gid-owner 100', own, out).matched).toBe(false);
    expect(asked('-m owner --socket-exists', own, out).matched).toBe(true);
    const passed = 'in=eth0 out=eth1 src=10.0.0.2 dst=10.1.0.2 proto=udp dport=53 state=new';
    const post = { hook: 'forward' as Hook, table: 'mangle', chain: 'POSTROUTING' };
    expect(asked('-m owner --uid-owner 0', passed, post).matched).toBe(false);
    expect(asked('-m owner ! --uid-owner 0', passed, post).matched).toBe(true);
  });

  it('is a frame for one host, for all or for a group', () => {
    const to = (dst: string) => `in=eth0 src=10.0.0.2 dst=${dst} proto=udp dport=67 state=new`;
    expect(asked('-m pkttype --pkt-type broadcast', to('255.255.255.255')).matched).toBe(true);
    expect(asked('-m pkttype --pkt-type multicast', to('224.0.0.1')).matched).toBe(true);
    expect(asked('-m pkttype ! --pkt-type multicast', to('224.0.0.1')).matched).toBe(false);
    const own = 'out=eth0 src=10.0.0.1 dst=224.0.0.1 proto=udp dport=67 state=new';
    expect(asked('-m pkttype --pkt-type host', own, { hook: 'output', chain: 'OUTPUT' }).matched).toBe(true);
  });
});

describe('a packet without a connection', () => {
  it.each(['--ctdir ORIGINAL', '--ctproto tcp', '--ctorigsrc 10.0.0.2', '--ctstatus CONFIRMED'])(
    'meets no %s, negated or not',
    (option) => {
      const invalid = tcp.replace('state=new', 'state=invalid');
      expect(asked(`-m conntrack ${option}`, invalid).matched).toBe(false);
      expect(asked(`-m conntrack ! ${option}`, invalid).matched).toBe(false);
    },
  );
});

describe('what targets change', () => {
  /** The packet as it left mangle's PREROUTING. */
  const changed = (rules: readonly string[], packet: string) => {
    const lines = rules.map((rule) => `-A PREROUTING ${rule}`).join('\n');
    const ruleset = parseSave(`*mangle\n:PREROUTING ACCEPT [0:0]\n${lines}\n-A INPUT -j ACCEPT\nCOMMIT\n`, {
      family: 'ipv4',
    });
    return simulate({ rulesets: [ruleset], packet: parsePacket(packet), hook: 'prerouting' }).outcomes[0]?.packet;
  };

  it.each([
    ['-j TTL --ttl-set 10', { ttl: 10 }],
    ['-j TTL --ttl-inc 250', { ttl: 255 }],
    ['-j TTL --ttl-dec 100', { ttl: 0 }],
    ['-j DSCP --set-dscp-class CS1', { dscp: 8 }],
    ['-j TOS --set-tos 0x10/0xff', { dscp: 4 }],
    ['-j TOS --or-tos 0x04', { dscp: 47 }],
    ['-p tcp --syn -j TCPMSS --set-mss 1400', { mss: 1400 }],
    ['-p tcp --syn -j TCPMSS --set-mss 1500', { mss: 1460 }],
    ['-j CONNMARK --set-mark 5', { connmark: 5 }],
    ['-j NOTRACK', { state: 'UNTRACKED' }],
  ])('%s', (rule, fields) => {
    const before = changed([], `${tcp} ttl=64 dscp=46 mss=1460`);
    const after = changed([rule], `${tcp} ttl=64 dscp=46 mss=1460`);
    expect(after).toEqual({ ...before, ...fields });
  });

  it('CONNMARK saves the mark under masks and restores it', () => {
    expect(
      changed(
        [
          '-j MARK --set-mark 0xab',
          '-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xff',
          '-j MARK --set-mark 0x100',
          '-j CONNMARK --restore-mark --mask 0xff',
        ],
        tcp,
      ),
    ).toMatchObject({ connmark: 0xb, mark: 0x10b });
    expect(
      changed(['-j MARK --set-mark 7', '-j CONNMARK --restore-mark'], tcp.replace('new', 'invalid')),
    ).toMatchObject({ mark: 7 });
  });

  it('NETMAP puts the network’s bits in place of the address’s own', () => {
    const ruleset = parseSave('*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j NETMAP --to 192.168.7.0/24\nCOMMIT\n', {
      family: 'ipv4',
    });
    const result = simulate({ rulesets: [ruleset], packet: parsePacket(tcp), hook: 'prerouting' });
    expect(result.rewrites).toMatchObject({ dst: '192.168.7.1' });
  });
});
