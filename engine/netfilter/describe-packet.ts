/** Plain words for conditions and actions of the packet and its connection. */

import { networkText, type PacketAction, packetActionWords } from './canonical-packet.ts';
import type { ConnectionCondition, PacketCondition, PacketField, PortRange } from './model.ts';
import { protocolName } from './protocols.ts';

const fieldNames: Readonly<Record<PacketField, string>> = {
  length: 'a length',
  ttl: 'a TTL',
  'hop-limit': 'a hop limit',
  dscp: 'DSCP',
  'tcp-mss': 'a TCP MSS',
  uid: 'user',
  gid: 'group',
};

const most: Partial<Record<PacketField, number>> = {
  length: 65535,
  ttl: 255,
  'hop-limit': 255,
  dscp: 63,
  'tcp-mss': 65535,
};

function spans(ranges: readonly PortRange[], field: PacketField): string {
  if (ranges.length === 0) return 'that no packet has';
  return ranges
    .map(({ from, to }) => {
      if (from === to) return String(from);
      if (from === 0 && to !== most[field]) return `${to} or less`;
      return to === most[field] ? `${from} or more` : `${from} to ${to}`;
    })
    .join(' or ');
}

/** What follows "packets that". */
export function packetPhrase(condition: PacketCondition | ConnectionCondition): string {
  const { negated } = condition;
  const be = negated ? 'are not' : 'are';
  const doing = (verb: string) => (negated ? `do not ${verb}` : verb);
  switch (condition.kind) {
    case 'field': {
      const { field } = condition;
      const text = spans(condition.ranges, field);
      if (field === 'length') return `${be} ${text} bytes long`;
      if (field === 'uid' || field === 'gid') return `${be} sent by ${fieldNames[field]} ${text}`;
      return doing(`have ${fieldNames[field]} of ${text}`);
    }
    case 'address-range':
      return doing(`${condition.side === 'source' ? 'come from' : 'go to'} ${condition.from} to ${condition.to}`);
    case 'mac-source':
      return doing(`come from hardware address ${condition.address}`);
    case 'packet-type':
      return `${be} ${condition.type === 'unicast' ? 'for one host' : condition.type}`;
    case 'socket':
      return `${be} sent by a socket of this machine`;
    case 'tos':
      return doing(
        `have type of service 0x${condition.value.toString(16)} under mask 0x${condition.mask.toString(16)}`,
      );
    case 'set': {
      const sides = condition.sides.map((side) => (side === 'src' ? 'source' : 'destination')).join(' and ');
      const counting = condition.counting.map(({ name, values }) => [name.slice(2), ...values].join(' '));
      const extra = [...(condition.returnNomatch ? ['exceptions count as members'] : []), ...counting];
      return `${be} in set ${condition.set} by ${sides}${extra.length === 0 ? '' : ` (${extra.join(', ')})`}`;
    }
    case 'reverse-path': {
      const how = condition.loose ? 'through some interface' : 'the way they came';
      const extra = [
        ...(condition.mark ? ['with their mark'] : []),
        ...(condition.acceptLocal ? ['own addresses count'] : []),
      ];
      return `${negated ? 'could not' : 'could'} be answered ${how}${extra.length === 0 ? '' : ` (${extra.join(', ')})`}`;
    }
    case 'bridge-port':
      return doing(`${condition.side === 'in' ? 'arrive on' : 'leave through'} bridge port ${condition.name}`);
    case 'bridged':
      if (condition.how === 'whole') return `${be} bridged, not routed`;
      return doing(`${condition.how === 'in' ? 'arrive on' : 'leave through'} a port of a bridge`);
    case 'tuple-address':
      return doing(`belong to a connection with ${tupleText(condition)} ${networkText(condition.network)}`);
    case 'tuple-port': {
      const ports = condition.ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(' or ');
      return doing(`belong to a connection with ${tupleText(condition)} port ${ports}`);
    }
    case 'connection-protocol':
      return doing(`belong to a connection of protocol ${protocolName(condition.protocol)}`);
    case 'connection-status':
      return doing(`belong to a connection of status ${condition.statuses.join(' or ')}`);
    case 'connection-direction':
      return `${be} ${condition.direction === 'original' ? 'sent by who opened the connection' : 'answers in their connection'}`;
    case 'connection-expiry':
      return doing(`belong to a connection that is forgotten in ${condition.from} to ${condition.to} seconds`);
  }
}

const tupleText = ({ direction, side }: { direction: string; side: string }): string => `${direction} ${side}`;

const hex = (value: number): string => `0x${value.toString(16)}`;

/** What stands before the packets, and what after them. */
export function packetActionPhrase(action: PacketAction): readonly [string, string] {
  switch (action.kind) {
    case 'connmark':
      if (action.clear === 0xffffffff) return ['Mark the connection of', ` with ${hex(action.xor)}`];
      return ['Mark the connection of', ` (bits ${hex(action.clear)} cleared, then xor ${hex(action.xor)})`];
    case 'save-mark':
      return ['Copy the mark to the connection of', masksText(action)];
    case 'restore-mark':
      return ["Copy the connection's mark to", masksText(action)];
    case 'netmap':
      return ['Move the address of', ` to the same place in ${networkText(action.network)}`];
    case 'nflog': {
      const prefix = action.prefix === '' ? '' : ` with prefix "${action.prefix}"`;
      return ['Log', ` to netlink group ${action.group}${prefix}`];
    }
    case 'set-ttl': {
      const name = action.of === 'ttl' ? 'the TTL' : 'the hop limit';
      if (action.operation === 'set') return [`Set ${name} of`, ` to ${action.by}`];
      return [`${action.operation === 'inc' ? 'Raise' : 'Lower'} ${name} of`, ` by ${action.by}`];
    }
    case 'set-mss':
      return ['Set the TCP MSS of', action.mss === null ? ' to what the path takes' : ` to ${action.mss}`];
    case 'set-dscp':
      return ['Set the DSCP of', ` to ${action.value}`];
    case 'set-tos':
      return ['Set the type of service of', ` (bits ${hex(action.clear)} cleared, then xor ${hex(action.xor)})`];
    case 'notrack':
      return ['Do not track', ''];
    case 'trace':
      return ['Trace', ' through the rules'];
    case 'classify':
      return ['Put', ` into traffic class ${action.major.toString(16)}:${action.minor.toString(16)}`];
    case 'set-entry': {
      const sides = action.sides.map((side) => (side === 'src' ? 'source' : 'destination')).join(' and ');
      const timeout = action.timeout === null ? '' : ` for ${action.timeout} seconds`;
      return action.operation === 'add'
        ? [`Add the ${sides} to set ${action.set} for`, timeout]
        : [`Remove the ${sides} from set ${action.set} for`, ''];
    }
    case 'tproxy': {
      const mark = action.mark.mask === 0 ? '' : `, marking them ${hex(action.mark.value)}/${hex(action.mark.mask)}`;
      const host = /^[0.:]+$/.test(action.address) ? '' : ` of ${action.address}`;
      return ['Hand', ` to the local socket on port ${action.port}${host}, unchanged${mark}`];
    }
    case 'ct':
      return [`Prepare tracking (${packetActionWords(action).slice(1).join(' ').replaceAll('--', '')}) of`, ''];
  }
}

function masksText({ nfmask, ctmask }: { nfmask: number; ctmask: number }): string {
  const full = 0xffffffff;
  return nfmask === full && ctmask === full ? '' : ` (packet mask ${hex(nfmask)}, connection mask ${hex(ctmask)})`;
}
