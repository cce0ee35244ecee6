import { printSave } from '../netfilter/index.ts';
import type { Family } from '../netfilter/model.ts';
import { type Counted, legacyRulesets, NodeHistory, type NodeVersion, withCounters } from './node-history.ts';
import type { GenerationRecord, RulesRecord, Sections, TimelineRecord } from './records.ts';
import { RuleReader } from './rule-source.ts';
import { RulesetReader, type TableVersion } from './ruleset-versions.ts';
import { parseSections } from './sections.ts';
import type { NftTable, NodeRuleset, NodeSnapshot } from './snapshot.ts';
import type { FlowEvent, Gap, KernelLogLine, Mark, Timeline, TimelineState } from './timeline.ts';

interface OpenState {
  readonly time: number;
  readonly node: string;
  readonly process: string | null;
  readonly provisioning: boolean;
  readonly probing: boolean;
  nodes: ReadonlyMap<string, NodeVersion>;
}

/** The states of a session from the recorder's records, in their order. Pure. */
export function buildTimeline(records: Iterable<TimelineRecord>): Timeline {
  const builder = new TimelineBuilder();
  for (const record of records) builder.add(record);
  builder.end();
  return builder.timeline();
}

/** The same, record by record: a live view adds what has come and asks again. */
export class TimelineBuilder {
  readonly #rules = new RuleReader();
  readonly #snapshots = new SnapshotReader(this.#rules);
  readonly #histories = new Map<string, NodeHistory>();
  readonly #states: OpenState[] = [];
  /** By node: the state that its counters were last read in. */
  readonly #countedIn = new Map<string, number>();
  readonly #flows: FlowEvent[] = [];
  readonly #log: KernelLogLine[] = [];
  readonly #marks: Mark[] = [];
  readonly #gaps: Gap[] = [];
  #provisioning = true;
  #probing = false;
  /** Who was killed never says that its probes, or a node's restart, have ended: after this time they have. */
  #probingAtMost = Number.POSITIVE_INFINITY;
  #provisioningAtMost = Number.POSITIVE_INFINITY;

