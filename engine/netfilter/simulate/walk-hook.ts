/** Packets through the tables of one hook. */

import { type Place, placesAt } from '../base-chains.ts';
import type { Chain, Table } from '../model.ts';
import { chainNamed } from './chain-names.ts';
import { ownPlaces, ownUnfollowed } from './foreign-tables.ts';
import { routeAgain } from './routing-decision.ts';
import type { Run } from './run.ts';
import type { Hook } from './simulation.ts';
import { type Ended, mergeTracks, type Setting, type Taken, type Track, withStep } from './track.ts';
import { translated } from './translate.ts';
import { type Flow, walkChain } from './walk-chain.ts';

/** `through`: accepted by every table of the hook. */
export function walkHook(run: Run, hook: Hook, tracks: readonly Track[]): Flow {
  let live: Track[] = [...tracks];
  const ended: Ended[] = unfollowed(run, hook, tracks);
  for (const place of placesAt(run.rulesets, hook, ownPlaces(run.state, run.came.family))) {
    if (live.length === 0) break;
    const walked = place.as === 'nat' ? walkNat : walkTable;
    if (hook !== 'output' || (place.as !== 'nat' && place.as !== 'mangle')) {
      const flow = walked(run, place, hook, live);
      live = flow.through;
      ended.push(...flow.ended);
      continue;
    }
    const next: Track[] = [];
    for (const track of live) {
      const flow = walked(run, place, hook, [track]);
      const again = flow.through.map((one) => routeAgain(run, track.packet, one));
      next.push(...again.flatMap((one) => one.on));
      ended.push(...flow.ended, ...again.flatMap((one) => one.ended));
    }
    live = mergeTracks(next);
  }
  return { through: live, ended };
}

/** Chains beside the five hooks may do anything to a packet that comes by: it goes on as if they did nothing, and may also end otherwise. */
function unfollowed(run: Run, hook: Hook, tracks: readonly Track[]): Ended[] {
  const beside = [...ownUnfollowed(run.state), ...run.rulesets.flatMap((ruleset) => ruleset.unfollowed ?? [])];
  const chains = beside.filter((one) => one.hook === hook).map(({ name }) => name);
  if (chains.length === 0) return [];
  return tracks.map((track): Ended => {
    const reason = `what ${chains.join(' and ')} does is not known to the simulator`;
    return { track: { ...track, reasons: [...track.reasons, reason] }, verdict: 'unknown' };
  });
}

/** What the kernel shows of interfaces at a hook (nf_hook_state). OUTPUT keeps the first route's, also after a rewrite has changed it. */
export function settingAt(run: Run, hook: Hook, table: string, track: Track): Setting {
  const { packet } = track;
  const local = run.start === 'output';
  return {
    hook,
    table,
    state: run.state,
    came: run.came,
    in: hook === 'output' || (hook === 'postrouting' && (local || packet.in === undefined)) ? null : packet.in,
    out:
      hook === 'prerouting' || hook === 'input'
        ? null
        : hook === 'output'
          ? (track.firstOut ?? packet.out)
          : packet.out,
    sawNat: run.start === 'prerouting' || run.start === 'output',
    brief: run.brief,
    counted: run.counted,
  };
}

function walkTable(run: Run, place: Place, hook: Hook, tracks: readonly Track[]): Flow {
  const through: Track[] = [];
  const ended: Ended[] = [];
  for (const track of tracks) {
    const flow = walkBase(place.table, track, settingAt(run, hook, place.as, track), place.chain);
    through.push(...flow.through);
    ended.push(...flow.ended);
  }
  return { through: mergeTracks(through), ended };
}

/** One packet through a base chain: what comes out has been accepted. */
export function walkBase(table: Table, track: Track, at: Setting, name: string): Flow {
  if (table.unreadable !== undefined) {
    const reason = `table ${table.name} could not be read: ${table.unreadable}`;
    return { through: [], ended: [{ track: { ...track, reasons: [...track.reasons, reason] }, verdict: 'unknown' }] };
  }
  const chain = chainNamed(table, name);
  if (chain === undefined) return { through: [track], ended: [] };
  const flow = walkChain(table, chain, track, at);
  const through = flow.ended.filter((one) => one.verdict === 'accept').map((one) => one.track);
  const ended = flow.ended.filter((one) => one.verdict !== 'accept');
  for (const one of flow.through) {
    const seen = withPolicy(table, chain, one, at);
    if (chain.policy === 'DROP') ended.push({ track: seen, verdict: 'drop' });
    else through.push(seen);
  }
  return { through: mergeTracks(through), ended };
}

function withPolicy(table: Table, chain: Chain, track: Track, at: Setting): Track {
  const action = chain.policy ?? 'ACCEPT';
  return withStep(track, {
    hook: at.hook,
    table: table.name,
    chain: chain.name,
    rule: 0,
    matched: true,
    why: '',
    action,
    of: null,
  });
}

/** The nat table is asked once for each connection, when it is new; of several backends the first that rewrites decides (nf_nat_inet_fn). */
function walkNat(run: Run, place: Place, hook: Hook, tracks: readonly Track[]): Flow {
  const { table } = place;
  const chain = chainNamed(table, place.chain);
  const asked: Track[] = [];
  const passed: Track[] = [];
  for (const track of tracks) {
    const isNew = track.states.includes('NEW');
    if (!isNew) passed.push(keepsNat(track) ? translated(track, hook) : track);
    // nf_nat_initialized(): what comes back over lo has its nat already.
    else if (track.packet.connection !== undefined) passed.push(translated(track, hook));
    else if (wasRewritten(track, hook)) passed.push(track);
    else if (track.states.length === 1) asked.push(track);
    else if ((chain?.rules.length ?? 0) === 0 && table.unreadable === undefined) passed.push(track);
    else {
      const reason = `${table.name} ${place.chain} sees it only if it opens a connection: its state is not given`;
      const both = { ...track, reasons: [...track.reasons, reason], share: { odds: null, counters: [] } };
      asked.push({ ...both, states: ['NEW'], conditions: [...track.conditions, opens(true, track)] });
      const others = track.states.filter((state) => state !== 'NEW');
      passed.push({ ...both, states: others, conditions: [...track.conditions, opens(false, track)] });
    }
  }
  const flow = walkTable(run, place, hook, asked);
  return { through: mergeTracks([...passed, ...flow.through]), ended: flow.ended };
}

const opens = (holds: boolean, track: Track): Taken => ({
  about: 'it opens a connection',
  holds,
  before: track.share,
  text: holds ? 'it opens a connection' : 'it opens no connection',
});

const keepsNat = (track: Track): boolean =>
  track.states.length > 0 && track.states.every((state) => state === 'ESTABLISHED' || state === 'RELATED');

function wasRewritten(track: Track, hook: Hook): boolean {
  const { src, sport, dst, dport } = track.rewrites;
  return hook === 'prerouting' || hook === 'output'
    ? dst !== undefined || dport !== undefined
    : src !== undefined || sport !== undefined;
}
