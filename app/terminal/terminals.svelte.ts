import { tick, untrack } from 'svelte';
import { arrangementName } from '../../engine/contract/arrangement-name.ts';
import type { Client } from '../../engine/contract/contract.ts';
import type { TerminalSummary } from '../../engine/contract/procedures/terminals.ts';
import { useLink } from '../client/context.ts';
import { failureOf, isCancelled } from '../client/failure.ts';
import { usePreferences } from '../ui/preferences.svelte.ts';
import { rootSize } from '../ui/root-size.svelte.ts';
import { theme } from '../ui/theme.svelte.ts';
import {
  type Arrangement,
  addTab,
  type Direction,
  emptyArrangement,
  groupOf,
  groupsOf,
  isArrangement,
  removeTab,
  resizeSplit,
  showTab,
  splitGroup,
  type Tab,
  tabsOf,
} from './arrangement.ts';
import { commandOf, type TerminalCommand } from './keys.ts';
import { TerminalView } from './terminal-view.svelte.ts';

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

/** A line to the engine, and what ends with it. */
interface Line {
  readonly client: Client;
  readonly signal: AbortSignal;
}

/**
 * The terminals of one session in this window. To be made while a component is made (it takes the engine's line and the preferences from
 * the context), shown by `<TerminalArea {terminals} {nodes} />`, and given to whoever opens terminals or types into them:
 *
 * ```
 * const terminals = new Terminals(session);
 * terminals.openOn('router');                          // a click in the drawing
 * terminals.typeInto('router', 'iptables -L -n -v');   // a block of the guide
 * ```
 *
 * The engine's list is what there is; the arrangement says where it stands, is kept by session, and outlives a reload.
 */
export class Terminals {
  readonly session: string;
  arrangement = $state.raw<Arrangement>(emptyArrangement());
  /** The group that a new terminal comes to. */
  group = $state('');
  /** The find bar is open in this terminal. */
  finding = $state<string | null>(null);
  /** What there is has come from the engine. */
  ready = $state(false);
  screenReader = $state(false);
  readonly #views = new Map<string, TerminalView>();
  readonly #preferences = usePreferences();
  #line: Line | null = null;

