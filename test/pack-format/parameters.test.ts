import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instantiate, labOf, loadPack } from '../../engine/packs/index.ts';
import { drawParameters, fillText, type Parameters } from '../../engine/packs/parameters.ts';
import { seedFor } from '../../engine/packs/seeds.ts';
import { writePack } from './sample-pack.ts';

const parameters: Parameters = {
  lan: { subnet: { from: '10.0.0.0/8', prefix: 24 } },
  six: { subnet: { from: 'fd00::/8', prefix: 64 } },
  port: { integer: { from: 20000, to: 29999 } },
  fault: { choice: ['one', 'two', 'three'] },
  rule: { case: { of: 'fault', values: { one: '--dport {{port}}' }, else: 'none' } },
};

describe('drawing', () => {
  test('the same seed gives the same values, another seed others', () => {
    expect(drawParameters(parameters, 7)).toEqual(drawParameters(parameters, 7));
    expect(drawParameters(parameters, 7)).not.toEqual(drawParameters(parameters, 8));
  });

  test('the values of seed 7 are these, today and in the next release', () => {
    expect(drawParameters(parameters, 7)).toMatchInlineSnapshot(`
      {
        "fault": "three",
        "lan": "10.29.227.0/24",
        "port": 23204,
        "rule": "none",
        "six": "fd00:0:4f2:3e54::/64",
      }
    `);
  });

  test('a new parameter changes none of the others', () => {
    const { lan: _, ...fewer } = parameters;
    const { lan: __, ...rest } = drawParameters(parameters, 3);
    expect(drawParameters(fewer, 3)).toEqual(rest);
  });

  test('every value lies in its range', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const values = drawParameters(parameters, seed);
        expect(values.lan).toMatch(/^10\.\d+\.\d+\.0\/24$/);
        expect(values.six).toMatch(/^fd[0-9a-f]{2}:.*\/64$/);
        expect(values.port).toBeGreaterThanOrEqual(20000);
        expect(values.port).toBeLessThanOrEqual(29999);
      }),
    );
  });

  test('subnets do not overlap and numbers differ', () => {
    const crowded: Parameters = {
      a: { subnet: { from: '192.168.0.0/22', prefix: 24 } },
      b: { subnet: { from: '192.168.0.0/22', prefix: 24 } },
      c: { integer: { from: 1, to: 2 } },
      d: { integer: { from: 1, to: 2 } },
    };
    for (let seed = 0; seed < 200; seed++) {
      const { a, b, c, d } = drawParameters(crowded, seed);
      expect(a).not.toBe(b);
      expect(c).not.toBe(d);
    }
  });

  test('every choice is drawn by some seed', () => {
    for (const value of ['one', 'two', 'three']) expect(seedFor(parameters, 'fault', value)).not.toBeNull();
  });

  test('a case follows its choice, and holds what was drawn before it', () => {
    const values = drawParameters(parameters, seedFor(parameters, 'fault', 'one') ?? 0);
    expect(values.rule).toBe(`--dport ${values.port}`);
    expect(drawParameters(parameters, seedFor(parameters, 'fault', 'two') ?? 0).rule).toBe('none');
  });
});

describe('filling in', () => {
  const values = { lan: '10.3.7.0/24', six: 'fd12:3456::/64', port: 8080 };

  test.each([
    ['{{lan}} {{lan.3}} {{lan.prefix}} {{lan.network}}', '10.3.7.0/24 10.3.7.3 24 10.3.7.0'],
    ['{{six.1}}/{{six.prefix}}', 'fd12:3456::1/64'],
    ['{{ port }}:{{port}}', '8080:8080'],
    ['{{nobody}} {{lan.300}} {{port.1}} {{.Name}} ${{x', '{{nobody}} {{lan.300}} {{port.1}} {{.Name}} ${{x'],
  ])('%s', (text, expected) => {
    expect(fillText(text, values)).toBe(expected);
  });

  test('a value cannot change the structure of a lab', async () => {
    await using pack = await writePack();
    const lab = labOf(await loadPack(pack.folder), 'first');
    const evil = { ...lab, parameters: { ...lab.parameters, port: { choice: ['1\n  - id: injected', 80] } } };
    const seed = seedFor(evil.parameters, 'port', 80) ?? 0;
    expect(instantiate(evil, seed).criteria).toHaveLength(2);
  });

  test('a number alone stays a number where one is wanted, and is text in a text', async () => {
    await using pack = await writePack();
    const instance = instantiate(labOf(await loadPack(pack.folder), 'first'), 5);
    const { port } = instance.params;
    expect(instance.topology.nodes.host?.services).toEqual([{ type: 'http', port }]);
    expect(instance.solutions[0]?.steps[0]).toEqual({
      run: `iptables -A INPUT -p tcp --dport ${port} -j DROP`,
      node: 'host',
    });
    expect(instance.guide).toContain(`--dport ${port} `);
    expect(JSON.parse(JSON.stringify(instance))).toEqual(instance);
  });
});
