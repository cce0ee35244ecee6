/** Rules of nft's own tables as nft(8) itself lists them, from its JSON (libnftables-json(5)). */

import { isObject, type Json, type JsonObject } from './json-values.ts';

/** The text of each rule by its handle, counters left out; a statement without a text here is told by its name. */
export function nftRuleTexts(json: unknown): Map<number, string> {
  const list = isObject(json as Json) ? (json as JsonObject).nftables : (json as Json);
  const texts = new Map<number, string>();
  for (const one of Array.isArray(list) ? (list as readonly Json[]) : []) {
    const rule = isObject(one) ? one.rule : undefined;
    if (!isObject(rule) || typeof rule.handle !== 'number') continue;
    const statements = Array.isArray(rule.expr) ? (rule.expr as readonly Json[]).filter(isObject) : [];
    const comment = typeof rule.comment === 'string' ? [`comment "${rule.comment}"`] : [];
    const words = [...statements.map(statementText), ...comment].filter((text) => text !== '');
    texts.set(rule.handle, words.join(' '));
  }
  return texts;
}

function statementText(statement: JsonObject): string {
  const [name = '', value] = Object.entries(statement)[0] ?? [];
  const print = Object.hasOwn(statements, name) ? statements[name] : undefined;
  return print === undefined ? name : print(isObject(value) ? value : {}, value ?? null);
}

type Printer = (value: JsonObject, raw: Json) => string;

const statements: Readonly<Record<string, Printer>> = {
  match: ({ op, left, right }) => {
    const sign = op === '==' || op === 'in' ? '' : `${String(op)} `;
    const equals = op === '==' && isObject(left) && Array.isArray(left['&']) ? '== ' : sign;
    return `${text(left)} ${equals}${valueFor(left, right)}`;
  },
  counter: (_value, raw) => (typeof raw === 'string' ? `counter name "${raw}"` : 'counter'),
  accept: () => 'accept',
  drop: () => 'drop',
  return: () => 'return',
  continue: () => 'continue',
  jump: ({ target }) => `jump ${text(target)}`,
  goto: ({ target }) => `goto ${text(target)}`,
  vmap: ({ key, data }) => `${text(key)} vmap ${text(data)}`,
  mangle: ({ key, value }) => `${text(key)} set ${valueFor(key, value)}`,
  limit: limitText,
  log: (value) =>
    [
      'log',
      ...(value.prefix === undefined ? [] : [`prefix "${text(value.prefix)}"`]),
      ...(value.group === undefined ? [] : [`group ${text(value.group)}`]),
      ...(value.level === undefined ? [] : [`level ${text(value.level)}`]),
      ...(value.flags === undefined ? [] : [`flags ${listText(value.flags, ',')}`]),
    ].join(' '),
  reject: ({ type, expr }) => {
    if (type === 'tcp reset') return 'reject with tcp reset';
    return type === undefined || expr === undefined || expr === 'port-unreachable'
      ? 'reject'
      : `reject with ${text(type)} ${text(expr)}`;
  },
  masquerade: (value) => natText('masquerade', value),
  redirect: (value) => natText('redirect', value),
  dnat: (value) => natText('dnat', value),
  snat: (value) => natText('snat', value),
  notrack: () => 'notrack',
  set: ({ op, elem, set }) => `${text(op)} ${text(set)} { ${text(elem)} }`,
  comment: (_value, raw) => `comment "${text(raw)}"`,
  xt: ({ type, name }) => `# ${text(name)} (xt ${text(type)})`,
};

function limitText({ rate, per, burst, rate_unit: unit, burst_unit: burstUnit, inv }: JsonObject): string {
  const over = inv === true ? 'over ' : '';
  const units = unit === undefined || unit === 'packets' ? '' : ` ${text(unit)}`;
  const with_ = burst === undefined || burst === 0 ? '' : ` burst ${text(burst)} ${text(burstUnit ?? 'packets')}`;
  return `limit rate ${over}${text(rate)}${units}/${text(per)}${with_}`;
}

