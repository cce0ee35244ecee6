/** The words of one rule into conditions and an action, as do_command() of iptables(8) understands them. */

import { readNetwork } from './addresses.ts';
import type { ReadOption, RuleContext } from './extensions/extension.ts';
import { opaqueOptions } from './extensions/opaque.ts';
import { findMatch, findTarget } from './extensions/registry.ts';
import type { Action, Condition, Counters, Family } from './model.ts';
import { abbreviated, abbreviatedGlobal, exact, type Found, implicit } from './option-lookup.ts';
import { protocolNumber } from './protocols.ts';
import { type Global, globals, type State } from './rule-reading.ts';
import { WordError } from './syntax-error.ts';

export interface RuleMeaning {
  readonly conditions: Condition[];
  readonly action: Action;
  readonly counters: Counters | null;
}

const withoutValue: ReadonlySet<Global> = new Set<Global>(['fragment', 'family']);

/**
 * What the words after `-A CHAIN` mean. `chains` are the user-defined chains of the table, null when they are not known: a target
 * that is no extension is then taken for a chain. Throws WordError.
 */
export function readRule(words: readonly string[], family: Family, chains: ReadonlySet<string> | null): RuleMeaning {
  const state: State = {
    words,
    family,
    conditions: [],
    matches: [],
    target: null,
    protocol: null,
    laterProtocol: undefined,
    counters: null,
  };
  let at = 0;
  while (at < words.length) at = readOption(state, at);
  const context: RuleContext = { family, protocol: state.protocol };
  for (const { extension, options } of state.matches) {
    if (extension.read !== undefined)
      for (const condition of extension.read(options, context)) state.conditions.push(condition);
    else state.conditions.push({ kind: 'opaque', module: extension.name, ...opaqueOptions(options) });
  }
  return { conditions: state.conditions, action: readAction(state, context, chains), counters: state.counters };
}

/** Reads the option at `at` and returns where the next one begins. */
function readOption(state: State, at: number): number {
  const { words } = state;
  let next = at;
  let negated = false;
  while (words[next] === '!') {
    negated = !negated;
    next++;
  }
  const word = words[next];
  if (word === undefined) throw new WordError('"!" is followed by nothing', at, 'an option after "!"');
  const global = globals.get(word);
  if (global !== undefined) return readGlobal(state, global, next, next + 1, undefined, negated);
  if (word.length < 2 || word.charCodeAt(0) !== 45) {
    throw new WordError(`"${word.slice(0, 60)}" stands where an option should`, next, 'an option such as -p, -m or -j');
  }
  if (word.charCodeAt(1) !== 45) {
    // getopt(3): a short option may carry its value in the same word, as in -ptcp.
    const short = globals.get(word.slice(0, 2));
    if (short === undefined || withoutValue.has(short)) return readLong(state, next, negated);
    return readGlobal(state, short, next, next + 1, word.slice(2), negated);
  }
  return readLong(state, next, negated);
}

function valueAt(state: State, at: number, option: number): string {
  const value = state.words[at];
  if (value === undefined) {
    throw new WordError(`${state.words[option]} needs a value`, option, `a value after ${state.words[option]}`);
  }
  return value;
}

const isNeverNegated: ReadonlySet<Global> = new Set<Global>(['match', 'jump', 'goto', 'counters']);

/** `joined` is the value when it stood in the option's own word. */
function readGlobal(
  state: State,
  global: Global,
  option: number,
  at: number,
  joined: string | undefined,
  outer: boolean,
): number {
  if (withoutValue.has(global)) {
    if (global === 'fragment') state.conditions.push({ kind: 'fragment', negated: outer });
    return at;
  }
  let next = at;
  let negated = outer;
  if (joined === undefined && state.words[next] === '!') {
    negated = !negated;
    next++;
  }
  const value = joined ?? valueAt(state, next++, option);
  const place = joined === undefined ? next - 1 : option;
  if (value === '!') throw new WordError(`${state.words[option]} needs a value`, place, 'a value after "!"');
  if (negated && isNeverNegated.has(global))
    throw new WordError(`${state.words[option]} cannot be negated`, option, 'no "!"');
  switch (global) {
    case 'source':
    case 'destination':
      state.conditions.push(readAddress(value, place, global, state.family, negated));
      break;
    case 'in':
    case 'out':
      state.conditions.push({ kind: global === 'in' ? 'in-interface' : 'out-interface', name: value, negated });
      break;
    case 'protocol':
      readProtocol(state, value, place, negated);
      break;
    case 'match':
      if (value === '') throw new WordError('-m needs the name of a match', place, 'a name such as tcp or conntrack');
      state.matches.push({
        extension: findMatch(value, state.family) ?? { name: value, options: new Map() },
        options: [],
      });
      break;
    case 'jump':
    case 'goto':
      if (value === '') throw new WordError('-j needs a target', place, 'a target such as ACCEPT, or a chain');
      if (state.target !== null) throw new WordError('a rule has one target only', option, 'no second -j or -g');
      state.target = { name: value, goto: global === 'goto', at: place, extension: findTarget(value), options: [] };
      break;
    case 'counters':
      return readCounters(state, value, next, option);
  }
  return next;
}

