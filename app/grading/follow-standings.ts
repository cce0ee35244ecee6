import type { StandingCriterion } from '../../engine/contract/procedures/lab.ts';

export type Standings = ReadonlyMap<string, StandingCriterion>;

/** All criteria, by id, after each event that tells of some. */
export async function* standingsOf(
  events: AsyncIterable<readonly StandingCriterion[]> | Iterable<readonly StandingCriterion[]>,
): AsyncGenerator<Standings, void> {
  let standings: Standings = new Map();
  for await (const news of events) {
    standings = new Map([...standings, ...news.map((one) => [one.id, one] as const)]);
    yield standings;
  }
}
