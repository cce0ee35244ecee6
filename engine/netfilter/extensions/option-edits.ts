/** Small changes to a list of options, to be put together into the form of an extension. */

import type { Family, Option } from '../model.ts';

export type Form = (options: readonly Option[], family: Family) => readonly Option[];

export function has(options: readonly Option[], name: string): boolean {
  return options.some((option) => option.name === name);
}

/** One change after another. */
export function inTurn(...forms: readonly Form[]): Form {
  return (options, family) => forms.reduce((changed, form) => form(changed, family), options);
}

/** Changes the first value of an option. */
export function value(name: string, change: (text: string, family: Family) => string): Form {
  return (options, family) =>
    options.map((option) =>
      option.name === name && option.values[0] !== undefined
        ? { ...option, values: [change(option.values[0], family), ...option.values.slice(1)] }
        : option,
    );
}

/** Changes every item of a comma list and sorts it. */
export function list(name: string, change: (item: string) => string): Form {
  return value(name, (text) => [...new Set(text.split(',').map(change))].sort().join(','));
}

export function rename(from: string, to: string): Form {
  return (options) => options.map((option) => (option.name === from ? { ...option, name: to } : option));
}

/** Adds a default where none of the names was given. */
export function add(name: string, values: readonly string[], unless: readonly string[]): Form {
  return (options) =>
    options.some((option) => unless.includes(option.name)) ? options : [...options, { name, values, negated: false }];
}

/** Leaves an option out that says what holds without it. */
export function drop(name: string, given: string): Form {
  return (options) => options.filter((option) => option.name !== name || option.values[0] !== given || option.negated);
}
