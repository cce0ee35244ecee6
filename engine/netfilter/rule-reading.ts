/** What is known while the words of one rule are read. */

import type { Extension, MatchExtension, ReadOption, TargetExtension } from './extensions/extension.ts';
import type { Condition, Counters, Family } from './model.ts';

export interface Loaded {
  readonly extension: Extension & { readonly read?: MatchExtension['read'] };
  readonly options: ReadOption[];
}

export interface Target {
  readonly name: string;
  readonly goto: boolean;
  readonly at: number;
  readonly extension: TargetExtension | undefined;
  readonly options: ReadOption[];
}

export interface State {
  readonly words: readonly string[];
  readonly family: Family;
  readonly conditions: Condition[];
  /** Matches in the order they were loaded. */
  readonly matches: Loaded[];
  target: Target | null;
  protocol: number | null;
  /** The protocol that stands somewhere in the rule; undefined until it was looked for. */
  laterProtocol: number | null | undefined;
  counters: Counters | null;
}

export type Global =
  | 'source'
  | 'destination'
  | 'in'
  | 'out'
  | 'protocol'
  | 'fragment'
  | 'match'
  | 'jump'
  | 'goto'
  | 'counters'
  | 'family';

export const globals: ReadonlyMap<string, Global> = new Map<string, Global>([
  ['-s', 'source'],
  ['--source', 'source'],
  ['--src', 'source'],
  ['-d', 'destination'],
  ['--destination', 'destination'],
  ['--dst', 'destination'],
  ['-i', 'in'],
  ['--in-interface', 'in'],
  ['-o', 'out'],
  ['--out-interface', 'out'],
  ['-p', 'protocol'],
  ['--protocol', 'protocol'],
  ['-f', 'fragment'],
  ['--fragments', 'fragment'],
  ['-m', 'match'],
  ['--match', 'match'],
  ['-j', 'jump'],
  ['--jump', 'jump'],
  ['-g', 'goto'],
  ['--goto', 'goto'],
  ['-c', 'counters'],
  ['--set-counters', 'counters'],
  ['-4', 'family'],
  ['--ipv4', 'family'],
  ['-6', 'family'],
  ['--ipv6', 'family'],
]);
