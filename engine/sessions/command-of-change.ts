import type { CommandRow } from './store.ts';

/** Which command made a change, and whether it is of the very process that the kernel named. */
export interface Attribution {
  readonly command: CommandRow;
  readonly certain: boolean;
}

/** The recorder sees a change a moment after it was made, by which time the command may have ended; seconds. */
const late = 0.3;
/** What has no events is compared once a second. */
const lateWithoutEvents = 2;
/** Clocks of shell and recorder are one; the times are taken a moment apart. */
const early = 0.005;
/** Of commands that run at the same time on a node no more are looked at. */
const mostTogether = 200;

export interface AttributedChange {
  readonly node: string;
  readonly time: number;
  /** As the kernel names it; null for what has no events: addresses, sysctls, listeners. */
  readonly process: string | null;
}

/**
 * Tells of changes, asked in their order, which command made each: one that ran on that node then and whose text names the process. Where two
 * ran one after another, each gets what it can have made: `iptables -A` one change, `iptables -L` and one that failed none. Where none names
 * the process it may be a script: the one that began last, unless it only looks at things.
 */
export class CommandFinder {
  readonly #byNode = new Map<string, CommandRow[]>();
  readonly #made = new Map<number, number>();

  constructor(commands: readonly CommandRow[]) {
    const nextOf = endsUnseen(commands);
    for (const command of commands) {
      const known = this.#byNode.get(command.node) ?? [];
      known.push(nextOf.has(command) ? { ...command, ended: nextOf.get(command) ?? null } : command);
      this.#byNode.set(command.node, known);
    }
    for (const known of this.#byNode.values()) known.sort((a, b) => a.begun - b.begun);
  }

  find({ node, time, process }: AttributedChange): Attribution | null {
    const running = this.#running(node, time, process === null ? lateWithoutEvents : late);
    // What iptables can do says nothing of what has no events.
    const left = process === null ? running : running.filter((command) => this.#canHaveMade(command));
    const naming = left.filter((command) => names(command, process));
    const single = naming.find((command) => Number.isFinite(mostChangesOf(command)));
    const found = single ?? naming.at(-1) ?? null;
    if (found !== null) {
      this.#made.set(found.number, (this.#made.get(found.number) ?? 0) + 1);
      return { command: found, certain: true };
    }
    const other = left.findLast((command) => process !== null && !Number.isFinite(mostChangesOf(command)));
    return other === undefined ? null : { command: other, certain: false };
  }

  #canHaveMade(command: CommandRow): boolean {
    return (this.#made.get(command.number) ?? 0) < mostChangesOf(command);
  }

  /** In the order in which they began. */
  #running(node: string, time: number, slack: number): readonly CommandRow[] {
    const all = this.#byNode.get(node) ?? [];
    let low = 0;
    let high = all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((all[middle]?.begun ?? 0) <= time + early) low = middle + 1;
      else high = middle;
    }
    return all
      .slice(Math.max(0, low - mostTogether), low)
      .filter(({ ended }) => ended === null || ended >= time - slack);
  }
}

/** One whose end nobody saw ended at the latest when the next began in its terminal. */
function endsUnseen(commands: readonly CommandRow[]): ReadonlyMap<CommandRow, number | null> {
  const ends = new Map<CommandRow, number | null>();
  const last = new Map<string, CommandRow>();
  for (const command of commands) {
    const before = last.get(command.terminal);
    if (before && before.ended === null) ends.set(before, command.begun);
    last.set(command.terminal, command);
  }
  return ends;
}

/** A call of iptables, and one that changes nothing. */
const call = /^(?:sudo\s+)?(?:\S*\/)?ip6?tables(?:-nft|-legacy)?\s/;
const listing = /\s(?:-[a-zA-Z]*[LSC]\b|--list|--list-rules|--check|--help|-h\b|--version|-V\b)/;
/** What makes more of a line than commands one after another. */
const compound = /\$\(|`|\b(?:for|while|until|if|case|function)\b|[(){}]/;

/** How many changes of rules a command can make, as far as its text tells. */
function mostChangesOf({ text, exitCode }: CommandRow): number {
  if (text === null || compound.test(text)) return Number.POSITIVE_INFINITY;
  const parts = text.split(/[;&|\n]+/).map((part) => part.trim());
  const most = parts.reduce((sum, part) => sum + mostOfPart(part), 0);
  return parts.length === 1 && exitCode !== null && exitCode !== 0 && call.test(text) ? 0 : most;
}

function mostOfPart(part: string): number {
  if (call.test(part)) return listing.test(part) ? 0 : 1;
  return part === '' || looksOnly(part) ? 0 : Number.POSITIVE_INFINITY;
}

/** What a node's state that has no events is changed with. */
const changers = /\b(?:sysctl|ip|ifconfig|route|ipset|brctl|bridge|nginx|nc|socat|systemctl|service)\b|\/proc\/sys/;

/** The kernel keeps 15 characters of a process's name. */
function names({ text }: CommandRow, process: string | null): boolean {
  if (text === null) return false;
  if (process === null) return changers.test(text);
  return text.split(/[\s;&|()`"']+/).some((word) => (word.split('/').at(-1) ?? '').slice(0, 15) === process);
}

/** Programs that change no rules, however long they run. */
const lookers = new Set(
  'iptables-save ip6tables-save ping ping6 tcpdump man less more cat tail head watch curl wget nc ncat socat iperf3 traceroute tracepath top vim vi nano sleep dig conntrack ls cd echo grep jq clear history sort wc true false exit pwd date ss'.split(
    ' ',
  ),
);

function looksOnly(part: string): boolean {
  const words = part.trim().split(/\s+/);
  const first = words[0] === 'sudo' ? words[1] : words[0];
  return lookers.has(first?.split('/').at(-1) ?? '');
}
