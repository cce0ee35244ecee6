/** Extensions whose options have a typed meaning, each on its own or all together; what a reader does not understand stays opaque. */

import type { Action, Condition } from '../model.ts';
import {
  type MatchExtension,
  optionTable,
  type ReadOption,
  type RuleContext,
  type TargetExtension,
} from './extension.ts';
import { matchForm, targetForm } from './forms.ts';
import { opaqueOptions } from './opaque.ts';

/**
 * A match whose options each ask for one thing and hold together. The order of `options` is the one that iptables-save prints them in.
 * `read` gives null for what it does not understand.
 */
export function typedMatch(
  name: string,
  options: string,
  read: (option: ReadOption, context: RuleContext) => Condition | null,
): MatchExtension {
  const table = optionTable(options);
  const order = [...new Set(table.values())].map((spec) => spec.name);
  return {
    name,
    options: table,
    read: (given, context) =>
      [...given]
        .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
        .map((option) => read(option, context) ?? opaque(name, [option], context)),
  };
}

/** A match whose options make one condition together. */
export function wholeMatch(
  name: string,
  options: string,
  read: (options: readonly ReadOption[], context: RuleContext) => Condition | null,
): MatchExtension {
  return {
    name,
    options: optionTable(options),
    read: (given, context) => [read(given, context) ?? opaque(name, given, context)],
  };
}

function opaque(module: string, options: readonly ReadOption[], { family }: RuleContext): Condition {
  return { kind: 'opaque', module, ...opaqueOptions(options, matchForm(module, options, family)) };
}

/** A target; `read` gives null for what it does not understand. */
export function typedTarget(
  name: string,
  options: string,
  read: (options: readonly ReadOption[], context: RuleContext) => Action | null,
): TargetExtension {
  return {
    name,
    options: optionTable(options),
    read: (given, context) =>
      read(given, context) ?? {
        kind: 'opaque',
        target: name,
        ...opaqueOptions(given, targetForm(name, given, context.family)),
      },
  };
}
