/** Packets through the rules of one chain, all the ways that are possible side by side. */

import { canonicalWords } from '../canonical.ts';
import type { Action, Chain, Condition, Rule, Table } from '../model.ts';
import { conditionText, holds, isAboutPacket, questionOf, type Tri, whyNot, whyUnknown } from './conditions.ts';
import { apply } from './targets.ts';
import { type Ended, mergeTracks, mostTracks, type Setting, type Track, withStep } from './track.ts';

/** `through`: came out of the chain at its end or by RETURN. */
export interface Flow {
  readonly through: Track[];
  readonly ended: Ended[];
}

/** Deeper than the kernel lets chains call each other; a loop, which it refuses to load, ends here. */
const deepest = 64;

/** Walks a chain. `ended` holds ACCEPT too: what that means is the caller's. */
export function walkChain(table: Table, chain: Chain, tracks: readonly Track[], at: Setting, depth = 0): Flow {
  const returned: Track[] = [];
  const ended: Ended[] = [];
  let live: Track[] = [...tracks];
  for (const [index, rule] of chain.rules.entries()) {
    if (live.length === 0) break;
    const next: Track[] = [];
    for (const track of live) {
      const asked = ask(rule, track, at);
      const seen = withStep(track, {
        hook: at.hook,
        table: table.name,
        chain: chain.name,
        rule: index + 1,
        matched: asked.answer,
        why: asked.why,
        action: actionText(rule.action),
        of: rule,
      });
      if (asked.answer === false || (asked.answer === null && isIdle(rule.action))) {
        next.push(seen);
        continue;
      }
      const taken = asked.answer === null ? split(seen, asked, `${table.name} ${chain.name} rule ${index + 1}`) : null;
      if (taken !== null) next.push(taken.without);
      const flow = act(table, rule.action, taken?.with ?? seen, at, depth);
      next.push(...flow.next);
      returned.push(...flow.returned);
      ended.push(...flow.ended);
    }
    live = capped(next.length > 1 ? mergeTracks(next) : next, ended);
  }
  return { through: mergeTracks([...live, ...returned]), ended };
}

function capped(tracks: Track[], ended: Ended[]): Track[] {
  if (tracks.length <= mostTracks) return tracks;
  const [first] = tracks;
  if (first !== undefined) {
    const reason = `more than ${mostTracks} ways are possible; the others were not followed`;
    ended.push({ track: { ...first, reasons: [...first.reasons, reason] }, verdict: 'unknown' });
  }
  return tracks.slice(0, mostTracks);
}

/** Nothing depends on whether such a rule matches. */
const isIdle = (action: Action): boolean => action.kind === 'none' || action.kind === 'log';

interface Asked {
  readonly answer: Tri;
  readonly why: string | (() => string);
  readonly open: readonly Condition[];
}

function ask(rule: Rule, track: Track, at: Setting): Asked {
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

/** The two packets that one becomes where nobody can say whether a rule takes it. */
function split(track: Track, asked: Asked, about: string): { with: Track; without: Track } {
  const reasons = [...track.reasons, `${about}: ${asked.open.map(whyUnknown).join('; ')}`];
  const text = textOf(asked.open);
  const taken = asked.open.reduce((one, condition) => assume(one, condition, true), track);
  return {
    with: {
      ...taken,
      reasons,
      conditions: [...track.conditions, { about, holds: true, text: `${about} takes it (${text})` }],
    },
    without: {
      ...refuse(track, asked.open),
      reasons,
      conditions: [...track.conditions, { about, holds: false, text: `${about} does not take it (${text})` }],
    },
  };
}

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

interface Acted {
  readonly next: Track[];
  readonly returned: Track[];
  readonly ended: Ended[];
}

function act(table: Table, action: Action, track: Track, at: Setting, depth: number): Acted {
  switch (action.kind) {
    case 'return':
      return { next: [], returned: [track], ended: [] };
    case 'jump':
    case 'goto': {
      const target = table.chains.find((chain) => chain.name === action.chain);
      if (target === undefined || depth >= deepest) {
        const reason =
          target === undefined
            ? `there is no chain ${action.chain} in ${table.name}`
            : 'chains call each other in a circle';
        return {
          next: [],
          returned: [],
          ended: [{ track: { ...track, reasons: [...track.reasons, reason] }, verdict: 'unknown' }],
        };
      }
      const flow = walkChain(table, target, [track], at, depth + 1);
      // A RETURN in a chain that was entered by goto goes back to where this chain was called from (iptables(8), -g).
      return action.kind === 'jump'
        ? { next: flow.through, returned: [], ended: flow.ended }
        : { next: [], returned: flow.through, ended: flow.ended };
    }
    default: {
      const after = afterLog(action);
      if (after !== null) return act(table, after, track, at, depth);
      const effect = apply(action, track, at);
      return effect.outcome === 'next'
        ? { next: [effect.track], returned: [], ended: [] }
        : { next: [], returned: [], ended: [{ track: effect.track, verdict: effect.outcome }] };
    }
  }
}

/** The second half of what nft can say in one rule and the readers of nft call "LOG then ACCEPT". */
function afterLog(action: Action): Action | null {
  const verdict =
    action.kind === 'opaque' ? /^LOG then (ACCEPT|DROP|RETURN|REJECT)$/.exec(action.target)?.[1] : undefined;
  switch (verdict) {
    case 'ACCEPT':
      return { kind: 'accept' };
    case 'DROP':
      return { kind: 'drop' };
    case 'RETURN':
      return { kind: 'return' };
    case 'REJECT':
      return { kind: 'reject', with: '' };
    default:
      return null;
  }
}

/** What a rule does, as `-j` names it. */
export function actionText(action: Action): string {
  switch (action.kind) {
    case 'none':
      return '';
    case 'jump':
      return `jump to ${action.chain}`;
    case 'goto':
      return `go to ${action.chain}`;
    case 'opaque':
    case 'unseen':
      return action.target;
    default:
      return action.kind.toUpperCase();
  }
}

/** A rule's text: as it was written, or made from its meaning where it has none. */
export const ruleWords = (rule: Rule): readonly string[] => (rule.words.length > 0 ? rule.words : canonicalWords(rule));
