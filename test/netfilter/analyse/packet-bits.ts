import { stateNumbers } from '../../../engine/netfilter/analyse/condition-sets.ts';
import { classOfName } from '../../../engine/netfilter/analyse/interfaces.ts';
import { addressBits, type Bits, bitsOf, type FieldName, type Space } from '../../../engine/netfilter/analyse/space.ts';
import { addressTypes } from '../../../engine/netfilter/extensions/state.ts';
import type { Packet } from '../../../engine/netfilter/index.ts';

/** A packet's bits in a space, for `valueAt`. */
export function packetBits(space: Space, packet: Packet): (level: number) => boolean {
  const bits = new Map<number, boolean>();
  const put = (name: FieldName, values: Bits) => {
    for (const [index, bit] of values.entries()) bits.set(space.fields[name].start + index, bit);
  };
  const number = (name: FieldName, value: number) => put(name, bitsOf(value, space.fields[name].width));
  number('state', stateNumbers.indexOf(packet.state ?? 'NEW'));
  number('in', classOfName(space.interfaces, packet.in ?? null));
  number('out', classOfName(space.interfaces, packet.out ?? null));
  number('protocol', packet.protocol ?? 0);
  number('dport', packet.dport ?? (packet.icmpType ?? 0) * 256 + (packet.icmpCode ?? 0));
  number('sport', packet.sport ?? 0);
  number('flags', packet.flags ?? 0);
  for (const name of ['mark', 'connmark', 'ttl', 'length', 'dscp', 'mss'] as const) number(name, packet[name] ?? 0);
  // What the simulator takes addresses for where it knows no host.
  number('dstType', addressTypes.indexOf('LOCAL'));
  number('srcType', addressTypes.indexOf('UNICAST'));
  const macs = [...space.questions].filter(([key]) => key.includes('mac-source'));
  for (const [key, { level }] of macs) bits.set(level, key.includes(packet.mac ?? 'none'));
  if (packet.src !== undefined) put('src', addressBits(packet.src));
  if (packet.dst !== undefined) put('dst', addressBits(packet.dst));
  return (level) => bits.get(level) ?? false;
}
