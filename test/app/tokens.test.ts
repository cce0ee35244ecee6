import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { contrast } from './contrast.ts';

const css = readFileSync(join(import.meta.dirname, '../../app/ui/tokens.css'), 'utf8');

/** The tokens of one block, by name. */
function tokensOf(selector: string): ReadonlyMap<string, string> {
  const start = css.indexOf(`${selector} {`);
  const block = css.slice(start, css.indexOf('\n}', start));
  return new Map(
    [...block.matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

const light = tokensOf(':root');
const themes = { light, dark: new Map([...light, ...tokensOf(':root[data-theme="dark"]')]) };

const grounds = ['ground', 'surface', 'sunken', 'raised'];
/** Colours that text of any size has, with every ground that it stands on. */
const texts: Readonly<Record<string, readonly string[]>> = {
  ink: [...grounds, 'accent-soft', 'good-soft', 'bad-soft', 'warn-soft', 'info-soft'],
  'ink-soft': [...grounds, 'accent-soft', 'good-soft', 'bad-soft', 'warn-soft', 'info-soft'],
  'ink-faint': [...grounds, 'accent-soft'],
  'accent-text': [...grounds, 'accent-soft', 'bad-soft', 'warn-soft'],
  'accent-ink': ['accent', 'accent-text'],
  good: [...grounds, 'good-soft'],
  bad: [...grounds, 'bad-soft'],
  warn: [...grounds, 'warn-soft'],
  info: [...grounds, 'info-soft'],
};
/** Frames of fields and buttons, and what shows where the focus is. */
const shapes: Readonly<Record<string, readonly string[]>> = {
  'line-strong': grounds,
  accent: [...grounds, 'accent-soft'],
  good: grounds,
  bad: grounds,
  warn: grounds,
};

describe.each(Object.entries(themes))('the %s theme', (_, tokens) => {
  const colour = (name: string): string => {
    const value = tokens.get(name);
    if (value === undefined) throw new Error(`there is no token --${name}`);
    return value;
  };
  const below = (pairs: Readonly<Record<string, readonly string[]>>, least: number) =>
    Object.entries(pairs).flatMap(([name, behind]) =>
      behind
        .map((ground) => ({ pair: `${name} on ${ground}`, ratio: contrast(colour(name), colour(ground)) }))
        .filter(({ ratio }) => ratio < least)
        .map(({ pair, ratio }) => `${pair}: ${ratio.toFixed(2)}`),
    );

  test('every text colour has a contrast of 4.5 on every ground that it stands on (WCAG 1.4.3)', () => {
    expect(below(texts, 4.5)).toEqual([]);
  });

  test('frames, marks and the focus have a contrast of 3 (WCAG 1.4.11)', () => {
    expect(below(shapes, 3)).toEqual([]);
  });
});

test('both themes have the same colours', () => {
  expect([...tokensOf(':root[data-theme="dark"]').keys()].sort()).toEqual([...light.keys()].sort());
});