  add(record: TimelineRecord): void {
    const { t: time } = record;
    if (this.#probing && time > this.#probingAtMost) this.#turn(this.#probingAtMost, { probing: false });
    if (this.#provisioning && time > this.#provisioningAtMost) {
      this.#turn(this.#provisioningAtMost, { provisioning: false });
    }
    switch (record.kind) {
      case 'generation':
        this.#generation(record);
        break;
      case 'rules':
      case 'base':
        this.#reading(record);
        break;
      case 'state':
        this.#sections(time, record.node, record.sections);
        break;
      case 'node':
        if (record.event === 'listening') this.#histories.get(record.node)?.forget();
        break;
      case 'flow':
        this.#flows.push({ time, node: record.node, event: record.event, flow: record.flow, probing: this.#probing });
        break;
      case 'log':
        this.#log.push({ time, sequence: record.sequence, text: record.text });
        break;
      case 'gap':
        this.#gaps.push({
          what: record.what,
          node: record.node,
          from: record.from ?? 0,
          to: record.to,
          reason: record.reason,
        });
        break;
      case 'mark':
        this.#mark({ time, name: record.name, ...(record.detail === undefined ? {} : { detail: record.detail }) });
        break;
      case 'recorder':
        break;
    }
  }

  /** No more records come: what is not known now will not be. */
  end(): void {
    for (const history of this.#histories.values()) history.settle();
  }

  timeline(): Timeline {
    const states = this.#states.map((state, index) => this.#finished(state, index));
    return { states, flows: [...this.#flows], log: [...this.#log], marks: [...this.#marks], gaps: [...this.#gaps] };
  }

  #finished(state: OpenState, index: number): TimelineState {
    const { time, node, process, provisioning, probing, nodes } = state;
    const snapshots = this.#snapshots;
    let read: Record<string, NodeSnapshot> | null = null;
    return {
      index,
      time,
      node,
      process,
      provisioning,
      probing,
      /** Made when it is looked at: most states of a long session never are. */
      get nodes() {
        read ??= Object.fromEntries([...nodes].map(([name, version]) => [name, snapshots.read(name, version)]));
        return read;
      },
    };
  }

  #history(node: string): NodeHistory {
    const history = this.#histories.get(node) ?? new NodeHistory(this.#rules);
    this.#histories.set(node, history);
    return history;
  }

  #version(node: string): NodeVersion | undefined {
    return this.#states.at(-1)?.nodes.get(node);
  }

  #begin(time: number, node: string, process: string | null, version: NodeVersion | undefined): void {
    const nodes = new Map(this.#states.at(-1)?.nodes);
    if (version !== undefined) nodes.set(node, version);
    this.#states.push({ time, node, process, provisioning: this.#provisioning, probing: this.#probing, nodes });
  }

  /** Puts a better known version into the state that goes on. */
  #amend(node: string, version: NodeVersion): void {
    const last = this.#states.at(-1);
    if (last !== undefined) last.nodes = new Map(last.nodes).set(node, version);
  }

  /**
   * Counters as they stood when a state ended are known when somebody reads them next: they hold for every state since the
   * reading before.
   */
  #count(node: string, counted: Counted): void {
    for (let index = this.#states.length - 1; index >= (this.#countedIn.get(node) ?? 0); index -= 1) {
      const state = this.#states[index];
      const version = state?.nodes.get(node);
      if (state === undefined || version === undefined) break;
      const better = withCounters(version, counted);
      if (better === version) break;
      state.nodes = new Map(state.nodes).set(node, better);
    }
  }

  #generation(record: GenerationRecord): void {
    const { node, t: time } = record;
    const history = this.#history(node);
    this.#count(node, history.countedAtEnd(record, this.#probing));
    const before = this.#version(node) ?? { time, generation: null, tables: new Map(), sections: {}, unread: [] };
    this.#begin(time, node, record.process, history.afterGeneration(before, record));
  }

  #reading(record: RulesRecord): void {
    const { node, t: time } = record;
    const history = this.#history(node);
    const before = this.#version(node);
    if (record.kind === 'base' || before === undefined) {
      const fresh = {
        time,
        generation: record.gen,
        tables: new Map(),
        sections: record.sections ?? {},
        unread: [],
      };
      // A base of the generation that is known brings nothing new but exactness.
      const known = before !== undefined && record.gen !== null && before.generation === record.gen;
      const version = history.withReading(known ? { ...before, sections: fresh.sections } : fresh, record);
      if (known && sameSections(before.sections, version.sections)) this.#amend(node, version);
      else this.#begin(time, node, null, version);
    } else {
      const missed = record.gen !== null && before.generation !== null && isLater(record.gen, before.generation);
      const version = history.withReading(missed ? { ...before, time, generation: record.gen } : before, record);
      if (missed) this.#begin(time, node, null, version);
      else this.#amend(node, version);
    }
    this.#count(node, history.countedByReading(record, this.#probing));
    this.#countedIn.set(node, this.#states.length - 1);
  }

  #sections(time: number, node: string, sections: Sections): void {
    const before = this.#version(node);
    if (before === undefined) return;
    this.#begin(time, node, null, { ...before, time, sections: { ...before.sections, ...sections } });
  }

  #mark(mark: Mark): void {
    this.#marks.push(mark);
    if (mark.name === 'node-restarting' || mark.name === 'restoring') {
      this.#provisioningAtMost = mark.time + longestRestart;
      this.#turn(mark.time, { provisioning: true });
    }
    if (mark.name === 'provisioned' || mark.name === 'node-restarted' || mark.name === 'restored') {
      this.#turn(mark.time, { provisioning: false });
    }
    if (mark.name === 'probe-begin') {
      this.#probingAtMost = mark.time + Number(mark.detail ?? Number.POSITIVE_INFINITY);
      this.#turn(mark.time, { probing: true });
    }
    if (mark.name === 'probe-end') this.#turn(mark.time, { probing: false });
  }

  /** Begins a state where what holds of it is another from now on. */
  #turn(time: number, { provisioning = this.#provisioning, probing = this.#probing }): void {
    if (provisioning === this.#provisioning && probing === this.#probing) return;
    this.#provisioning = provisioning;
    this.#probing = probing;
    const last = this.#states.at(-1);
    if (last === undefined) return;
    this.#begin(time, last.node, null, undefined);
    // The recorder reads all counters before it writes a mark.
    for (const node of this.#histories.keys()) this.#countedIn.set(node, this.#states.length - 1);
  }
}

