import type { LabQuestion } from '../../engine/contract/procedures/lab.ts';

/** What a guide can do and know beyond its text: the parts of a session that its blocks reach for. */
export interface GuideDesk {
  readonly session: string;
  readonly nodes: readonly string[];
  readonly questions: readonly LabQuestion[];
  /** Answers can be stored and commands typed: the session runs. */
  readonly live: boolean;
  /** When the block that begins at this line was last run, in milliseconds since 1970; null: never. */
  ranAt(line: number): number | null;
  /** Types a block into a terminal of its node. */
  run(block: { readonly node: string; readonly code: string; readonly line: number }): void;
  /** Stores an answer. */
  answer(question: string, value: string): Promise<void>;
  /** A picture of the lab as an address that an img element takes. */
  image(path: string): Promise<string>;
}
