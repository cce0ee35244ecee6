/** Which extension an option belongs to: as getopt_long(3) over the options that iptables has loaded so far. */

import type { Extension, MatchExtension, OptionSpec, ReadOption } from './extensions/extension.ts';
import { implicitMatch } from './extensions/registry.ts';
import { protocolNumber } from './protocols.ts';
import { type Global, globals, type Loaded, type State } from './rule-reading.ts';
import { WordError } from './syntax-error.ts';

export interface Found {
  readonly spec: OptionSpec;
  readonly options: ReadOption[];
}

/** How many extensions back an option is looked for: more than any rule has, so that a hostile line stays linear. */
const reach = 64;

export function exact(state: State, name: string): Found | null {
  const { target, matches } = state;
  const ofTarget = target?.extension?.options.get(name);
  if (target !== null && ofTarget !== undefined) return { spec: ofTarget, options: target.options };
  for (let index = matches.length - 1; index >= 0; index--) {
    const loaded = matches[index];
    if (loaded?.extension.options.size === 0 && matches.length - index <= reach) continue;
    const spec = loaded?.extension.options.get(name);
    if (loaded !== undefined && spec !== undefined) return { spec, options: loaded.options };
    if (matches.length - index > reach) return null;
  }
  return null;
}

/** The protocol's own match, loaded because an option of it was used without -m. */
export function implicit(state: State, name: string): Found | null {
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
  if (state.protocol !== null) return implicitMatch(state.protocol, state.family);
  // iptables wants -p before the protocol's options; people do write them the other way round.
  if (state.laterProtocol === undefined) {
    const at = state.words.findIndex((word) => globals.get(word) === 'protocol');
    state.laterProtocol = at < 0 ? null : protocolNumber(state.words[at + 1] ?? '');
  }
  return state.laterProtocol === null ? undefined : implicitMatch(state.laterProtocol, state.family);
}

/** getopt_long(3): a long option may be shortened while only one option begins so; aliases of one option count once. */
export function abbreviated(state: State, name: string, at: number): Found | null {
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
  for (const loaded of state.matches.slice(-reach)) {
    if (loaded.extension.options.size > 0) add(loaded.extension, () => loaded.options);
  }
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

export function abbreviatedGlobal(state: State, name: string): Global | null {
  if (name.length < 4 || !name.startsWith('--')) return null;
  const found = new Set<Global>();
  for (const [option, global] of globals) if (option.startsWith(name)) found.add(global);
  const [global] = found;
  if (global === undefined || found.size > 1) return null;
  const taken =
    state.matches
      .slice(-reach)
      .some((loaded) => loaded.extension.options.size > 0 && hasPrefix(loaded.extension, name)) ||
    hasPrefix(state.target?.extension, name);
  return taken && !globals.has(name) ? null : global;
}

function hasPrefix(extension: Extension | undefined, name: string): boolean {
  for (const option of extension?.options.keys() ?? []) if (option.startsWith(name)) return true;
  return false;
}
