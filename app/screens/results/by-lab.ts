import type { ResultSummary } from '../../../engine/contract/procedures/results.ts';

/** What became of one lab over all of its checks. */
export interface LabHistory {
  /** PACK/LAB. */
  readonly key: string;
  readonly title: string;
  /** The best check. */
  readonly best: ResultSummary;
  /** Shares of the possible score, 0 to 1, oldest first. */
  readonly shares: readonly number[];
}

export const labOf = ({ pack, lab }: ResultSummary): string => `${pack}/${lab}`;

/** Labs in the order of their latest check. `results` come newest first. */
export function byLab(results: readonly ResultSummary[]): readonly LabHistory[] {
  const labs = new Map<string, ResultSummary[]>();
  for (const result of results) {
    const own = labs.get(labOf(result));
    if (own) own.push(result);
    else labs.set(labOf(result), [result]);
  }
  return [...labs].map(([key, own]) => ({
    key,
    title: own[0]?.title ?? key,
    best: own.reduce((best, one) => (shareOf(one) > shareOf(best) ? one : best)),
    shares: own.map(shareOf).reverse(),
  }));
}

const shareOf = ({ score, possible }: ResultSummary): number => (possible > 0 ? score / possible : 0);
