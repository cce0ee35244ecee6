/** A walk in words. */

import type { Outcome, Simulation, WalkStep } from './simulation.ts';

export interface DecidingRule {
  readonly table: string;
  readonly chain: string;
  /** 1-based; 0 is the chain's policy. */
  readonly rule: number;
}

/** The step that decided: the one that dropped or rejected the packet; for an accepted one the last word of the filter table. */
export function findDecidingStep({ verdict, walk }: Pick<Simulation, 'verdict' | 'walk'>): WalkStep | null {
  const matched = walk.filter((step) => step.matched === true);
  if (verdict === 'drop' || verdict === 'reject') return matched.at(-1) ?? null;
  const filter = matched.findLast((step) => step.table === 'filter' && isFinal(step));
  return filter ?? matched.findLast((step) => isFinal(step)) ?? matched.at(-1) ?? null;
}

const isFinal = (step: WalkStep): boolean =>
  step.rule === 0 || (!['', 'LOG', 'RETURN', 'MARK'].includes(step.action) && !/^(jump|go) to /.test(step.action));

/** The rule or policy that ended the packet's way; null where nothing did, or where the verdict is not known. */
export function findDecidingRule(simulation: Pick<Simulation, 'verdict' | 'walk'>): DecidingRule | null {
  if (simulation.verdict === 'unknown') return null;
  const step = findDecidingStep(simulation);
  return step === null ? null : { table: step.table, chain: step.chain, rule: step.rule };
}

/** The rules that were asked, in order, each once; policies left out. */
export function rulesVisited(simulation: Pick<Simulation, 'walk'>): DecidingRule[] {
  const found = new Map<string, DecidingRule>();
  for (const { table, chain, rule } of simulation.walk) {
    if (rule > 0) found.set(`${table} ${chain} ${rule}`, { table, chain, rule });
  }
  return [...found.values()];
}

/**
 * The walk in a sentence or two for a learner: "It got to FORWARD (filter); rule 2 (-p tcp -j DROP) dropped it." With `mine`, a rule that
 * they meant to decide: "Your rule 3 comes after it."
 */
export function explainWalk(simulation: Simulation, mine?: DecidingRule): string {
  const sentences = [...logged(simulation), ...rewritten(simulation), ending(simulation), ...otherwise(simulation)];
  if (mine !== undefined) sentences.push(...aboutMine(simulation, mine));
  return sentences.join(' ');
}

function ending(simulation: Simulation): string {
  const { verdict, outcomes } = simulation;
  if (verdict === 'unknown') {
    const ways = outcomes.map(
      (outcome) =>
        `${verdictWords[outcome.verdict]}${shareText(outcome)}${outcome.condition === '' ? '' : ` if ${outcome.condition}`}`,
    );
    return `What becomes of it is not known: ${ways.join('; ')}. ${capital(simulation.unknown.join('; '))}.`;
  }
  const step = findDecidingStep(simulation);
  if (verdict === 'continue') return 'It came out at the end of the chain and goes on where that was called.';
  if (step === null) {
    const doubtful = simulation.walk.some(({ matched }) => matched === null);
    return doubtful
      ? `It was ${verdictWords[verdict]}, whichever rule takes it.`
      : `No rule was in its way: it was ${verdictWords[verdict]}.`;
  }
  if (step.table === 'routing') return `It got to the routing decision and was dropped there: ${step.why}.`;
  const place = `It got to ${step.chain} (${step.table})`;
  if (step.rule === 0) return `${place}; no rule there decided, and the policy ${step.action} ${did[verdict]} it.`;
  return `${place}; rule ${step.rule} (${step.text}) ${did[verdict]} it.`;
}

/** The ways that end in the same verdict but leave with other addresses: the endpoints of a Service. */
function otherwise({ verdict, outcomes }: Simulation): string[] {
  const ways = new Map(outcomes.map((outcome) => [JSON.stringify(outcome.rewrites), outcome]));
  if (verdict === 'unknown' || ways.size < 2) return [];
  const texts = [...ways.values()].map((outcome) => {
    const changes = changesOf(outcome.rewrites).map(([key, value]) => `${names[key]} ${value ?? 'another'}`);
    return `${changes.length === 0 ? 'nothing changed' : changes.join(' and ')}${shareText(outcome)}`;
  });
  return [`It is one of ${texts.length} ways: ${texts.join('; ')}.`];
}

/** " (1/3 of them)"; empty where nothing gives it. */
function shareText({ probability }: Outcome): string {
  if (probability === null || probability === 1) return '';
  for (let below = 2; below <= 20; below++) {
    const above = Math.round(probability * below);
    if (Math.abs(probability - above / below) < 1e-9) return ` (${above}/${below} of them)`;
  }
  return ` (${Number((probability * 100).toFixed(2))} % of them)`;
}

/** What became of a packet: "it was ...". */
export const verdictWords = {
  accept: 'accepted',
  drop: 'dropped',
  reject: 'rejected',
  continue: 'let go on',
  unknown: 'unknown',
} as const;
const did = { accept: 'accepted', drop: 'dropped', reject: 'rejected' } as const;

function logged({ walk }: Simulation): string[] {
  return walk
    .filter((step) => step.action === 'LOG' && step.matched !== false)
    .map((step) => `Rule ${step.rule} of ${step.chain} ${step.matched === null ? 'may have' : 'has'} logged it.`);
}

function rewritten({ rewrites, walk }: Simulation): string[] {
  const changes = changesOf(rewrites).map(([key, value]) => `${names[key]} became ${value ?? 'another'}`);
  if (changes.length === 0) return [];
  const by = walk
    .filter((step) => step.matched !== false && rewriters.has(step.action))
    .map((step) => `${step.table} ${step.chain} rule ${step.rule}`);
  return [`Its ${changes.join(', its ')}${by.length === 0 ? '' : ` (${by.join(', ')})`}.`];
}

const changesOf = (rewrites: Outcome['rewrites']) =>
  (['src', 'sport', 'dst', 'dport'] as const).flatMap((key) => {
    const value = rewrites[key];
    return value === undefined ? [] : [[key, value] as const];
  });

const names = {
  src: 'source address',
  sport: 'source port',
  dst: 'destination address',
  dport: 'destination port',
} as const;
const rewriters: ReadonlySet<string> = new Set(['DNAT', 'SNAT', 'REDIRECT', 'MASQUERADE', 'NETMAP']);

function aboutMine(simulation: Simulation, mine: DecidingRule): string[] {
  const at = (step: WalkStep) => step.table === mine.table && step.chain === mine.chain && step.rule === mine.rule;
  const step = simulation.walk.find(at);
  const place = `rule ${mine.rule} of ${mine.chain}`;
  if (step === undefined) {
    const deciding = findDecidingRule(simulation);
    const same = deciding?.table === mine.table && deciding.chain === mine.chain;
    return [
      same && deciding.rule > 0 ? `Your rule is rule ${mine.rule}, after it.` : `It never came to your ${place}.`,
    ];
  }
  if (step.matched === false) return [`Your ${place} does not take it: ${step.why}.`];
  return step.matched === null ? [`Whether your ${place} takes it is not known: ${step.why}.`] : [];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