function natText(name: string, { addr, port, flags, family }: JsonObject): string {
  const address = addr === undefined ? '' : text(addr);
  const bracketed = port !== undefined && address.includes(':') ? `[${address}]` : address;
  const to = `${bracketed}${port === undefined ? '' : `:${text(port)}`}`;
  const of = family === undefined ? '' : ` ${text(family)}`;
  return [
    `${name}${of}`,
    ...(to === '' ? [] : [`to ${to}`]),
    ...(flags === undefined ? [] : [listText(flags, ',')]),
  ].join(' ');
}

const listText = (value: Json | undefined, between: string): string =>
  Array.isArray(value) ? (value as readonly Json[]).map(text).join(between) : text(value);

/** An expression. */
function text(value: Json | undefined): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return (value as readonly Json[]).map(text).join(',');
  if (!isObject(value)) return String(value);
  const [name = '', inner] = Object.entries(value)[0] ?? [];
  const print = Object.hasOwn(expressions, name) ? expressions[name] : undefined;
  if (print !== undefined) return print(isObject(inner) ? inner : {}, inner ?? null);
  if (isOperator(name) && Array.isArray(inner)) return (inner as readonly Json[]).map(bits).join(` ${name} `);
  return statementText(value);
}

/** Marks and masks are read bit by bit. */
const bits = (value: Json): string =>
  typeof value === 'number' && value > 9 ? `0x${value.toString(16)}` : text(value);

function valueFor(left: Json | undefined, value: Json | undefined): string {
  return /\bmark\b/.test(text(left)) ? bits(value ?? null) : text(value);
}

const isOperator = (name: string): boolean => ['&', '|', '^', '<<', '>>'].includes(name);

/** Keys of meta that nft prints without the word. */
const plainMeta: ReadonlySet<string> = new Set([
  'iif',
  'iifname',
  'oif',
  'oifname',
  'iiftype',
  'oiftype',
  'skuid',
  'skgid',
]);

const expressions: Readonly<Record<string, Printer>> = {
  payload: ({ protocol, field, base, offset, len }) =>
    protocol === undefined ? `@${text(base)},${text(offset)},${text(len)}` : `${text(protocol)} ${text(field)}`,
  meta: ({ key }) => (plainMeta.has(text(key)) ? text(key) : `meta ${text(key)}`),
  ct: ({ key, dir, family }) =>
    ['ct', ...[dir, family, key].filter((one) => one !== undefined).map((one) => text(one))].join(' '),
  fib: ({ flags, result }) => `fib ${listText(flags, ' . ')} ${text(result)}`,
  rt: ({ key }) => `rt ${text(key)}`,
  socket: ({ key }) => `socket ${text(key)}`,
  exthdr: ({ name, field }) => (field === undefined ? `exthdr ${text(name)}` : `${text(name)} ${text(field)}`),
  'tcp option': ({ name, field }) => `tcp option ${text(name)}${field === undefined ? '' : ` ${text(field)}`}`,
  numgen: ({ mode, mod, offset }) =>
    `numgen ${mode === 'inc' ? 'inc' : 'random'} mod ${text(mod)}${offset === undefined || offset === 0 ? '' : ` offset ${text(offset)}`}`,
  jhash: ({ expr, mod }) => `jhash ${text(expr)} mod ${text(mod)}`,
  concat: (_value, raw) => listText(raw, ' . '),
  prefix: ({ addr, len }) => `${text(addr)}/${text(len)}`,
  range: (_value, raw) => listText(raw, '-'),
  set: (_value, raw) =>
    Array.isArray(raw) ? `{ ${(raw as readonly Json[]).map(elementText).join(', ')} }` : text(raw),
  map: ({ key, data }) => `${text(key)} map ${text(data)}`,
  elem: ({ val, timeout }) => `${text(val)}${timeout === undefined ? '' : ` timeout ${text(timeout)}s`}`,
};

/** An element of a set, or of a map: a pair. */
const elementText = (element: Json): string =>
  Array.isArray(element) ? `${text(element[0])} : ${text(element[1])}` : text(element);
