/** iptables-save(8) text into the model. */

import { isBuiltinChain } from './builtin.ts';
import { describeDump } from './family.ts';
import type { Backend, Chain, Counters, Family, Remark, Rule, Ruleset, Table } from './model.ts';
import { readRule } from './parse-rule.ts';
import { chainLine, ruleLine } from './print.ts';
import { RulesetSyntaxError, WordError } from './syntax-error.ts';
import { splitWords, type Words } from './words.ts';

export interface ParseOptions {
  /** Whose addresses and protocols these are; else the header comment says, else an IPv6 address or icmp6 in the text, else IPv4. */
  readonly family?: Family;
  readonly backend?: Backend;
}

interface OpenChain {
  readonly name: string;
  policy: Chain['policy'];
  readonly counters: Counters | null;
  readonly line: number;
  readonly rules: Rule[];
}

interface OpenTable {
  readonly name: string;
  readonly line: number;
  readonly chains: Map<string, OpenChain>;
  /** Names of chains that a jump may go to; grows while the table is read. */
  readonly declared: Set<string>;
  readonly pending: PendingRule[];
}

/** A rule whose words are read when the table's chains are all known. */
interface PendingRule {
  readonly chain: OpenChain;
  readonly counters: Counters | null;
  readonly text: string;
  readonly line: number;
  readonly words: Words;
  /** How many of the words stand before the rule's own: the command and the chain. */
  readonly skip: number;
}

interface Reading {
  readonly family: Family;
  readonly tables: Table[];
  readonly remarks: Remark[];
  table: OpenTable | null;
}

/** Reads what iptables-save or ip6tables-save printed, or a file for iptables-restore. Throws RulesetSyntaxError, nothing else. */
export function parseSave(text: string, options: ParseOptions = {}): Ruleset {
  const { family, backend } = describeDump(text, options);
  const crlf = text.includes('\r\n') && !/(?:^|[^\r])\n/.test(text);
  const reading: Reading = { family, tables: [], remarks: [], table: null };
  let line = 0;
  let from = 0;
  while (from < text.length) {
    let end = text.indexOf('\n', from);
    if (end < 0) end = text.length;
    line++;
    readLine(reading, text.slice(from, crlf && end < text.length ? end - 1 : end), line);
    from = end + 1;
  }
  if (reading.table !== null) {
    throw new RulesetSyntaxError(`table ${reading.table.name} is not finished`, {
      line: line + 1,
      column: 1,
      expected: 'COMMIT',
    });
  }
  return {
    family,
    tables: reading.tables,
    remarks: reading.remarks,
    ...(backend === null ? {} : { backend }),
    ...(crlf ? { newline: '\r\n' as const } : {}),
    ...(text !== '' && !text.endsWith('\n') ? { unterminated: true as const } : {}),
  };
}

function readLine(reading: Reading, whole: string, line: number): void {
  const text = whole.charCodeAt(whole.length - 1) === 13 ? whole.slice(0, -1) : whole;
  const remember = () => reading.remarks.push({ line, text: whole });
  const first = text.charCodeAt(0);
  if (text === '' || first === 35) {
    remember();
    noteUnreadable(reading, text, line);
    return;
  }
  const { table } = reading;
  if (table === null) {
    if (first === 42) {
      reading.table = openTable(text, line);
      if (whole !== `*${reading.table.name}`) remember();
    } else if (text.trim() === '') remember();
    else fail('this line stands outside a table', line, 1, '*TABLE, such as *filter');
    return;
  }
  if (first === 45 || first === 91) {
    if (readCommand(table, text, line) || whole !== text) remember();
  } else if (first === 58) {
    const chain = readChain(table, text, line);
    if (chainLine(chain) !== whole) remember();
  } else if (text.trimEnd() === 'COMMIT') {
    reading.tables.push(closeTable(reading, table, line));
    reading.table = null;
    if (whole !== 'COMMIT') remember();
  } else if (text.trim() === '') remember();
  else
    fail(
      `"${text.slice(0, 60)}" is no line of a table`,
      line,
      1,
      ':CHAIN POLICY [PACKETS:BYTES], -A CHAIN ..., or COMMIT',
    );
}

