/** Packets through the rules of one chain, all the ways that are possible side by side. */

import { canonicalWords } from '../canonical.ts';
import type { Action, Chain, Rule, Table } from '../model.ts';
import { ask, split } from './asking.ts';
import { candidates } from './chain-index.ts';
import { chainNamed } from './chain-names.ts';
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
export function walkChain(table: Table, chain: Chain, start: Track, at: Setting, depth = 0): Flow {
  const returned: Track[] = [];
  const ended: Ended[] = [];
  let live: Track[] = [start];
  // The fields that the index asks for do not change while a packet is in a table: what rewrites them ends the table.
  const positions = at.brief ? candidates(chain, start.packet, at) : null;
  for (const index of positions ?? chain.rules.keys()) {
    const rule = chain.rules[index];
    if (live.length === 0 || rule === undefined) break;
    const next: Track[] = [];
    for (const track of live) {
      const asked = ask(rule, track, at);
      if (asked.answer === false && at.brief) {
        next.push(track);
        continue;
      }
      const seen = withStep(track, {
        hook: at.hook,
        table: table.name,
        chain: chain.name,
        rule: rule.number ?? index + 1,
        matched: asked.answer,
        why: asked.why,
        action: actionText(rule.action),
        of: rule,
      });
      if (asked.answer === false || (asked.answer === null && isIdle(rule.action))) {
        next.push(seen);
        continue;
      }
      const about = `${table.name} ${chain.name} rule ${rule.number ?? index + 1}`;
      const taken = asked.answer === null ? split(seen, asked, about, at) : null;
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
const isIdle = (action: Action): boolean => ['none', 'log', 'nflog', 'trace'].includes(action.kind);

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
      const target = chainNamed(table, action.chain);
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
      const flow = walkChain(table, target, track, at, depth + 1);
      // A RETURN in a chain that was entered by goto goes back to where this chain was called from (iptables(8), -g).
      return action.kind === 'jump'
        ? { next: flow.through, returned: [], ended: flow.ended }
        : { next: [], returned: flow.through, ended: flow.ended };
    }
    case 'several':
      return inTurn(table, action.actions, track, at, depth);
    default: {
      const effect = apply(action, track, at);
      return effect.outcome === 'next'
        ? { next: [effect.track], returned: [], ended: [] }
        : { next: [], returned: [], ended: [{ track: effect.track, verdict: effect.outcome }] };
    }
  }
}

/** One after the other, with each packet that goes on. */
function inTurn(table: Table, actions: readonly Action[], track: Track, at: Setting, depth: number): Acted {
  let next: Track[] = [track];
  const returned: Track[] = [];
  const ended: Ended[] = [];
  for (const action of actions) {
    const done = next.map((one) => act(table, action, one, at, depth));
    next = done.flatMap((one) => one.next);
    returned.push(...done.flatMap((one) => one.returned));
    ended.push(...done.flatMap((one) => one.ended));
  }
  return { next, returned, ended };
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
    case 'several':
      return action.actions.map(actionText).join(', then ');
    default:
      return action.kind.toUpperCase();
  }
}

/** A rule's text: as it was written, or made from its meaning where it has none. */
export const ruleWords = (rule: Rule): readonly string[] => (rule.words.length > 0 ? rule.words : canonicalWords(rule));
