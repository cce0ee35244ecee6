import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parsePacket, simulate, splitNftDump } from '../../../engine/netfilter/index.ts';

/** A cluster's node as kube-proxy's nftables mode writes it (pkg/proxy/nftables), printed by `nft -j list ruleset`. */
const path = join(import.meta.dirname, '../../fixtures/nft/kube-proxy.json');
const text = readFileSync(path, 'utf8');
const tables = splitNftDump(JSON.parse(text)) ?? [];
const walk = (packet: string, hook: 'output' | 'prerouting') =>
  simulate({ rulesets: [], packet: parsePacket(packet), hook, state: { nftTables: tables }, walk: 'brief' });

describe('kube-proxy’s nftables mode', () => {
  test('a cluster address leads to each endpoint with its share, masqueraded where the client is no pod', () => {
    const found = walk(
      'out=eth0 src=10.0.0.1 dst=10.96.0.10 proto=tcp sport=40000 dport=80 flags=syn state=new',
      'output',
    );
    expect(found.verdict).toBe('accept');
    expect(
      found.outcomes.map(({ probability, rewrites }) => [probability, rewrites.dst, rewrites.dport, rewrites.src]),
    ).toEqual([
      [0.5, '10.244.0.5', 8080, null],
      [0.5, '10.244.0.6', 8080, null],
    ]);
    expect(found.walk.filter(({ chain }) => chain === 'services').map(({ rule, matched }) => [rule, matched])).toEqual([
      [1, true],
    ]);
  });
  test('a node’s port leads there too, another port nowhere', () => {
    const node = 'in=eth0 src=10.9.0.1 dst=10.0.0.1 proto=tcp sport=40000 dport=30080 flags=syn state=new';
    expect(walk(node, 'prerouting').outcomes.map(({ rewrites }) => rewrites.dst)).toEqual(['10.244.0.5', '10.244.0.6']);
    expect(walk(node.replace('30080', '30081'), 'prerouting')).toMatchObject({
      verdict: 'accept',
      rewrites: {},
      unknown: [],
    });
  });
});

test('what is no dump of nft has no tables', () => {
  for (const odd of [null, 1, 'x', {}, { nftables: {} }]) expect(splitNftDump(odd)).toBeNull();
  expect(splitNftDump({ nftables: [{ metainfo: {} }, null, 7, {}] })).toEqual([]);
});

describe('on the command line', () => {
  const program = join(import.meta.dirname, '../../../cli/main.ts');
  const run = (words: readonly string[], input = '') => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'rules', ...words], {
      input,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  test('explain and parse take it, also from stdin', () => {
    const packet = 'in=eth0 src=10.9.0.1 dst=10.0.0.1 proto=tcp sport=40000 dport=30080 flags=syn state=new';
    const found = run(['explain', '-', '--hook', 'prerouting', '--packet', packet, '--json'], text);
    expect(JSON.parse(found.stdout)).toMatchObject({ verdict: 'accept', rewrites: { dst: '10.244.0.5', dport: 8080 } });
    expect(run(['parse', path]).stdout).toContain(
      '2. Send TCP packets to 10.0.0.1 to port 30080 to chain external-A for good.',
    );
  });
  test('other JSON and commands that take iptables-save alone say what they want', () => {
    expect(run(['parse', '-'], '{"a": 1}')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('nft -j list ruleset'),
    });
    expect(run(['parse', '-'], '{"a": ')).toMatchObject({ status: 2 });
    expect(run(['translate', path]).status).toBe(2);
  });
  test('analyse, matrix, diff and compare take it, also against iptables-save', () => {
    const fixture = (name: string) => join(import.meta.dirname, '../../fixtures/nft', name);
    const faulty = run(['analyse', fixture('faulty.json'), '--fail-on', 'error']);
    expect(faulty).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('inet fw input\n  error shadowed\n    3: '),
    });
    expect(run(['matrix', fixture('router.json')]).stdout).toBe(run(['matrix', fixture('router.rules')]).stdout);
    expect(run(['diff', fixture('router.rules'), fixture('router.json')])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('every packet is treated alike'),
    });
    const compared = run(['compare', '-', fixture('router.json')], '*filter\n:INPUT DROP [0:0]\nCOMMIT\n');
    expect(compared).toMatchObject({ status: 1, stdout: expect.stringContaining('drop and accept') });
    expect(run(['compare', fixture('server.json'), fixture('server.json')]).status).toBe(0);
  });
});