function fail(message: string, line: number, column: number, expected: string): never {
  throw new RulesetSyntaxError(message, { line, column, expected });
}

/** iptables-nft-save writes a comment where a table holds rules that iptables cannot express. */
function noteUnreadable(reading: Reading, text: string, line: number): void {
  if (!text.startsWith('# Table `')) return;
  const match = /^# (Table `([^']+)' is incompatible.*)$/.exec(text);
  if (match === null) return;
  const [, unreadable = '', name = ''] = match;
  reading.tables.push({ name, chains: [], unreadable, line });
}

function openTable(text: string, line: number): OpenTable {
  const name = text.slice(1).trim();
  if (name === '' || /\s/.test(name)) fail('a table has one name', line, 2, 'filter, nat, mangle, raw or security');
  return { name, line, chains: new Map(), declared: new Set(), pending: [] };
}

/** `:NAME POLICY [PACKETS:BYTES]`, the counters optional. */
function readChain(table: OpenTable, text: string, line: number): Chain {
  const { words, starts } = splitWords(text, 1);
  const [name, policy, counters] = words;
  const column = (index: number) => (starts[index] ?? text.length) + 1;
  if (name === undefined) fail('a chain has a name', line, 2, ':CHAIN POLICY [PACKETS:BYTES]');
  if (policy !== 'ACCEPT' && policy !== 'DROP' && policy !== '-') {
    fail(`chain ${name.slice(0, 60)} has no policy`, line, column(1), 'ACCEPT, DROP, or - for a user-defined chain');
  }
  const read = counters === undefined ? null : readCounters(counters);
  if (counters !== undefined && read === null) fail('these are no counters', line, column(2), '[PACKETS:BYTES]');
  if (words.length > 3) fail('the line goes on after the counters', line, column(3), 'the end of the line');
  const chain: OpenChain = { name, policy: policy === '-' ? null : policy, counters: read, line, rules: [] };
  if (!table.chains.has(name)) table.chains.set(name, chain);
  else fail(`chain ${name.slice(0, 60)} is declared twice`, line, 2, 'another name');
  if (policy === '-') table.declared.add(name);
  return chain;
}

/** `[PACKETS:BYTES]`, null when it is not that. */
function readCounters(text: string): Counters | null {
  const colon = text.indexOf(':');
  if (text.charCodeAt(0) !== 91 || colon < 0 || !text.endsWith(']')) return null;
  const packets = text.slice(1, colon);
  const bytes = text.slice(colon + 1, -1);
  if (!/^\d{1,20}$/.test(packets) || !/^\d{1,20}$/.test(bytes)) return null;
  return { packets: Number(packets), bytes: Number(bytes) };
}

/** Reads a line that begins with `-` or `[`; true when its text has to be kept because the model would print another. */
function readCommand(table: OpenTable, text: string, line: number): boolean {
  let counters: Counters | null = null;
  let start = 0;
  if (text.charCodeAt(0) === 91) {
    const close = text.indexOf(']');
    counters = close < 0 ? null : readCounters(text.slice(0, close + 1));
    if (counters === null) fail('these are no counters', line, 1, '[PACKETS:BYTES] before -A');
    start = close + 1;
  }
  const words = splitWords(text, start);
  if (words.unclosed >= 0) fail('a quote is opened here and never closed', line, words.unclosed + 1, 'a closing "');
  const [command, name] = words.words;
  const columnOf = (index: number) => (words.starts[index] ?? text.length) + 1;
  if (command === '-N' || command === '--new-chain' || command === '-P' || command === '--policy') {
    readChainCommand(table, words, line, columnOf);
    return true;
  }
  if (command !== '-A' && command !== '--append') {
    fail(
      `${(command ?? 'nothing').slice(0, 60)} is no command of a dump`,
      line,
      columnOf(0),
      '-A CHAIN, the form that iptables-save writes',
    );
  }
  if (name === undefined) fail('-A needs a chain', line, columnOf(1), 'the name of a chain');
  const chain = table.chains.get(name) ?? impliedChain(table, name, line, columnOf(1));
  table.pending.push({ chain, counters, text, line, words, skip: 2 });
  return !reprints(text, words, name, counters, command);
}

