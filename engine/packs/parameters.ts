import { createHash } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { z } from 'zod';
import { addressAt, networksOverlap, parseNetwork, printNetwork, type Subnet, subnetAt } from './subnets.ts';

export const parameterName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,29}$/, 'a lower-case name of letters, digits and dashes');

const cidrText = z.string().refine((text) => ipaddr.isValidCIDR(text), 'an address range as ADDRESS/PREFIX');

/** How one parameter of a lab is drawn from the seed. */
export const parameterSchema = z.union([
  z.strictObject({
    /** A network of this prefix somewhere in `from`. */
    subnet: z
      .strictObject({ from: cidrText, prefix: z.int().min(1).max(126) })
      .refine(({ from, prefix }) => prefix >= Number(from.split('/')[1] ?? 0), 'a prefix that fits into `from`'),
  }),
  z.strictObject({
    integer: z
      .strictObject({ from: z.int().min(-2147483648), to: z.int().max(2147483647) })
      .refine(({ from, to }) => from <= to, '`from` not above `to`'),
  }),
  z.strictObject({ choice: z.array(z.union([z.string(), z.int()])).min(1) }),
  z.strictObject({
    /** Follows from a choice that stands before it: not drawn. The values may hold {{names}} of earlier parameters. */
    case: z.strictObject({
      of: parameterName,
      values: z.record(z.string(), z.union([z.string(), z.int()])),
      else: z.union([z.string(), z.int()]).optional(),
    }),
  }),
]);

export const parametersSchema = z.record(parameterName, parameterSchema);
export type Parameters = z.infer<typeof parametersSchema>;
export type Choice = Extract<Parameters[string], { choice: unknown }>;

export type ParameterValue = string | number;
/** Values by parameter: a subnet is its CIDR text. */
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

/** One die for each name: adding a parameter to a lab does not change what the same seed gives for the others. */
function dieFor(seed: number, name: string): RandomGenerator {
  const digest = createHash('sha256').update(`${seed}\n${name}`).digest();
  return xoroshiro128plus(digest.readInt32LE(0));
}

/** Draws attempts before a clash with an earlier value is accepted (a range of one value has no other). */
const attempts = 64;

/** The values of a lab's parameters for a seed: the same for the same seed, numbers distinct and subnets apart where possible. */
export function drawParameters(parameters: Parameters, seed: number): ParameterValues {
  const values: Record<string, ParameterValue> = {};
  const subnets: Subnet[] = [];
  const integers = new Set<number>();
  for (const [name, parameter] of Object.entries(parameters)) {
    if ('case' in parameter) {
      const { of, values: byChoice, else: otherwise } = parameter.case;
      const value = byChoice[String(values[of])] ?? otherwise;
      if (value !== undefined) values[name] = typeof value === 'string' ? fillText(value, values) : value;
    } else if ('choice' in parameter) {
      const chosen = drawChoice(parameter, name, seed);
      if (chosen !== undefined) values[name] = chosen;
    } else if ('integer' in parameter) {
      const { from, to } = parameter.integer;
      const die = dieFor(seed, name);
      const drawn = drawUntil(
        () => uniformInt(die, from, to),
        (value) => !integers.has(value),
      );
      integers.add(drawn);
      values[name] = drawn;
    } else {
      const die = dieFor(seed, name);
      const drawn = drawUntil(
        () => drawSubnet(die, parameter.subnet.from, parameter.subnet.prefix),
        (subnet) => !subnets.some((other) => networksOverlap(subnet, other)),
      );
      subnets.push(drawn);
      values[name] = printNetwork(drawn);
    }
  }
  return values;
}

/** What a choice alone gives for a seed: it depends on no other parameter. */
export function drawChoice({ choice }: Choice, name: string, seed: number): ParameterValue | undefined {
  return choice[uniformInt(dieFor(seed, name), 0, choice.length - 1)];
}

