import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { shellQuote } from '../../engine/runtime/shell-quote.ts';
import { hostsFile } from '../../engine/topology/boot-script.ts';
import { execArgv } from '../../engine/topology/exec-argv.ts';
import { linkLocalOf, macOf, planLinks } from '../../engine/topology/network-plan.ts';
import { sysctlPath } from '../../engine/topology/network-script.ts';
import { nodeConfig } from '../../engine/topology/node-config.ts';
import { nodeSchema, topologySchema } from '../../engine/topology/topology.ts';
import { restartScript, topologyScript } from '../../engine/topology/topology-script.ts';

const one = (link: string, ...addresses: string[]) => ({ link, addresses });
const topology = topologySchema.parse({
  nodes: {
    a: { interfaces: { eth0: one('left', '10.0.0.1/24') } },
    b: { interfaces: { eth0: one('left', '10.0.0.2/24'), eth1: one('right', '10.0.1.1/24', 'fd00::1/64') } },
    c: { interfaces: { eth0: one('right', '10.0.1.2/24') }, provision: `echo "it's" $((1+1)) <<'E'\nx\nE\n` },
    d: { interfaces: { eth0: one('right') }, files: { "/root/it's": 'a\nb' } },
  },
});

describe('links', () => {
  test('two ends are a wire, more a segment', () => {
    expect(planLinks(topology, 's')).toMatchObject([
      { kind: 'wire', name: 'left', ends: [{ node: 'a' }, { node: 'b' }] },
      { kind: 'segment', name: 'right', ends: [{ node: 'b', interface: 'eth1' }, { node: 'c' }, { node: 'd' }] },
    ]);
  });
  test('a MAC is local, unicast, of its session and the same again', () => {
    const mac = macOf('s', 'a', 'eth0');
    expect(mac).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(macOf('s', 'a', 'eth0')).toBe(mac);
    expect(new Set([mac, macOf('t', 'a', 'eth0'), macOf('s', 'b', 'eth0'), macOf('s', 'a', 'eth1')]).size).toBe(4);
  });
  test('a link-local address is made of the MAC', () => {
    expect(linkLocalOf('02:d7:9e:70:56:0b')).toBe('fe80::00d7:9eff:fe70:560b');
  });
});

describe('scripts', () => {
  test('are bash, whatever the lab has in its texts', () => {
    for (const script of [
      topologyScript(topology, 's'),
      topologyScript(topology, 's', { saved: '/var/x' }),
      restartScript(topology, ['c'], 's', 'kept'),
      restartScript(topology, ['a', 'b', 'c', 'd'], 's', 'new'),
      restartScript(topology, ['a', 'b', 'c', 'd'], 's', { saved: '/var/x' }),
    ]) {
      execFileSync('bash', ['-n'], { input: script });
    }
  });
  test('provision anew where the files are those of the lab, and not where they were saved', () => {
    expect(restartScript(topology, ['c'], 's', 'new')).toContain('provision </dev/null');
    expect(restartScript(topology, ['c'], 's', 'kept')).not.toContain('mount -t tmpfs');
    const saved = restartScript(topology, ['c'], 's', { saved: '/var/x' });
    expect(saved).not.toContain('provision </dev/null');
    expect(saved).toContain('--file /var/x/c.tar');
    expect(saved.indexOf('--extract')).toBeLessThan(saved.indexOf('mount -t overlay'));
  });
  test('quoting keeps a text one word', () => {
    const text = `it's "$HOME" \`x\`\n\\`;
    expect(execFileSync('bash', ['-c', `printf %s ${shellQuote(text)}`], { encoding: 'utf8' })).toBe(text);
  });
  test('a sysctl of an interface with a dot in its name', () => {
    const ends = [{ interface: 'eth0.100' }];
    expect(sysctlPath('net.ipv4.conf.eth0.100.rp_filter', ends)).toBe('ipv4/conf/eth0.100/rp_filter');
    expect(sysctlPath('net.netfilter.nf_conntrack_tcp_loose', ends)).toBe('netfilter/nf_conntrack_tcp_loose');
  });
});

test('/etc/hosts names every node, and a node without addresses itself', () => {
  expect(hostsFile(topology, 'd').split('\n')).toEqual([
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost ip6-loopback',
    '10.0.0.1 a',
    '10.0.0.2 b',
    'fd00::1 b',
    '10.0.1.2 c',
    '127.0.1.1 d',
    '',
  ]);
});

describe('config.json', () => {
  const config = (parts: object) => JSON.stringify(nodeConfig('a', nodeSchema.parse(parts)));
  test('gives sys_admin and tun only to the node that asks', () => {
    expect(config({})).not.toMatch(/SYS_ADMIN|SYS_PTRACE|SYS_MODULE|MKNOD|SYS_RESOURCE|net\/tun/);
    expect(config({ sysAdmin: true })).toContain('CAP_SYS_ADMIN');
    expect(config({ tun: true })).toContain('/dev/net/tun');
  });
});

test('execArgv enters by runc exec', () => {
  const argv = execArgv('a', ['ls', '-l'], { terminal: true });
  expect(argv.slice(0, 5)).toEqual(['runc', '--root', '/run/hookpoint/runc', 'exec', '--tty']);
  expect(argv.slice(-3)).toEqual(['a', 'ls', '-l']);
  expect(argv).toEqual(expect.arrayContaining(['--cwd', '/root', 'HOME=/root', 'TERM=xterm-256color']));
});
