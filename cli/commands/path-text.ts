import {
  actsOf,
  endWord,
  explainWay,
  flowText,
  type NamedLeg,
  type PathHop,
  type PathTrace,
  type PathWay,
  type WalkStep,
} from '../../engine/netfilter/index.ts';
import type { Colours } from '../output/colour.ts';
import { table } from '../output/table.ts';
import { plain, textWidth, wrap } from '../output/text.ts';

/** Every way with its legs, a line for each node, and what became of it in words. */
export function pathText(trace: PathTrace, colours: Colours): string {
  return trace.ways
    .map((way, index) => {
      const share = way.probability === null ? '' : ` (${Number((way.probability * 100).toFixed(1))} %)`;
      const head =
        trace.ways.length === 1
          ? []
          : [
              colours.bold(`way ${index + 1} of ${trace.ways.length}${share}`),
              wrap(plain(`if ${way.conditions.join(' and ') || 'nothing else holds'}`), textWidth(), '  '),
              '',
            ];
      return [...head, ...way.legs.map((leg) => legText(leg, colours)), wayText(way, colours)].join('\n');
    })
    .join('\n\n');
}

function wayText(way: PathWay, colours: Colours): string {
  const colour = { answered: colours.green, unknown: colours.yellow }[way.verdict as string] ?? colours.red;
  return wrap(plain(explainWay(way)), textWidth(), '  ', `${colour(way.verdict)}  `);
}

function legText(leg: NamedLeg, colours: Colours): string {
  const [first] = leg.hops;
  const head = `${colours.bold(leg.name)}  ${first === undefined ? '' : flowText({ ...first.before, ...sent(first) })}`;
  const rows = leg.hops.map((hop, index) => {
    const isLast = index === leg.hops.length - 1;
    const way = `${hop.in ?? ''} -> ${hop.out ?? (isLast ? endWord(leg.end) : '')}`.trim();
    return [hop.node, way, plain([...actsOf(hop), ...changed(hop)].join('; '))];
  });
  return `${head}\n${indented(rows)}\n`;
}

/** The source that a packet got from the routes of the node that sends it. */
const sent = ({ before, after }: PathHop) =>
  before.src === undefined && after.src !== undefined ? { src: after.src } : {};

function changed({ before, after, outcome }: PathHop): string[] {
  return Object.keys(outcome.rewrites).length === 0 || before.src === undefined ? [] : [`now ${flowText(after)}`];
}

/** The last column goes on below itself where it is too long for the line. */
function indented(rows: readonly (readonly string[])[]): string {
  const [names, ways] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const left = 2 + (names ?? 0) + 2 + (ways ?? 0) + 2;
  const width = textWidth();
  return table(rows.map(([name = '', way = '', text = '']) => [`  ${name}`, way, text]))
    .split('\n')
    .map((line) => (line.length <= width ? line : broken(line, left, width)))
    .join('\n');
}

const broken = (line: string, left: number, width: number): string =>
  wrap(line.slice(left), width, ' '.repeat(left), line.slice(0, left));

/** The answer for programs: every leg, hop and step. */
export function pathJson({ verdict, ways }: PathTrace) {
  return {
    verdict,
    ways: ways.map((way) => ({
      verdict: way.verdict,
      probability: way.probability,
      conditions: way.conditions,
      seen: way.seen,
      died: way.died,
      message: explainWay(way),
      legs: way.legs.map(({ name, end, hops }) => ({
        name,
        end: { kind: end.kind, node: end.node, why: end.kind === 'delivered' ? null : end.why },
        hops: hops.map((hop) => ({
          node: hop.node,
          in: hop.in,
          out: hop.out,
          before: hop.before,
          after: hop.after,
          verdict: hop.outcome.verdict,
          rewrites: hop.outcome.rewrites,
          unknown: hop.unknown,
          walk: hop.outcome.walk.map(jsonStep),
        })),
      })),
    })),
  };
}

/** A step without the rule's own object. */
export const jsonStep = ({ hook, table: name, chain, rule, matched, why, text, action }: WalkStep) => ({
  hook,
  table: name,
  chain,
  rule,
  matched,
  why,
  text,
  action,
});
