/** Text that is no ruleset: where it stops being one (1-based), and what was expected there. */
export class RulesetSyntaxError extends Error {
  override readonly name = 'RulesetSyntaxError';
  readonly line: number;
  readonly column: number;
  readonly expected: string;

  constructor(message: string, place: { line: number; column: number; expected: string }) {
    super(message);
    this.line = place.line;
    this.column = place.column;
    this.expected = place.expected;
  }
}

/** What a reader of words throws: it knows the word, and its caller knows the line and column of that word. */
export class WordError extends Error {
  /** Index of the word within the rule. */
  readonly at: number;
  readonly expected: string;

  constructor(message: string, at: number, expected: string) {
    super(message);
    this.at = at;
    this.expected = expected;
  }
}