  constructor(session: string) {
    this.session = session;
    this.arrangement = this.#preferences.get<Arrangement>(this.#name, emptyArrangement(), isArrangement);
    this.screenReader = this.#preferences.get('terminals.screen-reader', false, isBoolean);
    this.group = groupsOf(this.arrangement)[0]?.id ?? '';
    const link = useLink();
    $effect(() => {
      const { client } = link;
      if (!client) return;
      const left = new AbortController();
      untrack(() => {
        void this.#follow({ client, signal: left.signal });
        void this.#comeBack({ client, signal: left.signal });
      });
      return () => left.abort();
    });
    $effect(() => {
      const options = { screenReader: this.screenReader };
      void theme.current;
      void rootSize.current;
      // The document has its new colours once the effects of this turn have run.
      void tick().then(() => {
        for (const view of this.#views.values()) view.restyle(options);
      });
    });
    $effect(() => () => {
      for (const view of this.#views.values()) view[Symbol.dispose]();
    });
  }

  /** Shows a terminal of the node and gives it the keyboard; opens one where there is none. */
  async openOn(node: string): Promise<void> {
    const known = this.#terminalsOf(node);
    const seen = known.find(({ terminal }) => this.#isSeen(terminal)) ?? known[0];
    if (seen) await this.show(seen.terminal);
    else await this.add(node);
  }

  /**
   * Types a block of commands into a terminal of the node and runs it: into one that waits at its prompt, the seen one first; where all
   * are busy or there is none, into a new one. False where no shell came, which the terminal says with the reason.
   */
  async typeInto(node: string, code: string): Promise<boolean> {
    const free = this.#terminalsOf(node).filter(({ terminal }) => this.#views.get(terminal)?.atPrompt);
    const chosen = free.find(({ terminal }) => this.#isSeen(terminal)) ?? free[0];
    const terminal = chosen ? chosen.terminal : await this.add(node);
    await this.show(terminal);
    return (await this.#views.get(terminal)?.run(code)) ?? false;
  }

  /** Opens a new terminal as a tab of the group that was used last, or as a group of its own beside it; its id. */
  async add(node: string, split?: Direction): Promise<string> {
    const tab: Tab = { terminal: crypto.randomUUID(), node };
    const group = this.#currentGroup();
    this.view(tab).expect();
    this.#arrange(
      split && group.tabs.length > 0
        ? splitGroup(this.arrangement, group.id, split, tab)
        : addTab(this.arrangement, group.id, tab, true),
    );
    await this.show(tab.terminal);
    await this.begin(tab);
    return tab.terminal;
  }

  /** Makes sure that a shell runs in a terminal: a new one, or one whose shell has ended or did not come. Its view says why there is none. */
  async begin(tab: Tab): Promise<void> {
    const line = this.#line;
    const view = this.view(tab);
    if (!line) return; // the next one begins with what there is
    const { terminal, node } = tab;
    view.expect();
    try {
      await line.client.terminals.open({ session: this.session, terminal, node, ...view.size });
      if (!view.followed) void view.follow(line.client, line.signal);
    } catch (thrown) {
      if (!line.signal.aborted && !isCancelled(thrown)) view.refuse(failureOf(thrown));
    }
  }

  /** What was lost with Docker or with the lab's machine gets a shell again, now that these are back. */
  async comeBack(): Promise<void> {
    const tabs = groupsOf(this.arrangement).flatMap((group) => group.tabs);
    const lost = tabs.filter(({ terminal }) => {
      const view = this.#views.get(terminal);
      return view?.ended?.cause === 'lost' || view?.failure;
    });
    await Promise.all(lost.map((tab) => this.begin(tab)));
  }

  /** Lets a terminal be seen and gives it the keyboard. */
  async show(terminal: string): Promise<void> {
    this.#arrange(showTab(this.arrangement, terminal));
    this.group = groupOf(this.arrangement, terminal)?.id ?? this.group;
    await tick(); // its pane is drawn
    this.#views.get(terminal)?.focus();
  }

  /** Lets a terminal be seen and leaves the keyboard with its tab. */
  async look(terminal: string): Promise<void> {
    this.#arrange(showTab(this.arrangement, terminal));
    await tick();
    document.getElementById(tabElementId(terminal))?.focus();
  }

  clear(terminal: string): void {
    this.#views.get(terminal)?.clear();
    void this.show(terminal);
  }

  async close(terminal: string): Promise<void> {
    const group = groupOf(this.arrangement, terminal)?.id;
    this.#forget(terminal);
    const left = groupsOf(this.arrangement).find(({ id }) => id === group) ?? groupsOf(this.arrangement)[0];
    if (left?.active) await this.show(left.active);
    await this.#line?.client.terminals.close({ terminal }).catch(() => undefined); // it was gone already
  }

  /** The view of a tab; made when it is first asked for. */
  view({ terminal, node }: Tab): TerminalView {
    const known = this.#views.get(terminal);
    if (known) return known;
    const view = new TerminalView({
      terminal,
      node,
      screenReader: untrack(() => this.screenReader),
      onKey: (event) => this.#takeKey(event, { terminal, node }),
      onFocus: () => {
        this.group = groupOf(this.arrangement, terminal)?.id ?? this.group;
      },
    });
    this.#views.set(terminal, view);
    return view;
  }

  useScreenReader(on: boolean): void {
    this.screenReader = on;
    this.#preferences.set('terminals.screen-reader', on);
  }

  resize(split: string, shares: readonly number[]): void {
    this.#arrange(resizeSplit(this.arrangement, split, shares));
  }

  /** Goes to the next or previous tab of the group, or group of the arrangement; round at the ends. */
  async step(of: 'tab' | 'group', by: 1 | -1): Promise<void> {
    const group = this.#currentGroup();
    const places =
      of === 'tab'
        ? group.tabs.map(({ terminal }) => terminal)
        : groupsOf(this.arrangement).map(({ active }) => active);
    const next = places.at((places.indexOf(group.active ?? '') + by) % places.length);
    if (next) await this.show(next);
  }

  get #name(): string {
    return arrangementName(this.session);
  }

  #terminalsOf(node: string): readonly Tab[] {
    return tabsOf(this.arrangement).filter((tab) => tab.node === node);
  }

  #isSeen(terminal: string): boolean {
    return groupOf(this.arrangement, terminal)?.active === terminal;
  }

  #currentGroup() {
    const groups = groupsOf(this.arrangement);
    return groups.find(({ id }) => id === this.group) ?? groups[0] ?? emptyArrangement();
  }