function readChainCommand(table: OpenTable, { words }: Words, line: number, columnOf: (index: number) => number): void {
  const [command, name, policy] = words;
  if (name === undefined) fail(`${command} needs a chain`, line, columnOf(1), 'the name of a chain');
  if (command === '-N' || command === '--new-chain') {
    if (table.chains.has(name)) fail(`chain ${name.slice(0, 60)} is declared twice`, line, columnOf(1), 'another name');
    table.chains.set(name, { name, policy: null, counters: null, line: 0, rules: [] });
    table.declared.add(name);
    return;
  }
  const chain = table.chains.get(name) ?? impliedChain(table, name, line, columnOf(1));
  if (policy !== 'ACCEPT' && policy !== 'DROP') fail('no policy', line, columnOf(2), 'ACCEPT or DROP');
  chain.policy = policy;
}

/** A built-in chain is there without a line of its own. */
function impliedChain(table: OpenTable, name: string, line: number, column: number): OpenChain {
  if (!isBuiltinChain(table.name, name)) {
    fail(
      `table ${table.name} has no chain ${name.slice(0, 60)}`,
      line,
      column,
      'a chain declared with :CHAIN before its rules',
    );
  }
  const chain: OpenChain = { name, policy: 'ACCEPT', counters: null, line: 0, rules: [] };
  table.chains.set(name, chain);
  return chain;
}

/** Whether printing the words gives the line again. Without quotes it is a matter of single blanks. */
function reprints(text: string, words: Words, chain: string, counters: Counters | null, command: string): boolean {
  if (command !== '-A') return false;
  const own = words.words;
  if (!text.includes('"') && !text.includes('\t')) {
    let length = own.length - 1;
    for (const word of own) length += word.length;
    const prefix = counters === null ? '' : `[${counters.packets}:${counters.bytes}] `;
    return prefix.length + length === text.length && text.startsWith(prefix);
  }
  return ruleLine(chain, own.slice(2), counters) === text;
}

function closeTable(reading: Reading, table: OpenTable, line: number): Table {
  for (const pending of table.pending) pending.chain.rules.push(readPending(pending, reading.family, table.declared));
  return { name: table.name, chains: [...table.chains.values()], line: table.line, end: line };
}

function readPending(pending: PendingRule, family: Family, chains: ReadonlySet<string>): Rule {
  const words = pending.words.words.slice(pending.skip);
  try {
    const meaning = readRule(words, family, chains);
    return {
      words,
      line: pending.line,
      counters: pending.counters ?? meaning.counters,
      conditions: meaning.conditions,
      action: meaning.action,
    };
  } catch (thrown) {
    throw located(thrown, pending.words, pending.skip, pending.line, pending.text.length);
  }
}

function located(thrown: unknown, words: Words, skip: number, line: number, end: number): unknown {
  if (!(thrown instanceof WordError)) return thrown;
  const column = (words.starts[thrown.at + skip] ?? end) + 1;
  return new RulesetSyntaxError(thrown.message, { line, column, expected: thrown.expected });
}

/**
 * Reads one rule as it is typed after `-A CHAIN`: `-p tcp --dport 8888 -j REDIRECT --to-ports 80`. A target that is neither a verdict
 * nor a known extension is taken for a chain. Throws RulesetSyntaxError with line 1.
 */
export function parseRule(text: string, family: Family): Rule {
  const words = splitWords(text.replace(/[\r\n]+/g, ' '));
  if (words.unclosed >= 0) fail('a quote is opened here and never closed', 1, words.unclosed + 1, 'a closing "');
  try {
    const { conditions, action, counters } = readRule(words.words, family, null);
    return { words: words.words, line: 0, counters, conditions, action };
  } catch (thrown) {
    throw located(thrown, words, 0, 1, text.length);
  }
}
