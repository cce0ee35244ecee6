/** addrtype: what an address is to the host. */

import type { Condition } from '../model.ts';
import { is6 } from './address-types6.ts';
import { addressTypeOn, isLoopback, knownPart, plainAddressType } from './host-state.ts';
import { localType } from './routing.ts';
import type { Setting, Track } from './track.ts';

type Tri = boolean | null;

/** The answer without its negation. */
export function isAddressType(condition: Extract<Condition, { kind: 'address-type' }>, track: Track, at: Setting): Tri {
  const { side, types, limit } = condition;
  const address = side === 'source' ? track.packet.src : track.packet.dst;
  if (limit !== undefined && track.packet.family === 'ipv6' && address !== undefined) {
    const device = limit === 'in' ? at.in : at.out;
    return device === undefined ? null : is6(types, address, at.state, device);
  }
  if (limit !== undefined) {
    const type = typeOnInterface(addressTypeOf(side, track, at), address, limit === 'in' ? at.in : at.out, at.state);
    return type === null ? null : types.includes(type);
  }
  const six = track.packet.family === 'ipv6' && address !== undefined ? is6(types, address, at.state) : null;
  if (six !== null) return six;
  const type = addressTypeOf(side, track, at);
  if (type !== null) return types.includes(type);
  return types.some((one) => decidable.has(one)) ? null : false;
}

/** __inet_dev_addr_type(): an address of another interface is as any other there. */
function typeOnInterface(
  type: string | null,
  address: string | undefined,
  name: string | null | undefined,
  state: Setting['state'],
): string | null {
  if (type !== 'LOCAL' && type !== 'BROADCAST') return type === 'UNICAST' || type === 'MULTICAST' ? type : null;
  if (address === undefined || typeof name !== 'string' || address.includes(':')) return null;
  if (isLoopback(address)) return name === 'lo' ? type : 'UNICAST';
  const addresses = knownPart(state, 'addresses');
  if (addresses === null) return null;
  if (type === 'BROADCAST' && plainAddressType(address) === 'BROADCAST') return type;
  const own = addresses.filter((one) => one.interface === name);
  return addressTypeOn(own, address) === type ? type : 'UNICAST';
}

const decidable: ReadonlySet<string> = new Set(['LOCAL', 'UNICAST', 'BROADCAST', 'MULTICAST', 'ANYCAST', 'UNSPEC']);

/** What the packet's address is to the host; null where that is not known. */
export function addressTypeOf(side: 'source' | 'destination', track: Track, at: Setting): string | null {
  return side === 'source' ? typeOfSource(track, at) : typeOfDestination(track, at);
}

function typeOfDestination(track: Track, at: Setting): string | null {
  const { dst, out } = track.packet;
  const addresses = knownPart(at.state, 'addresses');
  if (dst !== undefined) {
    const plain = plainAddressType(dst);
    if (plain !== null) return plain;
    if (addresses !== null) return localType(at.state, dst);
  }
  // Without a host: what is delivered here has an address of this host, what is passed on has not.
  if (at.state !== null) return null;
  if (at.hook === 'output' || track.way === null) {
    return at.hook !== 'output' && out === undefined
      ? 'LOCAL'
      : out === 'lo'
        ? 'LOCAL'
        : out === undefined
          ? null
          : 'UNICAST';
  }
  return track.way === 'here' ? 'LOCAL' : 'UNICAST';
}

function typeOfSource(track: Track, at: Setting): string | null {
  const { src } = track.packet;
  const addresses = knownPart(at.state, 'addresses');
  if (src !== undefined) {
    const plain = plainAddressType(src);
    if (plain !== null) return plain;
    if (addresses !== null) return localType(at.state, src);
  }
  if (at.state !== null || src === undefined) return null;
  return at.in === null ? 'LOCAL' : 'UNICAST';
}