function readAddress(
  text: string,
  at: number,
  kind: 'source' | 'destination',
  family: Family,
  negated: boolean,
): Condition {
  const network = readNetwork(text, family);
  if (network !== null) return { kind, network, negated };
  if (text.includes(',')) throw new WordError('several addresses make several rules', at, 'one address');
  // A host or network name: what it stands for is the resolver's to say.
  if (/^[a-z_][a-z0-9_.-]*[a-z0-9]?(\/[0-9.]+)?$/i.test(text) && !/^[0-9a-f:.]+$/i.test(text.replace(/\/.*/, ''))) {
    return {
      kind: 'opaque',
      module: 'hostname',
      options: [{ name: `--${kind}`, values: [text.toLowerCase()], negated }],
    };
  }
  const form =
    family === 'ipv4'
      ? 'an IPv4 address with an optional /prefix or /mask'
      : 'an IPv6 address with an optional /prefix';
  throw new WordError(`"${text.slice(0, 60)}" is no ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address`, at, form);
}

function readProtocol(state: State, text: string, at: number, negated: boolean): void {
  const protocol = protocolNumber(text);
  if (protocol === null)
    throw new WordError(`unknown protocol "${text.slice(0, 60)}"`, at, 'a protocol name or a number from 0 to 255');
  if (state.conditions.some((condition) => condition.kind === 'protocol')) {
    throw new WordError('a rule names one protocol only', at, 'no second -p');
  }
  if (!negated) state.protocol = protocol;
  state.conditions.push({ kind: 'protocol', protocol, negated });
}

/** `-c PACKETS BYTES`, or `-c PACKETS,BYTES`. */
function readCounters(state: State, first: string, at: number, option: number): number {
  const comma = first.indexOf(',');
  const packets = comma < 0 ? first : first.slice(0, comma);
  const bytes = comma < 0 ? valueAt(state, at, option) : first.slice(comma + 1);
  if (!/^\d+$/.test(packets) || !/^\d+$/.test(bytes)) {
    throw new WordError(`${state.words[option]} needs two numbers`, option, 'PACKETS BYTES');
  }
  state.counters = { packets: Number(packets), bytes: Number(bytes) };
  return comma < 0 ? at + 1 : at;
}

/** An option of an extension: the newest loaded is asked first, as xtables_merge_options() puts it first. */
function readLong(state: State, at: number, negated: boolean): number {
  const written = state.words[at] ?? '';
  const equals = written.indexOf('=');
  const name = equals > 0 ? written.slice(0, equals) : written;
  const joined = equals > 0 ? written.slice(equals + 1) : undefined;
  const found = exact(state, name) ?? implicit(state, name);
  if (found !== null) return takeValues(state, found, at, joined, negated);
  const global = abbreviatedGlobal(state, name);
  if (global !== null) return readGlobal(state, global, at, at + 1, joined, negated);
  const longer = abbreviated(state, name, at);
  if (longer !== null) return takeValues(state, longer, at, joined, negated);
  return takeUnknown(state, at, negated);
}

/** Options whose value is any text, so that `!` before it is a value and no negation. */
const freeText: ReadonlySet<string> = new Set([
  '--comment',
  '--log-prefix',
  '--nflog-prefix',
  '--ulog-prefix',
  '--string',
  '--hex-string',
]);

function takeValues(
  state: State,
  { spec, options }: Found,
  at: number,
  joined: string | undefined,
  outer: boolean,
): number {
  const values: string[] = [];
  let next = at + 1;
  let negated = outer;
  if (joined !== undefined) values.push(joined);
  else if (spec.values > 0 && state.words[next] === '!' && !freeText.has(spec.name)) {
    negated = !negated;
    next++;
  }
  while (values.length < spec.values) {
    const word = state.words[next];
    if (spec.optional && (word === undefined || word.startsWith('-') || word === '!')) break;
    if (word === '!' && !freeText.has(spec.name)) {
      throw new WordError(`${spec.name} needs a value`, next, 'a value, and "!" once at most');
    }
    values.push(valueAt(state, next, at));
    next++;
  }
  options.push({ name: spec.name, values, negated, at: next - 1 - Math.max(1, values.length) });
  return next;
}

/** An option nobody declared: it takes what follows up to the next option, and belongs to the last unknown extension. */
function takeUnknown(state: State, at: number, negated: boolean): number {
  const name = state.words[at] ?? '';
  const values: string[] = [];
  let next = at + 1;
  while (next < state.words.length) {
    const word = state.words[next] ?? '';
    if (word === '!' || /^-[^0-9]/.test(word)) break;
    values.push(word);
    next++;
  }
  ownerOfUnknown(state, at).push({ name, values, negated, at });
  return next;
}

function ownerOfUnknown(state: State, at: number): ReadOption[] {
  if (state.target !== null && state.target.extension === undefined) return state.target.options;
  const last = state.matches.at(-1);
  if (last !== undefined && last.extension.read === undefined) return last.options;
  const name = (state.words[at] ?? '').slice(0, 60);
  const given = state.matches.map((loaded) => loaded.extension.name).join(', ');
  throw new WordError(`unknown option "${name}"`, at, given === '' ? 'an option of the rule' : `an option of ${given}`);
}

const verdicts: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['ACCEPT', { kind: 'accept' }],
  ['DROP', { kind: 'drop' }],
  ['RETURN', { kind: 'return' }],
]);

function readAction(state: State, context: RuleContext, chains: ReadonlySet<string> | null): Action {
  const { target } = state;
  if (target === null) return { kind: 'none' };
  if (target.goto) return { kind: 'goto', chain: target.name };
  if (chains?.has(target.name)) return { kind: 'jump', chain: target.name };
  if (target.extension !== undefined) return target.extension.read(target.options, context);
  const verdict = verdicts.get(target.name);
  if (verdict === undefined && target.options.length > 0) {
    return { kind: 'opaque', target: target.name, ...opaqueOptions(target.options) };
  }
  return verdict ?? { kind: 'jump', chain: target.name };
}
