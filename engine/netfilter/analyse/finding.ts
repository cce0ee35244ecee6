/** What an analysis has to say. */

import type { Family, Rule } from '../model.ts';
import type { Hook } from '../simulate/simulation.ts';
import { ruleWords } from '../simulate/walk-chain.ts';
import { quoteWords } from '../words.ts';

export type FindingCode =
  /** Everything it could match is taken by rules before it. */
  | 'shadowed'
  /** No packet gets there: its chain is never entered, or a rule before takes all that is left. */
  | 'unreachable'
  /** No packet can meet all of its conditions. */
  | 'never-matches'
  /** Without it the same would happen: rules after it do the same. */
  | 'redundant'
  /** Without it the same would happen: the chain's policy does the same. */
  | 'same-as-policy'
  /** A part of what it matches is taken before by a rule with the opposite verdict, and the other way round: their order decides. */
  | 'contradictory'
  | 'unused-chain'
  | 'empty-chain'
  /** A jump to a chain that is not there, or in a circle: iptables-restore refuses it. */
  | 'broken-jump'
  /** New connections are let through and the packets that answer them are dropped. */
  | 'replies-dropped'
  | 'invalid-accepted'
  /** What one family's rules refuse, the other family's accept. */
  | 'other-family-open'
  /** A rule of one family does what no rule of the other does. */
  | 'no-counterpart'
  /** A table that could not be read, or whose exact sets do not fit. */
  | 'not-analysed';

/** error: surely not meant so. warning: does nothing, or leaves a hole. note: worth knowing. */
export type Severity = 'error' | 'warning' | 'note';

export interface RuleReference {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** 1-based; 0 is the chain's policy. */
  readonly rule: number;
  /** As iptables writes it; for a policy its name. */
  readonly text: string;
}

/** A packet that shows it, in the words of parsePacket, and where its way begins. */
export interface Witness {
  readonly hook: Hook;
  readonly packet: string;
  /** Answers of the host that are taken for granted, in words. */
  readonly assuming: readonly string[];
}

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** 1-based; empty where it is about the chain. */
  readonly rules: readonly number[];
  /** The first of the rules as iptables writes it; null where there is none. */
  readonly text: string | null;
  /** The rules and policies that cause it, as few as will do. */
  readonly causes: readonly RuleReference[];
  /** One sentence in plain words. */
  readonly message: string;
  readonly witness: Witness | null;
  /** The program that writes the chain, where its name tells: such chains are often empty, unused or in reserve. */
  readonly managedBy?: string;
}

export const ruleText = (rule: Rule): string => quoteWords(ruleWords(rule)) || '(no conditions, no target)';
