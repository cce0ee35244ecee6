import type { Action, Chain, Rule, Table } from '../model.ts';
import { printRule } from '../print.ts';
import type { HostState } from './host.ts';
import { matchAll, type View } from './match.ts';
import { isRewrite, rewrite } from './rewrite.ts';
import { assuming, type Hook, merge, type WalkStep, type Way, withStep } from './way.ts';

/** How a way leaves a chain. `continue`: off its end, or RETURN. */
export type End = 'accept' | 'drop' | 'reject' | 'unknown' | 'continue';

export interface Outcome {
  readonly way: Way;
  readonly end: End;
}

export interface Surroundings {
  readonly table: Table;
  readonly hook: Hook | null;
  readonly host: HostState | undefined;
}

/** The kernel's stack of jumps is deeper, but refuses loops; a file may hold one (net/netfilter/x_tables.c). */
const deepest = 64;
/** More forks than this at one rule are told as unknown rather than followed. */
const mostWays = 128;

/** Targets that do something beside the packet's way and let it go on to the next rule. */
const goingOn = new Set([
  'AUDIT',
  'CHECKSUM',
  'CLASSIFY',
  'CONNMARK',
  'CONNSECMARK',
  'CT',
  'DSCP',
  'ECN',
  'HL',
  'HMARK',
  'IDLETIMER',
  'LED',
  'NFLOG',
  'NOTRACK',
  'RATEEST',
  'SECMARK',
  'SET',
  'TCPMSS',
  'TCPOPTSTRIP',
  'TOS',
  'TRACE',
  'TTL',
  'ULOG',
]);

/** Where the ways stand between two rules: those that go on, and those that have left the chain. */
interface Standing {
  live: readonly Way[];
  readonly ended: Outcome[];
}

/** Leads ways through one chain and the chains that it jumps to. */
export function traverseChain(chain: Chain, ways: readonly Way[], around: Surroundings, depth = 0): readonly Outcome[] {
  if (depth > deepest)
    return ways.map((way) => ({ way: assuming(way, `chain ${chain.name} calls itself`), end: 'unknown' }));
  const standing: Standing = { live: ways, ended: [] };
  for (const [index, rule] of chain.rules.entries()) {
    if (standing.live.length === 0) break;
    if (standing.live.length > mostWays) {
      const [first] = standing.live;
      if (first !== undefined)
        standing.ended.push({ way: assuming(first, 'too many unknown conditions to follow'), end: 'unknown' });
      standing.live = [];
      break;
    }
    standing.live = merge(
      standing.live.flatMap((way) => applyRule({ chain, rule, number: index + 1 }, way, standing, around, depth)),
    );
  }
  return [...standing.ended, ...standing.live.map((way): Outcome => ({ way, end: 'continue' }))];
}

interface Place {
  readonly chain: Chain;
  readonly rule: Rule;
  readonly number: number;
}

/** What goes on behind the rule; what ends at it is put among the ended. */
function applyRule(place: Place, way: Way, standing: Standing, around: Surroundings, depth: number): readonly Way[] {
  const { matched, why } = matchAll(place.rule.conditions, viewOf(way, around));
  const step = (outcome: boolean | null): WalkStep => ({
    hook: around.hook,
    table: around.table.name,
    chain: place.chain.name,
    rule: place.number,
    matched: outcome,
    why,
    action: actionText(place.rule.action),
    text: printRule(place.rule),
  });
  const passed = withStep(way, step(false));
  if (matched === false) return [passed];
  const met = withStep(way, step(matched));
  if (matched === true) return act(place.rule.action, met, standing, around, depth);
  if (changesNothing(place.rule.action)) return [met];
  const where = `${around.table.name} ${place.chain.name} rule ${place.number}`;
  const taken = act(place.rule.action, assuming(met, `${why} of ${where} is not known`), standing, around, depth);
  return [...taken, assuming(withStep(way, step(null)), `${why} of ${where} is not known`)];
}

function changesNothing(action: Action): boolean {
  return action.kind === 'none' || action.kind === 'log';
}

function act(action: Action, way: Way, standing: Standing, around: Surroundings, depth: number): readonly Way[] {
  switch (action.kind) {
    case 'none':
    case 'log':
      return [way];
    case 'accept':
    case 'drop':
    case 'reject':
      standing.ended.push({ way, end: action.kind });
      return [];
    case 'return':
      standing.ended.push({ way, end: 'continue' });
      return [];
    case 'mark':
      return [{ ...way, packet: { ...way.packet, mark: ((way.packet.mark & ~action.clear) ^ action.xor) >>> 0 } }];
    case 'jump':
    case 'goto': {
      const target = around.table.chains.find(({ name }) => name === action.chain);
      if (target === undefined) {
        standing.ended.push({ way: assuming(way, `chain ${action.chain} is not there`), end: 'unknown' });
        return [];
      }
      const outcomes = traverseChain(target, [way], around, depth + 1);
      const back = outcomes.filter(({ end }) => end === 'continue').map((outcome) => outcome.way);
      standing.ended.push(...outcomes.filter(({ end }) => end !== 'continue'));
      if (action.kind === 'jump') return back;
      // A chain that was entered by goto returns to where the one before it was called.
      standing.ended.push(...back.map((one): Outcome => ({ way: one, end: 'continue' })));
      return [];
    }
    case 'opaque':
    case 'unseen':
      return actOpaque(action, way, standing);
    default: {
      if (!isRewrite(action)) return [way];
      const rewritten = rewrite(way, action, around.hook, around.host);
      standing.ended.push({ way: rewritten, end: 'accept' });
      return [];
    }
  }
}

function actOpaque(
  action: Extract<Action, { kind: 'opaque' | 'unseen' }>,
  way: Way,
  standing: Standing,
): readonly Way[] {
  const untracks =
    action.target === 'NOTRACK' ||
    (action.target === 'CT' && action.kind === 'opaque' && action.options.some(({ name }) => name === '--notrack'));
  if (untracks) return [{ ...way, packet: { ...way.packet, state: 'UNTRACKED' } }];
  if (goingOn.has(action.target)) return [way];
  standing.ended.push({ way: assuming(way, `what the target ${action.target} does is not known`), end: 'unknown' });
  return [];
}

/** At each hook a packet has the interfaces that it has met: nft and iptables alike see '' for the other. */
function viewOf(way: Way, around: Surroundings): View {
  const { packet } = way;
  const { hook } = around;
  return {
    packet,
    in: hook === 'output' || hook === 'postrouting' ? '' : packet.in,
    out: hook === 'prerouting' || hook === 'input' ? '' : packet.out,
    host: around.host,
    sourceRewritten: way.sourceRewritten,
    destinationRewritten: way.destinationRewritten,
  };
}

function actionText(action: Action): string {
  if (action.kind === 'none') return '';
  if (action.kind === 'jump' || action.kind === 'goto') return `${action.kind} ${action.chain}`;
  if (action.kind === 'opaque' || action.kind === 'unseen') return action.target;
  return action.kind.toUpperCase();
}
