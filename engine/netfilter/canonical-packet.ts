/** The words of iptables-save for conditions and actions of the packet and its connection. */

import type { Action, ConnectionCondition, Network, Option, PacketCondition, PacketField, PortRange } from './model.ts';

/** One `-m MODULE` with its options. */
export interface Piece {
  readonly module: string;
  readonly words: readonly string[];
}

const hex = (value: number): string => `0x${value.toString(16)}`;
const hexPadded = (value: number, width: number): string => value.toString(16).padStart(width, '0');

export function networkText({ address, mask, prefix }: Network): string {
  return prefix === (address.includes(':') ? 128 : 32) ? address : `${address}/${prefix ?? mask}`;
}

const spanText = (from: number, to: number, between: string): string =>
  from === to ? `${from}` : `${from}${between}${to}`;

const fieldModules: Readonly<Record<PacketField, readonly [module: string, option: string, between: string]>> = {
  length: ['length', '--length', ':'],
  ttl: ['ttl', '--ttl-eq', ':'],
  'hop-limit': ['hl', '--hl-eq', ':'],
  dscp: ['dscp', '--dscp', ':'],
  'tcp-mss': ['tcpmss', '--mss', ':'],
  uid: ['owner', '--uid-owner', '-'],
  gid: ['owner', '--gid-owner', '-'],
};

function fieldPiece(field: PacketField, ranges: readonly PortRange[], negated: boolean): Piece {
  const [module, option, between] = fieldModules[field];
  const not = negated ? ['!'] : [];
  const [range, ...more] = ranges;
  if (field === 'ttl' || field === 'hop-limit') {
    const name = (how: string) => option.replace('-eq', `-${how}`);
    if (range === undefined) return { module, words: [...not, name('lt'), '0'] };
    if (more.length === 0 && range.from !== range.to) {
      const over = range.from === 0 ? [] : [...not, name('gt'), String(range.from - 1)];
      const under = range.to === 255 ? [] : [...not, name('lt'), String(range.to + 1)];
      const between = over.length > 0 && under.length > 0 ? ['-m', module] : [];
      return { module, words: [...over, ...between, ...under] };
    }
  }
  const text = ranges
    .map(({ from, to }) => (field === 'dscp' && from === to ? `0x${hexPadded(from, 2)}` : spanText(from, to, between)))
    .join(',');
  return { module, words: [...not, option, text] };
}

/** The options of `set` that ask for counters, as print_match() of libxt_set orders them. */
const countingOrder = ['--update-counters', '--update-subcounters', '--packets-', '--bytes-'];

function countingWords(options: readonly Option[]): string[] {
  const place = ({ name }: Option) => countingOrder.findIndex((one) => name.startsWith(one));
  return [...options]
    .sort((a, b) => place(a) - place(b))
    .flatMap(({ name, values, negated }) => [...(negated ? ['!'] : []), name, ...values]);
}

const match = (module: string, negated: boolean, ...words: string[]): Piece => ({
  module,
  words: negated ? ['!', ...words] : words,
});

/** The piece of a condition. */
export function packetPiece(condition: PacketCondition | ConnectionCondition): Piece {
  const { negated } = condition;
  switch (condition.kind) {
    case 'field':
      return fieldPiece(condition.field, condition.ranges, negated);
    case 'address-range': {
      const option = condition.side === 'source' ? '--src-range' : '--dst-range';
      return match('iprange', negated, option, `${condition.from}-${condition.to}`);
    }
    case 'mac-source':
      return match('mac', negated, '--mac-source', condition.address);
    case 'packet-type':
      return match('pkttype', negated, '--pkt-type', condition.type);
    case 'socket':
      return match('owner', negated, '--socket-exists');
    case 'tos':
      return match('tos', negated, '--tos', `0x${hexPadded(condition.value, 2)}/0x${hexPadded(condition.mask, 2)}`);
    case 'set': {
      const { words } = match('set', negated, '--match-set', condition.set, condition.sides.join(','));
      const nomatch = condition.returnNomatch ? ['--return-nomatch'] : [];
      return { module: 'set', words: [...words, ...nomatch, ...countingWords(condition.counting)] };
    }
    case 'reverse-path': {
      const flags = {
        '--loose': condition.loose,
        '--validmark': condition.mark,
        '--accept-local': condition.acceptLocal,
        '--invert': negated,
      };
      return { module: 'rpfilter', words: Object.entries(flags).flatMap(([name, given]) => (given ? [name] : [])) };
    }
    case 'bridge-port':
      return match('physdev', negated, `--physdev-${condition.side}`, condition.name);
    case 'bridged':
      return match('physdev', negated, `--physdev-is-${condition.how === 'whole' ? 'bridged' : condition.how}`);
    case 'tuple-address':
      return match('conntrack', negated, tupleOption(condition), networkText(condition.network));
    case 'tuple-port': {
      const text = condition.ranges.map(({ from, to }) => spanText(from, to, ':')).join(',');
      return match('conntrack', negated, `${tupleOption(condition)}port`, text);
    }
    case 'connection-protocol':
      return match('conntrack', negated, '--ctproto', String(condition.protocol));
    case 'connection-status':
      return match('conntrack', negated, '--ctstatus', condition.statuses.join(','));
    case 'connection-direction':
      return match('conntrack', negated, '--ctdir', condition.direction.toUpperCase());
    case 'connection-expiry':
      return match('conntrack', negated, '--ctexpire', spanText(condition.from, condition.to, ':'));
  }
}

