/** A score, wherever it is told. */
export const scoreText = {
  brief: (score: number, possible: number) => `${score} / ${possible}`,
  outOf: (score: number, possible: number) => `${score} of ${possible}`,
  named: (score: number, possible: number) => `${score} of ${possible} points`,
  best: (score: number, possible: number) => `best ${score} of ${possible}`,
} as const;