  #arrange(arrangement: Arrangement): void {
    if (arrangement === this.arrangement) return;
    this.arrangement = arrangement;
    this.#preferences.set(this.#name, arrangement);
  }

  #forget(terminal: string): void {
    this.#arrange(removeTab(this.arrangement, terminal));
    this.#views.get(terminal)?.[Symbol.dispose]();
    this.#views.delete(terminal);
    if (this.finding === terminal) this.finding = null;
  }

  async #follow(line: Line): Promise<void> {
    this.#line = line;
    try {
      const lists = await line.client.terminals.watch({ session: this.session }, { signal: line.signal });
      let first = true;
      for await (const list of lists) {
        if (line.signal.aborted) return;
        if (first) this.#takeUp(list, line);
        else this.#keepUp(list, line);
        first = false;
        this.ready = true;
        // Whoever reloads goes on typing where he was.
        const { active } = this.#currentGroup();
        if (active && document.activeElement === document.body) void this.show(active);
      }
    } catch {
      // The line was cut, or the session is gone: what stands around the terminals says which.
    }
  }

  /** Where Docker or the lab went away and is back, what was lost with it begins anew in its place. */
  async #comeBack({ client, signal }: Line): Promise<void> {
    try {
      let ran: boolean | null = null;
      for await (const { sessions } of await client.sessions.watch({}, { signal })) {
        const runs = sessions.some(({ id, status }) => id === this.session && status === 'running');
        if (runs && ran === false) {
          for (const tab of tabsOf(this.arrangement)) {
            const view = this.#views.get(tab.terminal);
            if (view?.failure || view?.ended?.cause === 'lost') void this.begin(tab);
          }
        }
        ran = runs;
      }
    } catch {
      // The line was cut: the next one begins with what there is.
    }
  }

  /** After the line to the engine came (again): what an earlier engine had is opened afresh in its place. */
  #takeUp(list: readonly TerminalSummary[], { client, signal }: Line): void {
    const there = new Set(list.map(({ id }) => id));
    for (const tab of tabsOf(this.arrangement)) {
      if (there.has(tab.terminal)) void this.view(tab).follow(client, signal);
      else void this.begin(tab);
    }
    this.#adopt(list, { client, signal });
  }

  /** What other windows opened comes as a tab, what they closed goes; what the engine refused this window stays, with the reason. */
  #keepUp(list: readonly TerminalSummary[], line: Line): void {
    const there = new Set(list.map(({ id }) => id));
    for (const tab of tabsOf(this.arrangement)) {
      if (!there.has(tab.terminal) && !this.view(tab).wanted) this.#forget(tab.terminal);
    }
    this.#adopt(list, line);
  }

  #adopt(list: readonly TerminalSummary[], { client, signal }: Line): void {
    for (const { id, node } of list) {
      if (groupOf(this.arrangement, id)) continue;
      const tab = { terminal: id, node };
      this.#arrange(addTab(this.arrangement, this.#currentGroup().id, tab, false));
      void this.view(tab).follow(client, signal);
    }
  }

  #takeKey(event: KeyboardEvent, tab: Tab): boolean {
    const command = commandOf(event);
    if (!command) return false;
    event.preventDefault();
    if (event.type === 'keydown') void this.#obey(command, tab);
    return true;
  }

  #obey(command: TerminalCommand, tab: Tab): Promise<unknown> | undefined {
    switch (command) {
      case 'new':
        return this.add(tab.node);
      case 'split-right':
        return this.add(tab.node, 'row');
      case 'split-down':
        return this.add(tab.node, 'column');
      case 'close':
        return this.close(tab.terminal);
      case 'next-tab':
        return this.step('tab', 1);
      case 'previous-tab':
        return this.step('tab', -1);
      case 'next-group':
        return this.step('group', 1);
      case 'previous-group':
        return this.step('group', -1);
      case 'find':
        this.finding = tab.terminal;
        return;
      case 'copy':
        // The terminal's own handler of the event puts the selection in.
        document.execCommand('copy');
        return;
      case 'leave':
        document.getElementById(tabElementId(tab.terminal))?.focus();
    }
  }
}

/** Of the tab that stands for a terminal. */
export const tabElementId = (terminal: string): string => `terminal-tab-${terminal}`;
