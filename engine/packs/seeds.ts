import { type Choice, drawChoice, type Parameters, type ParameterValue } from './parameters.ts';

/** How many seeds are looked through for the values of a choice. */
const horizon = 4096;

/** The smallest seed that draws this value of a choice. */
export function seedFor(parameters: Parameters, name: string, value: ParameterValue): number | null {
  const parameter = parameters[name];
  if (parameter === undefined || !('choice' in parameter)) return null;
  return smallestSeeds(parameter, name).get(value) ?? null;
}

/** The smallest seed of each value that is drawn at all, in one walk over the seeds. */
function smallestSeeds(parameter: Choice, name: string): ReadonlyMap<ParameterValue, number> {
  const seeds = new Map<ParameterValue, number>();
  const values = new Set(parameter.choice).size;
  for (let seed = 0; seed < horizon && seeds.size < values; seed++) {
    const value = drawChoice(parameter, name, seed);
    if (value !== undefined && !seeds.has(value)) seeds.set(value, seed);
  }
  return seeds;
}

/** Seeds that show a lab in each of its forms: a few of the first, and one for each value of each choice. */
export function seedsToTry(parameters: Parameters): readonly number[] {
  if (Object.keys(parameters).length === 0) return [0];
  const seeds = new Set([0, 1, 2]);
  for (const [name, parameter] of Object.entries(parameters)) {
    if (!('choice' in parameter)) continue;
    for (const seed of smallestSeeds(parameter, name).values()) seeds.add(seed);
  }
  return [...seeds];
}
