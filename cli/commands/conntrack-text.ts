import {
  type Connection,
  type ConnectionChanges,
  type ConnectionTuple,
  translated,
} from '../../engine/observe/connections.ts';
import type { Colours } from '../output/colour.ts';
import { table } from '../output/table.ts';

/** A table: what came, what NAT made of it in the line below, state, time left, mark. */
export function connectionsText({ changed, total, time }: ConnectionChanges, node: string, colours: Colours): string {
  if (total === 0) return `${node} tracks no connection now.`;
  if (changed.length === 0) return `None of the ${counted(total)} of ${node} has all of these words.`;
  const sorted = [...changed].sort((one, other) => (other.since ?? 0) - (one.since ?? 0));
  const rows = sorted.flatMap((one) => rowsOf(one, time, colours));
  const more = total > changed.length ? [colours.dim(`${changed.length} of ${counted(total)}`)] : [];
  const head = ['PROTOCOL', 'CONNECTION', 'STATE', 'STAYS', 'MARK'].map((name) => colours.dim(name));
  return [table([head, ...rows]), ...more].join('\n');
}

const counted = (count: number): string => `${count} ${count === 1 ? 'connection' : 'connections'}`;

function rowsOf(one: Connection, time: number, colours: Colours): string[][] {
  const after = translated(one);
  const stays = one.expires === null ? '' : duration(one.expires - time);
  const mark = one.mark === 0 ? '' : `0x${one.mark.toString(16)}`;
  const first = [one.protocol, flow(one.original), stateText(one, colours), stays, mark];
  return after === null ? [first] : [first, ['', afterText(after, one.original, colours), '', '', '']];
}

/** What changed in it stands out. */
function afterText(after: ConnectionTuple, before: ConnectionTuple, colours: Colours): string {
  const source = end(after.source, after.sourcePort);
  const destination = end(after.destination, after.destinationPort);
  const lit = (text: string, same: boolean) => (same ? text : colours.yellow(text));
  const sameSource = source === end(before.source, before.sourcePort);
  const sameDestination = destination === end(before.destination, before.destinationPort);
  return `  NAT: ${lit(source, sameSource)} -> ${lit(destination, sameDestination)}`;
}

function stateText({ state, replied }: Connection, colours: Colours): string {
  const unreplied = replied ? '' : colours.yellow('unreplied');
  return [state ?? '', unreplied].filter(Boolean).join(' ');
}

const flow = ({ source, sourcePort, destination, destinationPort }: ConnectionTuple): string =>
  `${end(source, sourcePort)} -> ${end(destination, destinationPort)}`;

function end(address: string, port: number | null): string {
  if (port === null) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** 118 s, 5 min, 4 d: its size is what matters. */
function duration(seconds: number): string {
  const left = Math.max(0, Math.round(seconds));
  if (left < 600) return `${left} s`;
  if (left < 36_000) return `${Math.round(left / 60)} min`;
  return left < 259_200 ? `${Math.round(left / 3600)} h` : `${Math.round(left / 86_400)} d`;
}

/** Turns changes into lines, as `conntrack -E` has them: + began, ~ changed, - ended. */
export class ConnectionLog {
  #known = new Map<string, Connection>();
  isFirst = true;

  take({ changed, gone, time }: ConnectionChanges, colours: Colours): readonly string[] {
    const lines: string[] = [];
    for (const one of changed) {
      const before = this.#known.get(one.key);
      this.#known.set(one.key, one);
      if (this.isFirst || (before && sameToPeople(before, one))) continue;
      lines.push(lineOf(before ? '~' : colours.green('+'), one, time, colours));
    }
    for (const key of gone) {
      const before = this.#known.get(key);
      if (before) lines.push(lineOf(colours.red('-'), before, time, colours));
      this.#known.delete(key);
    }
    this.isFirst = false;
    return lines;
  }
}

const sameToPeople = (one: Connection, other: Connection): boolean =>
  one.state === other.state &&
  one.replied === other.replied &&
  one.assured === other.assured &&
  one.mark === other.mark &&
  flow(one.reply) === flow(other.reply);

function lineOf(sign: string, one: Connection, time: number, colours: Colours): string {
  const after = translated(one);
  const nat = after === null ? '' : afterText(after, one.original, colours);
  const clock = new Date(time * 1000).toLocaleTimeString('en-GB');
  return `${colours.dim(clock)} ${sign} ${one.protocol} ${flow(one.original)}${nat}  ${stateText(one, colours)}`.trimEnd();
}
