/** Extensions without a type of their own in the model whose answer the packet's text can still give. */

import type { Condition, Option } from '../model.ts';
import type { Packet } from './packet.ts';

type Opaque = Extract<Condition, { kind: 'opaque' }>;
type Tri = boolean | null;

/** One entry for each module. null: not known. */
const readers: Readonly<Record<string, (option: Option, packet: Packet) => Tri>> = {
  length: (option, packet) => (option.name === '--length' ? within(packet.length, option.values[0]) : null),
  ttl: (option, packet) => timeToLive(option, packet.ttl),
  hl: (option, packet) => timeToLive(option, packet.ttl),
};

/** Whether the packet meets an extension's options, all together. */
export function opaqueHolds(condition: Opaque, packet: Packet): Tri {
  const read = Object.hasOwn(readers, condition.module) ? readers[condition.module] : undefined;
  if (read === undefined) return null;
  const answers = condition.options.map((option) => {
    const answer = read(option, packet);
    return answer === null ? null : answer !== option.negated;
  });
  if (answers.length === 0) return null;
  return answers.includes(false) ? false : answers.includes(null) ? null : true;
}

function within(value: number | undefined, text: string | undefined): Tri {
  const [, from, colon, to] = /^(\d*)(:?)(\d*)$/.exec(text ?? '') ?? [];
  if (value === undefined || from === undefined) return null;
  if (colon === '') return value === Number(from);
  return value >= Number(from === '' ? 0 : from) && value <= Number(to === '' ? 65535 : to);
}

function timeToLive(option: Option, ttl: number | undefined): Tri {
  const wanted = Number(option.values[0]);
  if (ttl === undefined || !Number.isInteger(wanted)) return null;
  if (option.name.endsWith('-eq')) return ttl === wanted;
  if (option.name.endsWith('-lt')) return ttl < wanted;
  return option.name.endsWith('-gt') ? ttl > wanted : null;
}
