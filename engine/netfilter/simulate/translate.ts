/** What the nat of a connection does to each of its packets (nf_nat_packet()). */

import { hasDestinationNat, hasSourceNat, inverted } from './connection.ts';
import type { Packet } from './packet.ts';
import type { Hook } from './simulation.ts';
import type { Track } from './track.ts';

/** A packet of a known connection at a hook where nat works. A packet of a connection that is not known stays as it is. */
export function translated(track: Track, hook: Hook): Track {
  const { connection, dir = 'original' } = track.packet;
  if (connection === undefined) return track;
  const target = inverted(dir === 'original' ? connection.reply : connection.original);
  const destination = hook === 'prerouting' || hook === 'output';
  // What was done to the source of the first packets is undone on the destination of their answers.
  const done = destination === (dir === 'original') ? hasDestinationNat(connection) : hasSourceNat(connection);
  if (!done) return track;
  return destination
    ? set(set(track, 'dst', target.dst), 'dport', target.dport)
    : set(set(track, 'src', target.src), 'sport', target.sport);
}

function set(track: Track, key: 'src' | 'dst' | 'sport' | 'dport', value: string | number | undefined): Track {
  const before = track.packet[key];
  if (value === undefined || before === value || (before === undefined && key.endsWith('port'))) return track;
  return {
    ...track,
    packet: { ...track.packet, [key]: value } as Packet,
    rewrites: { ...track.rewrites, [key]: value },
  };
}