/** Seconds. */
const longestRestart = 200;

/** Snapshots of versions; the same version gives the same object, once all is known of its rules. */
class SnapshotReader {
  readonly #rulesets: RulesetReader;
  readonly #known = new WeakMap<NodeVersion, NodeSnapshot>();
  readonly #sections = new WeakMap<Sections, ReturnType<typeof parseSections>>();

  constructor(rules: RuleReader) {
    this.#rulesets = new RulesetReader(rules);
  }

  read(node: string, version: NodeVersion): NodeSnapshot {
    const known = this.#known.get(version);
    if (known !== undefined) return known;
    const { sections } = version;
    const parsed = this.#sections.get(sections) ?? parseSections(sections);
    this.#sections.set(sections, parsed);
    const nft = (['ipv4', 'ipv6'] as const).flatMap((family) => this.#ruleset(family, version));
    const snapshot: NodeSnapshot = {
      node,
      time: version.time,
      generation: version.generation,
      rulesets: [...nft, ...legacyRulesets(sections)],
      nftTables: this.#own(version),
      ...parsed.parsed,
      sysctls: sections.sysctls ?? {},
      listeners: sections.listeners ?? [],
      conntrack: [],
      problems: [...parsed.problems, ...notRecorded, ...version.unread.map(unseenTable)],
    };
    if (!this.#isUnsettled(snapshot)) this.#known.set(version, snapshot);
    return snapshot;
  }

  #isUnsettled({ rulesets, nftTables }: NodeSnapshot): boolean {
    const own = nftTables.flatMap(({ read }) => Object.values(read ?? {}).map(({ table }) => table));
    const tables = [...rulesets.flatMap(({ ruleset }) => ruleset.tables), ...own];
    return tables.some((table) => this.#rulesets.isUnsettled(table));
  }

  /** Tables of nft's own, which are made of the kernel's events alone. */
  #own(version: NodeVersion): NftTable[] {
    const names = new Map<string, TableVersion[]>();
    for (const table of version.tables.values()) {
      if (isOwn(table)) names.set(table.name, [...(names.get(table.name) ?? []), table]);
    }
    return [...names].map(([whole, tables]) => {
      const [family = '', name = ''] = whole.split(/ (.*)/s);
      const read = Object.fromEntries(tables.map((table) => [table.family, this.#rulesets.readOwn(table)]));
      return { family, name, json: null, read };
    });
  }

  #ruleset(family: Family, version: NodeVersion): NodeRuleset[] {
    const tables = [...version.tables.values()].filter((table) => table.family === family && !isOwn(table));
    if (tables.length === 0) return [];
    const ruleset = this.#rulesets.read(family, tables);
    return [
      {
        family,
        backend: 'nft',
        ruleset,
        /** Printed when it is asked for: nobody saw iptables-save at this very moment. */
        get text() {
          return printSave(ruleset, { counters: true });
        },
      },
    ];
  }
}

/** "inet fw": iptables' tables have no space in their names. */
const isOwn = ({ name }: TableVersion): boolean => name.includes(' ');

/** Connections are on a timeline as events. */
const notRecorded: NodeSnapshot['problems'] = [
  { section: 'conntrack', message: 'a timeline has connections as events, not as a table' },
];

const unseenTable = (name: string): NodeSnapshot['problems'][number] => ({
  section: 'nft',
  message: `the nft table ${name} was there before the recorder began`,
});

function sameSections(a: Sections, b: Sections): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(sections: Sections): readonly [string, unknown][] {
  return Object.entries(sections).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Generations are 32-bit and wrap. */
function isLater(a: number, b: number): boolean {
  return a !== b && (a - b) >>> 0 < 0x8000_0000;
}
