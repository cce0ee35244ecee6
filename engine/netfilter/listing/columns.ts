/** A rule as `iptables -L -v -n` lists it: the columns that people know from the terminal. */

import type { Family, Rule } from '../model.ts';
import { listMatch } from './matches.ts';
import type { Part } from './part.ts';
import { listTarget } from './targets.ts';

export interface Columns {
  readonly target: string;
  readonly protocol: string;
  /** `--`, `-f` or `!f`; empty for ip6tables. */
  readonly fragment: string;
  readonly in: string;
  readonly out: string;
  readonly source: string;
  readonly destination: string;
  /** What matches and target say for themselves: `tcp dpt:80 redir ports 8080`. */
  readonly rest: string;
}

interface Reading {
  readonly columns: Record<'target' | 'protocol' | 'fragment' | 'in' | 'out' | 'source' | 'destination', string>;
  readonly matches: Part[];
  target: Part | null;
  goes: boolean;
}

/** The columns, from the rule's words as iptables-save prints them. */
export function listColumns(rule: Rule, family: Family): Columns {
  const { columns, matches, target, goes } = readWords(rule.words, family);
  const said = [
    ...(goes ? ['[goto]'] : []),
    ...matches.map((match) => listMatch(match)),
    ...(target === null ? [] : [listTarget(target)]),
  ];
  return { ...columns, rest: said.filter((text) => text !== '').join(' ') };
}

function readWords(words: readonly string[], family: Family): Reading {
  const anywhere = family === 'ipv4' ? '0.0.0.0/0' : '::/0';
  const reading: Reading = {
    columns: {
      target: '',
      protocol: 'all',
      fragment: '--',
      in: '*',
      out: '*',
      source: anywhere,
      destination: anywhere,
    },
    matches: [],
    target: null,
    goes: false,
  };
  let part: { name: string; options: { name: string; values: string[]; negated: boolean }[] } | null = null;
  let not = '';
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const column = columnOf[word];
    const open = part?.options.at(-1);
    if (open !== undefined && open.values.length === 0 && texts.has(open.name)) {
      open.values.push(word);
      continue;
    }
    if (word === '!') {
      not = '!';
      continue;
    }
    if (column !== undefined) {
      reading.columns[column] = not + valueText(words[++at] ?? '', column);
    } else if (word === '-f') {
      reading.columns.fragment = not === '' ? '-f' : '!f';
    } else if (opensPart.has(word)) {
      part = { name: words[++at] ?? '', options: [] };
      if (word === '-m') reading.matches.push(part);
      else {
        reading.columns.target = part.name;
        reading.target = part;
        reading.goes = word === '-g';
      }
    } else if (word.startsWith('--') && part !== null) {
      part.options.push({ name: word.slice(2), values: [], negated: not !== '' });
    } else {
      open?.values.push(word);
    }
    not = '';
  }
  return reading;
}

const opensPart: ReadonlySet<string> = new Set(['-m', '-j', '-g']);
/** Options whose value may be any text, also one that looks like something else. */
const texts: ReadonlySet<string> = new Set(['comment', 'log-prefix', 'nflog-prefix', 'string', 'hex-string']);
const columnOf: Readonly<Record<string, 'protocol' | 'in' | 'out' | 'source' | 'destination'>> = {
  '-p': 'protocol',
  '-i': 'in',
  '-o': 'out',
  '-s': 'source',
  '-d': 'destination',
};

/** iptables -L leaves the prefix of a single address out. */
function valueText(word: string, column: string): string {
  if (column !== 'source' && column !== 'destination') return word;
  const suffix = word.includes(':') ? '/128' : '/32';
  return word.endsWith(suffix) ? word.slice(0, -suffix.length) : word;
}