function drawUntil<T>(draw: () => T, good: (value: T) => boolean): T {
  let value = draw();
  for (let attempt = 1; attempt < attempts && !good(value); attempt++) value = draw();
  return value;
}

function drawSubnet(die: RandomGenerator, from: string, prefix: number): Subnet {
  const pool = parseNetwork(from);
  // 30 bits are enough to choose from and stay within the generator's integers; the rest of a v6 pool stays zero.
  const bits = Math.min(30, prefix - pool.prefix);
  return subnetAt(pool, prefix, BigInt(uniformInt(die, 0, 2 ** bits - 1)));
}

const reference = /\{\{\s*([a-z][a-z0-9-]*)(?:\.([a-z0-9]+))?\s*\}\}/g;
const wholeReference = /^\{\{\s*([a-z][a-z0-9-]*)\s*\}\}$/;

export interface Reference {
  readonly name: string;
  /** What stands after the dot: a host number, `prefix`, `network`. */
  readonly part: string | null;
  readonly index: number;
}

/** Every {{name}} of a text, in order. */
export function findReferences(text: string): readonly Reference[] {
  if (!text.includes('{{')) return [];
  return [...text.matchAll(reference)].map((match) => ({
    name: match[1] ?? '',
    part: match[2] ?? null,
    index: match.index,
  }));
}

/** Why a reference cannot be resolved, in words; null when it can. */
export function referenceProblem({ name, part }: Reference, values: ParameterValues): string | null {
  const value = values[name];
  if (value === undefined) return `There is no parameter '${name}'.`;
  if (part === null) return null;
  const subnet = subnetIn(values, name);
  if (subnet === null) return `The parameter '${name}' is no subnet, so it has no '.${part}'.`;
  if (part === 'prefix' || part === 'network') return null;
  if (!/^\d{1,9}$/.test(part)) return `A subnet has '.prefix', '.network' and host numbers, not '.${part}'.`;
  return addressAt(subnet, Number(part)) === null ? `The subnet ${value} has no host ${part}.` : null;
}

/** The last number that `.N` of a parameter may have; null of one that is no subnet. */
export function hostsOf(values: ParameterValues, name: string): number | null {
  const subnet = subnetIn(values, name);
  // References have at most nine digits.
  return subnet && Math.min(999_999_999, 2 ** (subnet.bits - subnet.prefix) - 1);
}

/** A text with its parameters filled in. What cannot be resolved stays as written: lint reports it. */
export function fillText(text: string, values: ParameterValues): string {
  if (!text.includes('{{')) return text;
  return text.replace(reference, (written: string, name: string, part: string | undefined) => {
    const value = values[name];
    if (value === undefined) return written;
    if (part === undefined) return String(value);
    const subnet = subnetIn(values, name);
    if (subnet === null) return written;
    if (part === 'prefix') return String(subnet.prefix);
    if (part === 'network') return printNetwork(subnet).split('/')[0] ?? written;
    return /^\d{1,9}$/.test(part) ? (addressAt(subnet, Number(part)) ?? written) : written;
  });
}

/** The number that a text stands for when it is nothing but one reference to a number; else null. */
export function wholeNumber(text: string, values: ParameterValues): number | null {
  const name = wholeReference.exec(text)?.[1];
  const value = name === undefined ? undefined : values[name];
  return typeof value === 'number' ? value : null;
}

/** A lab's texts name the same few subnets hundreds of times, so each is read once. */
const subnetsRead = new WeakMap<ParameterValues, Map<string, Subnet | null>>();

/** The subnet that a parameter has become; null where its value is none. */
function subnetIn(values: ParameterValues, name: string): Subnet | null {
  const value = values[name];
  if (typeof value !== 'string') return null;
  const read = subnetsRead.get(values) ?? new Map<string, Subnet | null>();
  subnetsRead.set(values, read);
  const known = read.get(name);
  if (known !== undefined) return known;
  const subnet = ipaddr.isValidCIDR(value) ? parseNetwork(value) : null;
  read.set(name, subnet);
  return subnet;
}
