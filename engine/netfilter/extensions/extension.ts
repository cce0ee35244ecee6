/** What an extension of iptables-extensions(8) is to the parser: which options it takes, and what they mean. */

import type { Action, Condition, Family, Option } from '../model.ts';
import { WordError } from '../syntax-error.ts';
import { matchForm, targetForm } from './forms.ts';
import { opaqueOptions } from './opaque.ts';

/** An option as it was read, its name in the long form. */
export interface ReadOption extends Option {
  /** Index of its first word in the rule. */
  readonly at: number;
}

export interface OptionSpec {
  /** The name that readers see, whatever alias or abbreviation was typed. */
  readonly name: string;
  readonly values: number;
  /** A value may follow or not, as with --to-ports of old or --log-uid. */
  readonly optional: boolean;
}

/** What is known about a rule when its options are read. */
export interface RuleContext {
  readonly family: Family;
  /** The rule's protocol, null when it names none. */
  readonly protocol: number | null;
}

export interface Extension {
  readonly name: string;
  readonly options: ReadonlyMap<string, OptionSpec>;
}

export interface MatchExtension extends Extension {
  readonly read: (options: readonly ReadOption[], context: RuleContext) => Condition[];
}

export interface TargetExtension extends Extension {
  readonly read: (options: readonly ReadOption[], context: RuleContext) => Action;
}

/**
 * The options named in `text`: blank-separated entries `--name,--alias=VALUES`, where VALUES is how many words follow
 * (none when left out) and a `?` means that the value may be missing.
 */
export function optionTable(text: string): ReadonlyMap<string, OptionSpec> {
  const table = new Map<string, OptionSpec>();
  for (const entry of text.split(/\s+/)) {
    if (entry === '') continue;
    const [names = '', values = '0'] = entry.split('=');
    const all = names.split(',');
    const spec = { name: all[0] ?? '', values: values === '?' ? 1 : Number(values), optional: values === '?' };
    for (const name of all) table.set(name, spec);
  }
  return table;
}

/** A match whose meaning is not typed: its options survive and compare by normalised text. */
export function opaqueMatch(name: string, options: string): MatchExtension {
  return {
    name,
    options: optionTable(options),
    read: (read, { family }) => [
      { kind: 'opaque', module: name, ...opaqueOptions(read, matchForm(name, read, family)) },
    ],
  };
}

/** A target whose meaning is not typed. */
export function opaqueTarget(name: string, options: string): TargetExtension {
  return {
    name,
    options: optionTable(options),
    read: (read, { family }) => ({
      kind: 'opaque',
      target: name,
      ...opaqueOptions(read, targetForm(name, read, family)),
    }),
  };
}

/** The first value of an option. */
export function firstValue(option: ReadOption): string {
  return option.values[0] ?? '';
}

/** Refuses the value of an option, pointing at the value's word. */
export function badValue(option: ReadOption, expected: string): WordError {
  return new WordError(`${option.name} cannot take "${shorten(firstValue(option))}"`, option.at + 1, expected);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
