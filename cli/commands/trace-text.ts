import { explainPath as explainPrediction, flowText } from '../../engine/netfilter/index.ts';
import type { ObservedHop, ObservedLeg, ObservedStep } from '../../engine/observe/observed-walk.ts';
import type { TracedHeader } from '../../engine/observe/packet-trace.ts';
import type { Traced } from '../../engine/sessions/trace.ts';
import type { Colours } from '../output/colour.ts';
import { plain, textWidth, wrap } from '../output/text.ts';

/** Every node that the packet came through with the rules that matched there, the outcome, and where the prediction was another. */
export function traceText(traced: Traced, colours: Colours): string {
  const { legs, partings, untold } = traced;
  const parted = partings.map(({ leg, node, message }) =>
    wrap(plain(message), textWidth(), '  ', colours.yellow(`The ${leg} on ${node} was not as predicted.  `)),
  );
  const told = untold.length === 0 ? [] : [wrap(untoldText(untold), textWidth())];
  return [...legs.map((leg) => legText(leg, colours)), outcomeText(traced, colours), ...parted, ...told].join('\n');
}

const untoldText = (nodes: readonly string[]): string =>
  `The kernel does not tell of rules of iptables-legacy, which ${nodes.join(', ')} ${nodes.length === 1 ? 'has' : 'have'}: \`rules explain --from --to\` predicts them.`;

function outcomeText({ outcome, reply, partings, predicted }: Traced, colours: Colours): string {
  const colour = outcome === 'answered' ? colours.green : colours.red;
  const why = outcome === 'answered' ? reply : [reply, explainPrediction(predicted)].filter(Boolean).join('. ');
  const agreed = partings.length === 0 ? ' As predicted.' : '';
  return wrap(plain(`${why.replace(/\.?$/, '.')}${agreed}`), textWidth(), '  ', `${colour(outcome)}  `);
}

function legText({ name, hops }: ObservedLeg, colours: Colours): string {
  const [first] = hops;
  const head = `${colours.bold(name)}  ${first ? flowText(ends(first.before)) : ''}`;
  return `${[head, ...hops.flatMap((hop) => hopLines(hop, colours))].join('\n')}\n`;
}

function hopLines(hop: ObservedHop, colours: Colours): string[] {
  const way = `${hop.in ?? ''} -> ${hop.end === 'left' ? (hop.out ?? '') : endWords[hop.end]}`.trim();
  const shown = hop.steps.filter(({ rule, text }) => rule !== 0 || text === 'DROP');
  const now = flowText(ends(hop.after));
  const changed = now === flowText(ends(hop.before)) ? [] : [`    now ${now}`];
  return [`  ${colours.bold(hop.node)}  ${way}`, ...shown.map((step) => stepLine(step, colours)), ...changed];
}

const endWords = { left: '', delivered: 'arrives', dropped: 'dies', vanished: 'ends, by no rule' } as const;

function stepLine({ table, chain, rule, text, verdict }: ObservedStep, colours: Colours): string {
  const place = `${table} ${chain} ${rule === 0 ? 'policy' : (rule ?? '?')}`;
  const colour = verdict === 'drop' ? colours.red : verdict === 'accept' ? colours.green : (words: string) => words;
  return wrap(plain(text), textWidth(), '      ', `    ${colour(place)}  `);
}

const ends = ({ source, sourcePort, destination, destinationPort }: TracedHeader) => ({
  src: source,
  dst: destination,
  ...(sourcePort === null ? {} : { sport: sourcePort }),
  ...(destinationPort === null ? {} : { dport: destinationPort }),
});
