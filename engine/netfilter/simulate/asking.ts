/** A rule asked about a packet, and the two packets that one becomes where nobody can say. */

import type { Condition, Rule } from '../model.ts';
import { conditionText, whyNot, whyUnknown } from './condition-texts.ts';
import { holds, isAboutPacket, questionOf, type Tri } from './conditions.ts';
import type { Setting, Share, Track } from './track.ts';

export interface Asked {
  readonly answer: Tri;
  readonly why: string | (() => string);
  /** What is not known. */
  readonly open: readonly Condition[];
}

export function ask(rule: Rule, track: Track, at: Setting): Asked {
  const open: Condition[] = [];
  for (const condition of rule.conditions) {
    const answer = holds(condition, track, at);
    if (answer === false) return { answer: false, why: () => whyNot(condition, track, at), open: [] };
    if (answer === null) open.push(condition);
  }
  if (open.length === 0) return { answer: true, why: '', open };
  if (isRefused(track, open)) return { answer: false, why: () => `${textOf(open)}: as before`, open: [] };
  return { answer: null, why: () => open.map(whyUnknown).join('; '), open };
}

function isRefused(track: Track, open: readonly Condition[]): boolean {
  if (track.refused.length === 0) return false;
  const asked = new Set(open.map(signedQuestion));
  return track.refused.some((questions) => questions.every((question) => asked.has(question)));
}

const signedQuestion = (condition: Condition): string => JSON.stringify(condition);
const textOf = (conditions: readonly Condition[]): string => conditions.map(conditionText).join(' ');

/** The packet that the rule takes and the one that it does not. `about` names the rule: "filter INPUT rule 1". */
export function split(track: Track, asked: Asked, about: string, at: Setting): { with: Track; without: Track } {
  const reasons = [...track.reasons, `${about}: ${asked.open.map(whyUnknown).join('; ')}`];
  const text = textOf(asked.open);
  const taken = asked.open.reduce((one, condition) => assume(one, condition, true), track);
  const [yes, no] = sharesOf(track.share, asked.open, at);
  const before = track.share;
  return {
    with: {
      ...taken,
      reasons,
      share: yes,
      conditions: [...track.conditions, { about, holds: true, text: `${about} takes it (${text})`, before }],
    },
    without: {
      ...refuse(track, asked.open),
      reasons,
      share: no,
      conditions: [...track.conditions, { about, holds: false, text: `${about} does not take it (${text})`, before }],
    },
  };
}

/** How many packets each way takes: rules that draw lots or count say it (xt_statistic), nothing else does. */
function sharesOf(share: Share, open: readonly Condition[], at: Setting): readonly [Share, Share] {
  let part = 1;
  const counters = [...share.counters];
  for (const condition of open) {
    if (condition.kind !== 'statistic') return [unknownShare, unknownShare];
    const own = condition.mode === 'random' ? condition.probability : 1 / condition.every;
    part *= condition.negated ? 1 - own : own;
    if (condition.mode === 'random') continue;
    counters.push(condition);
    at.counted.set(condition, (at.counted.get(condition) ?? 0) + 1);
  }
  const { odds } = share;
  if (odds === null) return [unknownShare, unknownShare];
  return [
    { odds: odds * part, counters },
    { odds: odds * (1 - part), counters },
  ];
}

const unknownShare: Share = { odds: null, counters: [] };

function refuse(track: Track, open: readonly Condition[]): Track {
  const [only] = open;
  if (open.length === 1 && only !== undefined) return assume(track, only, false);
  if (!open.every(isAboutPacket)) return track;
  return { ...track, refused: [...track.refused, open.map(signedQuestion)] };
}

/** Remembers an answer, so that the same question about the same packet is answered alike further on. */
function assume(track: Track, condition: Condition, answer: boolean): Track {
  if (!isAboutPacket(condition)) return track;
  const positive = 'negated' in condition ? answer !== condition.negated : answer;
  if (
    condition.kind === 'conntrack-state' &&
    !condition.states.includes('SNAT') &&
    !condition.states.includes('DNAT')
  ) {
    const states = track.states.filter((state) => condition.states.includes(state) === positive);
    return states.length === 0 ? track : { ...track, states };
  }
  if (condition.kind === 'protocol' && positive) {
    return { ...track, packet: { ...track.packet, protocol: condition.protocol } };
  }
  return { ...track, assumed: new Map(track.assumed).set(questionOf(condition), positive) };
}
