import ipaddr from 'ipaddr.js';
import type { Question } from './question.ts';
import { tableName } from './schema-parts.ts';

/**
 * An answer without what does not matter: case, spaces, the table filter left out, spellings of a number or an address. Null when it
 * cannot be such an answer.
 */
export function normalForm(kind: Question['kind'], text: string): string | null {
  const word = text.trim().replace(/\s+/g, ' ');
  if (word === '') return null;
  switch (kind) {
    case 'policy':
      return /^[a-z]+$/i.test(word) ? word.toUpperCase() : null;
    case 'choice':
      return word.toUpperCase();
    case 'chain':
      return chainForm(word);
    case 'rule':
      return ruleForm(word);
    case 'endpoint':
      return endpointForm(word);
    case 'number':
      return /^[+-]?\d+(\.\d+)?$/.test(word.replaceAll(/[ ,_]/g, ''))
        ? String(Number(word.replaceAll(/[ ,_]/g, '')))
        : null;
    case 'probability':
      return probabilityForm(word);
  }
}

/** Both in normal form. A probability is right within 0.005; a chain may be named with or without its table. */
export function sameValue(kind: Question['kind'], truth: string, given: string): boolean {
  if (kind === 'probability') return Math.abs(Number(truth) - Number(given)) <= 0.005 + 1e-9;
  if (kind === 'chain') {
    const [wanted, named] = [truth.split(':'), given.split(':')];
    return wanted.at(-1) === named.at(-1) && (wanted.length < 2 || named.length < 2 || wanted[0] === named[0]);
  }
  return truth === given;
}

const tables: ReadonlySet<string> = new Set(tableName.options.map((name) => name.toUpperCase()));

/**
 * At most 28 characters, and none that an option or a negation begins with (iptables/xshared.c, xtables_check_chain_name). The kernel takes
 * a bare number too, which nobody means by an answer.
 */
const chainName = /^(?=.*[A-Z])[^\s!-][^\s]{0,27}$/i;

function chainForm(word: string): string | null {
  const parts = word.toUpperCase().split(/\s*[:/]\s*|\s+/);
  const [table, chain] = parts.length === 1 ? ['FILTER', ...parts] : parts;
  if (parts.length > 2 || table === undefined || !tables.has(table)) return null;
  return chain !== undefined && chainName.test(chain) ? parts.join(':') : null;
}

function ruleForm(word: string): string | null {
  const parts = word.toUpperCase().split(/\s*[:/]\s*|\s+/);
  const [table, chain, number] = parts.length === 2 ? ['FILTER', ...parts] : parts;
  if (parts.length > 3 || table === undefined || chain === undefined || number === undefined) return null;
  if (!/^#?0*[1-9]\d*$/.test(number) && number !== 'POLICY') return null;
  if (table === '' || !chainName.test(chain)) return null;
  return `${table}:${chain}:${number === 'POLICY' ? number : Number(number.replace('#', ''))}`;
}

function endpointForm(word: string): string | null {
  const found = /^\[?([0-9a-fA-F.:]+?)\]?\s*:\s*(\d{1,5})$/.exec(word.replaceAll(' ', ''));
  const [, address, port] = found ?? [];
  if (address === undefined || port === undefined || Number(port) > 65_535) return null;
  // "10" alone would be an address by inet_aton's rules, and is none that anybody writes here.
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return null;
  return `${ipaddr.parse(address).toString()}:${Number(port)}`;
}

function probabilityForm(word: string): string | null {
  const text = word.replaceAll(' ', '');
  const fraction = /^(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/.exec(text);
  if (fraction !== null) {
    const below = Number(fraction[2]);
    return below === 0 ? null : String(Number(fraction[1]) / below);
  }
  const decimal = /^(\d*[.,]?\d+)(%?)$/.exec(text);
  if (decimal === null) return null;
  return String(Number((decimal[1] ?? '').replace(',', '.')) / (decimal[2] === '%' ? 100 : 1));
}
