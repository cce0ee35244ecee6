import type { ConnectionChanges, TrafficConnection } from '../../engine/contract/procedures/traffic.ts';

export interface ConnectionRow extends TrafficConnection {
  /** How often it has become another while it was looked at: what becomes more is lit. */
  readonly turns: number;
}

export interface ConnectionTable {
  /** The node's clock less the window's, in seconds. */
  readonly ahead: number;
  readonly total: number;
  readonly matching: number;
  /** The newest first. */
  readonly rows: readonly ConnectionRow[];
}

/** The whole table after each change. */
export async function* tablesOf(stream: AsyncIterable<ConnectionChanges>): AsyncGenerator<ConnectionTable, void> {
  const rows = new Map<string, ConnectionRow>();
  let first = true;
  for await (const { time, total, matching, changed, gone } of stream) {
    for (const key of gone) rows.delete(key);
    for (const connection of changed) {
      const before = rows.get(connection.key);
      rows.set(connection.key, { ...connection, turns: turnsOf(before, connection, first) });
    }
    first = false;
    const sorted = [...rows.values()].sort((one, other) => (other.since ?? 0) - (one.since ?? 0));
    yield { ahead: time - Date.now() / 1000, total, matching, rows: sorted };
  }
}

function turnsOf(before: ConnectionRow | undefined, now: TrafficConnection, first: boolean): number {
  if (!before) return first ? 0 : 1;
  const same =
    before.state === now.state &&
    before.replied === now.replied &&
    before.mark === now.mark &&
    JSON.stringify(before.after) === JSON.stringify(now.after);
  return same ? before.turns : before.turns + 1;
}

/** `10.0.0.2:80`, `[fd00::2]:80`. */
export function endText(address: string, port: number | null): string {
  if (port === null) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
