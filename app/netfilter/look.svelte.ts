import type { NetfilterView } from '../../engine/contract/procedures/netfilter.ts';
import type { Preferences } from '../ui/preferences.svelte.ts';

export const ways = ['hooks', 'tables'] as const;
export type Way = (typeof ways)[number];
export const languages = ['columns', 'words', 'syntax'] as const;
/** As `iptables -L -v -n` lists rules, in plain words, or as they are typed. */
export type Language = (typeof languages)[number];
export type Family = NetfilterView['family'];

/** In root ems: then most rules stand in one line of `iptables -L`. */
const leastForColumns = 36;

interface Place {
  readonly way: Way;
  readonly table: string | null;
  readonly chain: string | null;
}

/** The node that was looked at last in each session: another tab beside the lab is no reason to begin anew. */
const lastNodes = new Map<string, string>();

/** What of a node's rules is looked at, and how. */
export class Look {
  #node = $state('');
  family = $state<Family>('ipv4');
  /** Of the view, in root ems. */
  width = $state(0);
  #chosen = $state<Language | null>(null);
  /** Columns need room: where there is none and nobody chose, words stand in their place. */
  readonly language = $derived<Language>(this.#chosen ?? (this.width < leastForColumns ? 'words' : 'columns'));
  #place = $state.raw<Place>({ way: 'hooks', table: null, chain: null });
  #history = $state.raw<readonly Place[]>([]);
  readonly #preferences: Preferences;

  readonly #session: string;

  constructor(session: string, nodes: readonly string[], preferences: Preferences) {
    const last = lastNodes.get(session);
    this.#session = session;
    this.#node = last !== undefined && nodes.includes(last) ? last : (nodes[0] ?? '');
    this.#preferences = preferences;
    this.#chosen = preferences.get<Language | null>('netfilter/language', null, isOneOf(languages));
    this.#place = { way: preferences.get('netfilter/way', 'hooks', isOneOf(ways)), table: null, chain: null };
  }

  get node(): string {
    return this.#node;
  }

  set node(node: string) {
    this.#node = node;
    lastNodes.set(this.#session, node);
  }

  get way(): Way {
    return this.#place.way;
  }

  /** The chosen table's key; null: the first there is. */
  get table(): string | null {
    return this.#place.table;
  }

  /** The chain that was gone to, for the focus; null where nobody went. */
  get chain(): string | null {
    return this.#place.chain;
  }

  get canGoBack(): boolean {
    return this.#history.length > 0;
  }

  speak(language: Language): void {
    this.#chosen = language;
    this.#preferences.set('netfilter/language', language);
  }

  look(way: Way): void {
    this.#place = { ...this.#place, way, chain: null };
    this.#history = [];
    this.#preferences.set('netfilter/way', way);
  }

  choose(table: string): void {
    this.#place = { way: 'tables', table, chain: null };
    this.#history = [];
  }

  /** Follows a jump, or shows a chain of the map; `from` is the chain that it was followed from. */
  go(table: string, chain: string, from: string | null = null): void {
    this.#history = [...this.#history, { ...this.#place, chain: from }];
    this.#place = { way: 'tables', table, chain };
  }

  back(): void {
    const last = this.#history[this.#history.length - 1];
    if (!last) return;
    this.#history = this.#history.slice(0, -1);
    this.#place = last;
  }
}

const isOneOf =
  <Value extends string>(values: readonly Value[]) =>
  (value: unknown): value is Value =>
    values.some((one) => one === value);
