import { drawParameters, type Parameters, type ParameterValue } from './parameters.ts';

/** How many seeds are looked through for a value of a choice. */
const horizon = 4096;

/** The smallest seed that draws this value. */
export function seedFor(parameters: Parameters, name: string, value: ParameterValue): number | null {
  for (let seed = 0; seed < horizon; seed++) if (drawParameters(parameters, seed)[name] === value) return seed;
  return null;
}

/** Seeds that show a lab in each of its forms: a few of the first, and one for each value of each choice. */
export function seedsToTry(parameters: Parameters): readonly number[] {
  if (Object.keys(parameters).length === 0) return [0];
  const seeds = new Set([0, 1, 2]);
  for (const [name, parameter] of Object.entries(parameters)) {
    if (!('choice' in parameter)) continue;
    for (const value of parameter.choice) {
      const seed = seedFor(parameters, name, value);
      if (seed !== null) seeds.add(seed);
    }
  }
  return [...seeds];
}
