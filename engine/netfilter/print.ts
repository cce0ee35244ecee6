/** The model back into the text that iptables-save(8) writes. */

import { canonicalWords } from './canonical.ts';
import type { Chain, Counters, Rule, Ruleset, Table } from './model.ts';
import { quoteWords } from './words.ts';

export interface PrintOptions {
  /** Rules in today's form (what iptables-save of iptables 1.8 writes) instead of the words that were read. */
  readonly canonical?: boolean;
  /** false leaves the rules' counters out and writes the chains' as [0:0]; true writes them all, [0:0] where unknown. */
  readonly counters?: boolean;
}

interface Line {
  readonly line: number;
  readonly text: string;
}

/** The ruleset as text. Without options, what parseSave() read comes back byte for byte. */
export function printSave(ruleset: Ruleset, options: PrintOptions = {}): string {
  const asRead = options.canonical !== true && options.counters === undefined;
  const lines = hasLines(ruleset) ? inReadOrder(ruleset, options, asRead) : inModelOrder(ruleset, options);
  const newline = ruleset.newline ?? '\n';
  const text = lines.join(newline);
  return lines.length === 0 || ruleset.unterminated === true ? text : text + newline;
}

/** The words of a rule as one text, what stands after `-A CHAIN`. */
export function printRule(rule: Rule): string {
  return quoteWords(rule.words);
}

/** `[PACKETS:BYTES] -A CHAIN WORDS`. */
export function ruleLine(chain: string, words: readonly string[], counters: Counters | null): string {
  const prefix = counters === null ? '' : `${countersText(counters)} `;
  return words.length === 0 ? `${prefix}-A ${chain}` : `${prefix}-A ${chain} ${quoteWords(words)}`;
}

/** `:CHAIN POLICY [PACKETS:BYTES]`. */
export function chainLine(chain: Pick<Chain, 'name' | 'policy' | 'counters'>): string {
  const counters = chain.counters === null ? '' : ` ${countersText(chain.counters)}`;
  return `:${chain.name} ${chain.policy ?? '-'}${counters}`;
}

function countersText(counters: Counters): string {
  return `[${counters.packets}:${counters.bytes}]`;
}

const zero: Counters = { packets: 0, bytes: 0 };

function printRuleLine(chain: Chain, rule: Rule, options: PrintOptions): string {
  const words = options.canonical === true ? canonicalWords(rule) : rule.words;
  const inWords = options.canonical !== true && words.some((word) => word === '-c' || word === '--set-counters');
  const counters =
    inWords || options.counters === false ? null : (rule.counters ?? (options.counters === true ? zero : null));
  return ruleLine(chain.name, words, counters);
}

function printChainLine(chain: Chain, options: PrintOptions): string {
  if (options.counters === false) return chainLine({ ...chain, counters: zero });
  return chainLine({ ...chain, counters: chain.counters ?? (options.counters === true ? zero : null) });
}

/** Whether every rule and table says where it stood. */
function hasLines(ruleset: Ruleset): boolean {
  return ruleset.tables.every(
    (table) => (table.line ?? 0) > 0 && table.chains.every((chain) => chain.rules.every((rule) => rule.line > 0)),
  );
}

function inReadOrder(ruleset: Ruleset, options: PrintOptions, asRead: boolean): string[] {
  const kept = new Map(ruleset.remarks.map((remark) => [remark.line, remark.text]));
  const lines: Line[] = [];
  const add = (line: number, text: () => string) => {
    if (line === 0) return;
    const remark = asRead ? kept.get(line) : undefined;
    kept.delete(line);
    lines.push({ line, text: remark ?? text() });
  };
  for (const table of ruleset.tables) {
    if (table.unreadable !== undefined) continue;
    add(table.line ?? 0, () => `*${table.name}`);
    for (const chain of table.chains) {
      add(chain.line ?? 0, () => printChainLine(chain, options));
      for (const rule of chain.rules) add(rule.line, () => printRuleLine(chain, rule, options));
    }
    add(table.end ?? 0, () => 'COMMIT');
  }
  for (const [line, text] of kept) lines.push({ line, text });
  return lines.sort((a, b) => a.line - b.line).map(({ text }) => text);
}

function inModelOrder(ruleset: Ruleset, options: PrintOptions): string[] {
  return ruleset.tables.flatMap((table) => printTable(table, options));
}

function printTable(table: Table, options: PrintOptions): string[] {
  if (table.unreadable !== undefined) return [`# ${table.unreadable}`];
  const lines = [`*${table.name}`];
  for (const chain of table.chains) lines.push(printChainLine({ ...chain, counters: chain.counters ?? zero }, options));
  for (const chain of table.chains) {
    for (const rule of chain.rules) lines.push(printRuleLine(chain, rule, options));
  }
  lines.push('COMMIT');
  return lines;
}