function tupleOption({ direction, side }: { direction: 'original' | 'reply'; side: 'source' | 'destination' }): string {
  return `--ct${direction === 'original' ? 'orig' : 'repl'}${side === 'source' ? 'src' : 'dst'}`;
}

export type PacketAction = Extract<
  Action,
  {
    kind:
      | 'connmark'
      | 'save-mark'
      | 'restore-mark'
      | 'netmap'
      | 'nflog'
      | 'set-ttl'
      | 'set-mss'
      | 'set-dscp'
      | 'set-tos'
      | 'notrack'
      | 'ct'
      | 'trace'
      | 'classify'
      | 'set-entry'
      | 'tproxy';
  }
>;

/** Words from the target's name on. */
export function packetActionWords(action: PacketAction): string[] {
  const given = (name: string, value: number | null) => (value === null ? [] : [name, String(value)]);
  switch (action.kind) {
    case 'connmark':
      return ['CONNMARK', '--set-xmark', `${hex(action.xor)}/${hex(action.clear)}`];
    case 'save-mark':
    case 'restore-mark':
      return ['CONNMARK', `--${action.kind}`, '--nfmask', hex(action.nfmask), '--ctmask', hex(action.ctmask)];
    case 'netmap': {
      const { address, mask, prefix } = action.network;
      return ['NETMAP', '--to', `${address}/${prefix ?? mask}`];
    }
    case 'nflog':
      return [
        'NFLOG',
        ...(action.prefix === '' ? [] : ['--nflog-prefix', action.prefix]),
        ...given('--nflog-group', action.group === 0 ? null : action.group),
        ...given('--nflog-size', action.size),
        ...given('--nflog-threshold', action.threshold),
      ];
    case 'set-ttl':
      return action.of === 'ttl'
        ? ['TTL', `--ttl-${action.operation}`, String(action.by)]
        : ['HL', `--hl-${action.operation}`, String(action.by)];
    case 'set-mss':
      return ['TCPMSS', ...(action.mss === null ? ['--clamp-mss-to-pmtu'] : ['--set-mss', String(action.mss)])];
    case 'set-dscp':
      return ['DSCP', '--set-dscp', `0x${hexPadded(action.value, 2)}`];
    case 'set-tos':
      return ['TOS', '--set-tos', `0x${hexPadded(action.xor, 2)}/0x${hexPadded(action.clear, 2)}`];
    case 'notrack':
      return ['CT', '--notrack'];
    case 'ct':
      return [
        'CT',
        ...action.options.flatMap(({ name, values, negated }) => [...(negated ? ['!'] : []), name, ...values]),
      ];
    case 'trace':
      return ['TRACE'];
    case 'classify':
      return ['CLASSIFY', '--set-class', `${hexPadded(action.major, 4)}:${hexPadded(action.minor, 4)}`];
    case 'set-entry':
      return [
        'SET',
        `--${action.operation}-set`,
        action.set,
        action.sides.join(','),
        ...(action.exist ? ['--exist'] : []),
        ...given('--timeout', action.timeout),
      ];
    case 'tproxy': {
      const { port, address, mark } = action;
      const place = ['--on-port', String(port), '--on-ip', address];
      return ['TPROXY', ...place, '--tproxy-mark', `${hex(mark.value)}/${hex(mark.mask)}`];
    }
  }
}
