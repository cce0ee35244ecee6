/** What a match of nft asks for as alternatives, each of which is a list of iptables' conditions that hold together. */

import type { Condition, Family } from '../model.ts';
import { networksOf } from '../networks-of-range.ts';
import { matchConditions } from './json-conditions.ts';
import { isObject, type Json, type JsonObject, objectIn } from './json-values.ts';

/** Named sets and maps with their elements. */
export type Sets = ReadonlyMap<string, readonly Json[]>;
type Ways = readonly (readonly Condition[])[];

/** Every way of the one with every way of the other; more than `most` of them are one that is not known. */
export function joined(one: Ways, other: Ways, most: number): Ways {
  if (one.length * other.length > most) return [[{ kind: 'unseen', module: 'set' }]];
  return one.flatMap((first) => other.map((second) => withIcmp([...first, ...second])));
}

/** A match statement. No way at all: it never holds for packets of this family. */
export function alternatives(match: JsonObject, family: Family, sets: Sets): Ways {
  const { left, right, op } = match;
  if (left === undefined || right === undefined || isOfOther(left, family)) return [];
  const values = elementsOf(right, sets);
  if (values === null) return [[{ kind: 'unseen', module: `set ${String(right).replace(/^@/, '')}` }]];
  if (isAboutFamily(left)) return values.some((one) => isFamily(one, family)) === (op !== '!=') ? [[]] : [];
  const named = typeof right === 'string' && right.startsWith('@');
  const whole = matchConditions(named ? { ...match, right: { set: [...values] } } : match, family);
  if (values.length > 0 && !whole.some((condition) => condition.kind === 'unseen')) return [whole];
  const each = values.map((value) => keyConditions(left, value, family));
  if (op !== '!=') return each.flat();
  // None of them: each is one condition (the protocol that it rests on holds anyway) that is turned round.
  const none = each.flat().map((conditions) => negated(conditions));
  return none.every((one) => one !== null) ? [none.flat()] : [[{ kind: 'unseen', module: 'set' }]];
}

/** The ways in which a key has a value of a set or map; a range of addresses is several networks. */
export function keyConditions(key: Json, value: Json, family: Family): Ways {
  const keys = isObject(key) ? key.concat : undefined;
  const plain = isObject(value) && isObject(value.elem) ? (value.elem.val ?? null) : value;
  if (Array.isArray(keys)) {
    const values = isObject(plain) ? plain.concat : undefined;
    if (!Array.isArray(values) || values.length !== keys.length) return [[{ kind: 'unseen', module: 'concat' }]];
    return keys.reduce<Ways>(
      (ways, part: Json, index) => joined(ways, keyConditions(part, values[index] ?? null, family), 4096),
      [[]],
    );
  }
  if (plain === '*') return [[]];
  if (isOfOther(key, family)) return [];
  if (isAboutFamily(key)) return isFamily(plain, family) ? [[]] : [];
  const range = isObject(plain) ? plain.range : undefined;
  if (Array.isArray(range) && typeof range[0] === 'string' && typeof range[1] === 'string') {
    const networks = networksOf(range[0], range[1], family);
    if (networks !== null) return networks.map((right) => matchConditions({ left: key, right, op: '==' }, family));
  }
  return [matchConditions({ left: key, right: plain, op: '==' }, family)];
}

/** The elements of a set that stands in the rule, of a named one, or the one value. null: a set that is not known. */
export function elementsOf(right: Json, sets: Sets): readonly Json[] | null {
  if (typeof right === 'string' && right.startsWith('@')) return sets.get(right.slice(1)) ?? null;
  const elements = isObject(right) && Array.isArray(right.set) ? (right.set as readonly Json[]) : right;
  const list = Array.isArray(elements) ? (elements as readonly Json[]) : [right];
  return list.map((one) => (isObject(one) && isObject(one.elem) ? (one.elem.val ?? null) : one));
}

const isAboutFamily = (key: Json): boolean => ['nfproto', 'protocol'].includes(String(objectIn(key, 'meta')?.key));
const isFamily = (value: Json, family: Family): boolean =>
  value === family || value === (family === 'ipv4' ? 'ip' : 'ip6');

/** A field that only packets of the other family have: nft asks for the family too. */
function isOfOther(left: Json, family: Family): boolean {
  const inner = isObject(left) && Array.isArray(left['&']) ? (left['&'][0] ?? null) : left;
  const protocol = objectIn(inner, 'payload')?.protocol;
  return family === 'ipv4'
    ? protocol === 'ip6' || protocol === 'icmpv6'
    : protocol === 'ip' || protocol === 'icmp' || protocol === 'igmp';
}

function negated(conditions: readonly Condition[]): Condition[] | null {
  const asked = conditions.filter((one) => one.kind !== 'protocol' || conditions.length === 1);
  const [only] = asked;
  if (asked.length !== 1 || only === undefined || !('negated' in only)) return null;
  return [...conditions.filter((one) => one !== only), { ...only, negated: !only.negated }];
}

/** A code of ICMP joins the type that was asked for before it; a protocol is asked for once. */
function withIcmp(conditions: readonly Condition[]): Condition[] {
  const seen = new Set<string>();
  const once = conditions.filter((one) => {
    const key = JSON.stringify(one);
    return !seen.has(key) && seen.add(key);
  });
  const code = once.find((one) => one.kind === 'icmp-type' && one.type === 255 && one.code !== null);
  if (code?.kind !== 'icmp-type') return once;
  const at = once.findIndex((one) => one.kind === 'icmp-type' && one.code === null && !one.negated);
  const type = once[at];
  if (type?.kind !== 'icmp-type')
    return once.map((one) => (one === code ? { kind: 'unseen', module: 'icmp code' } : one));
  return once.with(at, { ...type, code: code.code }).filter((one) => one !== code);
}
