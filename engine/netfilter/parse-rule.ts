/** The words of one rule into conditions and an action, as do_command() of iptables(8) understands them. */

import { readNetwork } from './addresses.ts';
import type {
  Extension,
  MatchExtension,
  OptionSpec,
  ReadOption,
  RuleContext,
  TargetExtension,
} from './extensions/extension.ts';
import { opaqueOptions } from './extensions/opaque.ts';
import { findMatch, findTarget, implicitMatch } from './extensions/registry.ts';
import type { Action, Condition, Counters, Family } from './model.ts';
import { protocolNumber } from './protocols.ts';
import { WordError } from './syntax-error.ts';

export interface RuleMeaning {
  readonly conditions: Condition[];
  readonly action: Action;
  readonly counters: Counters | null;
}

interface Loaded {
  readonly extension: Extension & { readonly read?: MatchExtension['read'] };
  readonly options: ReadOption[];
}

interface Target {
  readonly name: string;
  readonly goto: boolean;
  readonly at: number;
  readonly extension: TargetExtension | undefined;
  readonly options: ReadOption[];
}

interface State {
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

type Global =
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

const globals: ReadonlyMap<string, Global> = new Map<string, Global>([
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
      state.matches.push({
        extension: findMatch(value, state.family) ?? { name: value, options: new Map() },
        options: [],
      });
      break;
    case 'jump':
    case 'goto':
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

interface Found {
  readonly spec: OptionSpec;
  readonly options: ReadOption[];
}

/** How many extensions back an option is looked for: more than any rule has, so that a hostile line stays linear. */
const reach = 64;

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

function exact(state: State, name: string): Found | null {
  const { target, matches } = state;
  const ofTarget = target?.extension?.options.get(name);
  if (target !== null && ofTarget !== undefined) return { spec: ofTarget, options: target.options };
  for (let index = matches.length - 1; index >= 0; index--) {
    const loaded = matches[index];
    const spec = loaded?.extension.options.get(name);
    if (loaded !== undefined && spec !== undefined) return { spec, options: loaded.options };
    if (matches.length - index > reach) return null;
  }
  return null;
}

/** The protocol's own match, loaded because an option of it was used without -m. */
function implicit(state: State, name: string): Found | null {
  const extension = implicitOf(state);
  const spec = extension?.options.get(name);
  if (extension === undefined || spec === undefined) return null;
  return { spec, options: load(state, extension) };
}

function load(state: State, extension: MatchExtension): ReadOption[] {
  const loaded: Loaded = { extension, options: [] };
  state.matches.push(loaded);
  return loaded.options;
}

function implicitOf(state: State): MatchExtension | undefined {
  if (state.protocol !== null) return implicitMatch(state.protocol);
  // iptables wants -p before the protocol's options; people do write them the other way round.
  if (state.laterProtocol === undefined) {
    const at = state.words.findIndex((word) => globals.get(word) === 'protocol');
    state.laterProtocol = at < 0 ? null : protocolNumber(state.words[at + 1] ?? '');
  }
  return state.laterProtocol === null ? undefined : implicitMatch(state.laterProtocol);
}

/** getopt_long(3): a long option may be shortened while only one option begins so; aliases of one option count once. */
function abbreviated(state: State, name: string, at: number): Found | null {
  if (name.length < 3 || !name.startsWith('--')) return null;
  const candidates: Found[] = [];
  const add = (extension: Extension | undefined, options: () => ReadOption[]) => {
    for (const [option, spec] of extension?.options ?? []) {
      if (!option.startsWith(name)) continue;
      if (!candidates.some((candidate) => candidate.spec === spec)) candidates.push({ spec, options: options() });
    }
  };
  const { target } = state;
  if (target !== null) add(target.extension, () => target.options);
  for (const loaded of state.matches.slice(-reach)) add(loaded.extension, () => loaded.options);
  if (candidates.length === 0) {
    const extension = implicitOf(state);
    const specs = new Set<OptionSpec>();
    for (const [option, spec] of extension?.options ?? []) if (option.startsWith(name)) specs.add(spec);
    const [spec] = specs;
    if (extension !== undefined && spec !== undefined && specs.size === 1)
      return { spec, options: load(state, extension) };
  }
  const alsoGlobal = candidates.length > 0 ? [...globals.keys()].filter((option) => option.startsWith(name)) : [];
  if (candidates.length + alsoGlobal.length > 1) {
    const names = [...candidates.map((candidate) => candidate.spec.name), ...alsoGlobal].join(', ');
    throw new WordError(`${name} could be ${names}`, at, 'the whole name of the option');
  }
  return candidates[0] ?? null;
}

function abbreviatedGlobal(state: State, name: string): Global | null {
  if (name.length < 4 || !name.startsWith('--')) return null;
  const found = new Set<Global>();
  for (const [option, global] of globals) if (option.startsWith(name)) found.add(global);
  const [global] = found;
  if (global === undefined || found.size > 1) return null;
  const taken =
    state.matches.slice(-reach).some((loaded) => hasPrefix(loaded.extension, name)) ||
    hasPrefix(state.target?.extension, name);
  return taken && !globals.has(name) ? null : global;
}

function hasPrefix(extension: Extension | undefined, name: string): boolean {
  for (const option of extension?.options.keys() ?? []) if (option.startsWith(name)) return true;
  return false;
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
