import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { instantiate, loadPack } from '../../engine/packs/index.ts';
import { type TraceQuestion, traceNow } from '../../engine/sessions/trace.ts';
import { startRunningLab } from '../support/running-lab.ts';

const pack = await loadPack(join(import.meta.dirname, '../../labs/netfilter'));

type Probe = TraceQuestion['probe'];
const probes: readonly Probe[] = [
  { protocol: 'tcp', port: 80 },
  { protocol: 'tcp', port: 8888 },
  { protocol: 'udp', port: 53 },
  { protocol: 'icmp' },
];

/** On the labs as they begin and as their first solution leaves them half-way, the kernel does what the simulator says. */
describe.each(pack.labs.map((lab) => ({ id: lab.id, lab })))('netfilter/$id', ({ lab }) => {
  test('packets go as predicted', { timeout: 300_000 }, async () => {
    const instance = instantiate(lab, 1);
    await using running = await startRunningLab(instance.topology.nodes);
    const scripts = (instance.solutions[0]?.steps ?? []).flatMap((step) => ('run' in step ? [step] : []));
    const found: string[] = [];
    const traceAll = async (when: string) => {
      for (const question of questions(Object.keys(instance.topology.nodes))) {
        const { partings } = await traceNow(running.shell.run, running.topology, question);
        const { from, to, probe } = question;
        found.push(...partings.map(({ message }) => `${when}: ${from} to ${to}, ${JSON.stringify(probe)}: ${message}`));
      }
    };
    await traceAll('at the start');
    for (const { node, run } of scripts.slice(0, Math.ceil(scripts.length / 2))) await running.inNode(node, run);
    await traceAll('half-way');
    expect(found).toEqual([]);
  });
});

/** From the first node to every other and back; a lone node asks itself. */
function questions(nodes: readonly string[]): readonly TraceQuestion[] {
  const [first = '', ...others] = nodes;
  const pairs =
    others.length === 0
      ? [[first, first]]
      : others.flatMap((other) => [
          [first, other],
          [other, first],
        ]);
  return pairs.flatMap(([from = '', to = ''], index) =>
    probes.filter((_, at) => at % 2 === index % 2).map((probe) => ({ from, to, probe })),
  );
}
