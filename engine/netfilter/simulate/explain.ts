import type { Simulation } from './simulate.ts';
import type { WalkStep } from './way.ts';

/** A packet's end in one sentence for a learner: "it got to filter FORWARD; rule 2 (-p tcp -j DROP) dropped it". */
export function explainWalk(simulation: Simulation): string {
  const { decided, verdict } = simulation;
  if (verdict === 'unknown') return `what happens to it is not known: ${simulation.unknown.join('; ')}`;
  if (decided === null) return verdict === 'continue' ? 'the chain lets it go on' : 'no rule stops it';
  const where = decided.table === 'routing' ? 'the routing decision' : `${decided.table} ${decided.chain}`;
  return `it got to ${where}; ${stepName(decided)} ${pastTense[verdict]} it`;
}

const pastTense = { accept: 'accepted', drop: 'dropped', reject: 'rejected', continue: 'passed' } as const;

/** "rule 2 (-p tcp -j DROP)", "its policy", or what routing said. */
export function stepName(step: WalkStep): string {
  if (step.table === 'routing') return step.text;
  return step.rule === 0 ? 'its policy' : `rule ${step.rule} (${step.text})`;
}
