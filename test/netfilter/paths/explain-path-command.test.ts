import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { printSave } from '../../../engine/netfilter/index.ts';
import { threeNodes } from './lab.ts';

const program = join(import.meta.dirname, '../../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'explain-path-'));
afterAll(() => rmSync(folder, { recursive: true }));

function explain(...words: string[]): { code: number | null; out: string; err: string } {
  const result = spawnSync(process.execPath, [program, 'rules', 'explain', ...words], { encoding: 'utf8' });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

/** The three nodes as `hookpoint state --json` prints each. */
function nodesFile(rules: Parameters<typeof threeNodes>[0]): string {
  const { nodes, segments } = threeNodes(rules);
  const path = join(folder, `${Math.random()}.json`);
  writeFileSync(
    path,
    JSON.stringify({
      nodes: Object.fromEntries(
        nodes.map(({ name, state, rulesets }) => [
          name,
          {
            ...state,
            rulesets: rulesets.map((ruleset) => ({ family: 'ipv4', backend: 'nft', text: printSave(ruleset) })),
          },
        ]),
      ),
      links: Object.fromEntries(
        segments.map(({ name, ends }) => [name, ends.map((end) => `${end.node}:${end.interface}`)]),
      ),
    }),
  );
  return path;
}

const masquerade = '*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o dmz -j MASQUERADE\nCOMMIT\n';
const closed = '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p udp -j ACCEPT\n-A FORWARD -p tcp -j DROP\nCOMMIT\n';

describe('hookpoint rules explain --from --to', () => {
  test('shows every node of the way, what its rules did, and how it ends', () => {
    const { code, out } = explain(
      '--state',
      nodesFile({ router: masquerade }),
      '--from',
      'client',
      '--to',
      'server',
      '--tcp',
      '80',
    );
    expect(code).toBe(0);
    expect(out.split('\n').slice(0, 5)).toEqual([
      'first packet  10.0.0.2:40000 > 10.0.1.2:80',
      '  client  -> eth0',
      '  router  lan -> dmz       nat POSTROUTING rule 1 MASQUERADE; now 10.0.1.1:40000 > 10.0.1.2:80',
      '  server  eth0 -> arrives',
      '',
    ]);
    expect(out).toContain(
      'answered  The connection works: the answer comes back. server saw it as 10.0.1.1:40000 > 10.0.1.2:80.',
    );
  });

  test('says on which node it dies, and by which rule', () => {
    const { out } = explain(
      '--state',
      nodesFile({ router: closed }),
      '--from',
      'client',
      '--to',
      'server',
      '--tcp',
      '80',
    );
    expect(out).toContain('  router  lan -> dies  filter FORWARD rule 2 DROP');
    expect(out).toContain(
      'lost  The first packet dies on router. It got to FORWARD (filter); rule 2 (-p tcp -j DROP) dropped it.',
    );
  });

  test('--json has every leg, hop and step', () => {
    const { out } = explain(
      '--state',
      nodesFile({ router: closed }),
      '--from',
      'client',
      '--to',
      'server',
      '--tcp',
      '80',
      '--json',
    );
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({
      verdict: 'lost',
      ways: [
        {
          died: { leg: 'first packet', node: 'router' },
          legs: [{ name: 'first packet', end: { kind: 'dropped', node: 'router' } }],
        },
      ],
    });
    expect(answer.ways[0].legs[0].hops[1].walk.at(-1)).toMatchObject({ chain: 'FORWARD', rule: 2, matched: true });
  });

  test('a question that cannot be asked is a usage error or says which nodes there are', () => {
    const file = nodesFile({});
    expect(explain('--state', file, '--from', 'client', '--tcp', '80').code).toBe(2);
    expect(explain('--state', file, '--from', 'client', '--to', 'server').code).toBe(2);
    expect(explain('--state', file, '--from', 'client', '--to', 'server', '--tcp', '0').code).toBe(2);
    expect(explain('--state', file, '--from', 'client', '--to', 'server', '--tcp', '80', '--icmp').code).toBe(2);
    const missing = explain('--state', file, '--from', 'client', '--to', 'nobody', '--tcp', '80');
    expect(missing.code).toBe(2);
    expect(missing.err).toContain('there are client, router, server');
    const odd = join(folder, 'odd.json');
    writeFileSync(odd, '{"nodes": {}, "links": {"lan": ["client"]}}');
    expect(explain('--state', odd, '--from', 'a', '--to', 'b', '--icmp').err).toContain('NODE:INTERFACE');
  });
});
