/** Does a packet's connection meet what a rule asks of it (xt_conntrack.c)? true, false, or null where what decides is not known. */

import type { ConnectionCondition, ConnectionStatus } from '../model.ts';
import { type Connection, inverted, type Tuple } from './connection.ts';
import { isInNetwork } from './host-state.ts';
import type { Packet } from './packet.ts';
import type { Setting, Track } from './track.ts';

type Tri = boolean | null;

const kinds: ReadonlySet<string> = new Set([
  'connmark',
  'tuple-address',
  'tuple-port',
  'connection-protocol',
  'connection-status',
  'connection-direction',
  'connection-expiry',
]);

/** Whether a condition asks the connection: without one it holds for no packet, negated or not. States are asked all the same. */
export const asksConnection = (condition: { readonly kind: string }): boolean => kinds.has(condition.kind);

/** Whether the packet has no connection. */
export const hasNoConnection = (track: Track): boolean =>
  track.states.every((state) => state === 'INVALID' || state === 'UNTRACKED');

/** conntrack looks at a packet behind raw; what comes back over lo it has seen before. */
export const isBeforeConntrack = (track: Track, at: Setting): boolean =>
  at.table === 'raw' && !(at.in === 'lo' && track.packet.connection !== undefined);

/** The answer without its negation, for a packet that has a connection. */
export function connectionHolds(condition: ConnectionCondition, track: Track, at: Setting): Tri {
  const { packet } = track;
  switch (condition.kind) {
    case 'tuple-address': {
      const address = tupleOf(track, at, condition.direction)?.[condition.side === 'source' ? 'src' : 'dst'];
      return address === undefined ? null : isInNetwork(address, condition.network);
    }
    case 'tuple-port': {
      const port = tupleOf(track, at, condition.direction)?.[condition.side === 'source' ? 'sport' : 'dport'];
      return port === undefined ? null : condition.ranges.some(({ from, to }) => port >= from && port <= to);
    }
    case 'connection-protocol':
      if (packet.connection?.protocol !== undefined) return packet.connection.protocol === condition.protocol;
      // An ICMP error speaks of another connection, and is RELATED to it.
      if (packet.protocol === undefined || track.states.includes('RELATED')) return null;
      return packet.protocol === condition.protocol;
    case 'connection-status':
      return statusHolds(condition.statuses, track);
    case 'connection-direction': {
      const direction = isNew(track) ? 'original' : packet.dir;
      return direction === undefined ? null : direction === condition.direction;
    }
    case 'connection-expiry':
      return null;
  }
}

const isNew = (track: Track): boolean => track.states.length === 1 && track.states[0] === 'NEW';

function statusHolds(statuses: readonly ConnectionStatus[], track: Track): Tri {
  const answers = statuses.map((status) => hasStatus(status, track));
  return answers.includes(true) ? true : answers.includes(null) ? null : false;
}

/** A new connection is confirmed when its packet has passed all rules. */
function hasStatus(status: ConnectionStatus, track: Track): Tri {
  if (status === 'NONE') return false;
  if (isNew(track)) return false;
  const [state, ...others] = track.states;
  if (others.length > 0) return null;
  // An ICMP error is RELATED to a connection that was found in the table; another protocol's packet may open an expected one.
  const { protocol } = track.packet;
  if (state === 'RELATED' && status === 'CONFIRMED' && (protocol === 1 || protocol === 58)) return true;
  if (state !== 'ESTABLISHED') return null;
  return status === 'CONFIRMED' || status === 'SEEN_REPLY' ? true : null;
}

/** What conntrack keeps of the connection; of a new one as much as nat has decided so far. */
function tupleOf(track: Track, at: Setting, direction: 'original' | 'reply'): Partial<Tuple> | undefined {
  const { connection } = track.packet;
  if (connection !== undefined) return whole(connection)[direction];
  if (!isNew(track)) return undefined;
  if (direction === 'reply') return inverted(endsOf(track.packet));
  return at.sawNat && at.came !== undefined ? endsOf(at.came) : undefined;
}

const whole = ({ original, reply }: Connection) => ({ original, reply });

function endsOf({ src, dst, sport, dport }: Packet): Tuple {
  return {
    src: src ?? '',
    dst: dst ?? '',
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
  };
}
