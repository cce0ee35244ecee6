import { readNetwork } from '../addresses.ts';
import type { Action, Condition, ConntrackState, Family, PortRange } from '../model.ts';
import { readMatch, readTarget } from './xt-blobs.ts';

/** One nf_tables expression as images/lab-node/programs/nftables_netlink.py writes it; data is hex in network order. */
export interface Expression {
  readonly name: string;
  readonly [field: string]: unknown;
}

export interface DecodedRule {
  readonly conditions: readonly Condition[];
  readonly action: Action;
  /** iptables-nft wrote it, or prints it faithfully: its words are worth more than these. */
  readonly wroteByIptables: boolean;
}

/** What a register holds: a field of the packet, with the mask that was laid over it. */
interface Loaded {
  readonly field: string;
  readonly mask: string | null;
}

/** Expressions that only nft(8) writes; iptables-save prints a rule that has one wrongly or not at all. */
const nftOnly = new Set([
  'lookup',
  'ct',
  'redir',
  'masq',
  'nat',
  'log',
  'reject',
  'fib',
  'socket',
  'numgen',
  'vmap',
  'dynset',
]);

const metaFields: Readonly<Record<number, string>> = {
  3: 'mark',
  6: 'in-interface',
  7: 'out-interface',
  16: 'protocol',
};
const conntrackBits: readonly (readonly [number, ConntrackState])[] = [
  [1, 'INVALID'],
  [2, 'ESTABLISHED'],
  [4, 'RELATED'],
  [8, 'NEW'],
  [64, 'UNTRACKED'],
];

/**
 * What a rule means, from the kernel's own expressions (include/uapi/linux/netfilter/nf_tables.h). What has no counterpart in the model is
 * `unseen`: unknown, never wrong.
 */
export function readBytecode(expressions: readonly Expression[], family: Family): DecodedRule {
  const registers = new Map<unknown, Loaded>();
  const immediates = new Map<unknown, string>();
  const conditions: Condition[] = [];
  let action: Action = { kind: 'none' };
  for (const expression of expressions) {
    switch (expression.name) {
      case 'counter':
        break;
      case 'meta':
        registers.set(expression.dreg, { field: metaFields[Number(expression.key)] ?? 'meta', mask: null });
        break;
      case 'payload':
        registers.set(expression.dreg, { field: payloadField(expression, family), mask: null });
        break;
      case 'ct':
        registers.set(expression.dreg, { field: expression.key === 0 ? 'conntrack-state' : 'ct', mask: null });
        break;
      case 'bitwise': {
        const source = registers.get(expression.sreg);
        const plain = /^0*$/.test(String(expression.xor ?? ''));
        const mask = plain ? String(expression.mask) : null;
        registers.set(expression.dreg, { field: plain ? (source?.field ?? 'bitwise') : 'bitwise', mask });
        break;
      }
      case 'cmp':
      case 'range':
        conditions.push(compared(expression, registers.get(expression.sreg), family));
        break;
      case 'match':
        conditions.push(readMatch(String(expression.xt), Number(expression.rev), hex(expression.info)));
        break;
      case 'target':
        action = readTarget(String(expression.xt), Number(expression.rev), hex(expression.info), family);
        break;
      case 'immediate':
        if (expression.dreg === 0) action = verdict(expression.data);
        else immediates.set(expression.dreg, String(expression.data));
        break;
      case 'redir':
        action = { kind: 'redirect', ports: portsOf(expression, immediates), flags: [] };
        break;
      case 'masq':
        action = { kind: 'masquerade', ports: portsOf(expression, immediates), flags: [] };
        break;
      case 'log':
        // A rule that logs and then decides is two rules in iptables' terms: what it decides counts.
        conditions.push({ kind: 'comment', text: 'logged by nft' });
        break;
      case 'nat':
      case 'reject':
        action = { kind: 'unseen', target: expression.name };
        break;
      default:
        conditions.push({ kind: 'unseen', module: expression.name });
    }
  }
  return { conditions: withoutDoubles(conditions), action, wroteByIptables: isFromIptables(expressions) };
}

function isFromIptables(expressions: readonly Expression[]): boolean {
  return expressions.some(({ name }) => name === 'counter') && !expressions.some(({ name }) => nftOnly.has(name));
}

function payloadField({ base, offset, len }: Expression, family: Family): string {
  if (base === 2) {
    if (offset === 0 && len === 2) return 'source-port';
    if (offset === 2 && len === 2) return 'destination-port';
    return 'payload';
  }
  if (base !== 1) return 'payload';
  if (family === 'ipv4') {
    if (offset === 9 && len === 1) return 'protocol';
    if (offset === 12 && Number(len) <= 4) return 'source';
    if (offset === 16 && Number(len) <= 4) return 'destination';
  } else {
    if (offset === 6 && len === 1) return 'protocol';
    if (offset === 8 && Number(len) <= 16) return 'source';
    if (offset === 24 && Number(len) <= 16) return 'destination';
  }
  return 'payload';
}

function compared(expression: Expression, loaded: Loaded | undefined, family: Family): Condition {
  const field = loaded?.field ?? 'payload';
  const operation = Number(expression.op);
  const negated = operation === 1;
  const unseen: Condition = { kind: 'unseen', module: field };
  if (operation > 1) return unseen;
  const from = String(expression.data ?? expression.from ?? '');
  const to = String(expression.data ?? expression.to ?? '');
  switch (field) {
    case 'protocol':
      return from === to && loaded?.mask === null
        ? { kind: 'protocol', protocol: Number.parseInt(from, 16), negated }
        : unseen;
    case 'source-port':
    case 'destination-port':
      if (loaded?.mask !== null) return unseen;
      return { kind: field, ranges: [{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) }], negated };
    case 'in-interface':
    case 'out-interface':
      return { kind: field, name: interfaceName(from), negated };
    case 'source':
    case 'destination': {
      if (from !== to) return unseen;
      const network = readNetwork(networkText(from, loaded?.mask ?? null, family), family);
      return network === null ? unseen : { kind: field, network, negated };
    }
    case 'conntrack-state': {
      // nft writes (state & mask) != 0 for "one of".
      const mask = Number.parseInt((loaded?.mask ?? '').match(/../g)?.reverse().join('') ?? '', 16);
      if (Number.isNaN(mask) || !/^0+$/.test(from)) return unseen;
      const states = conntrackBits.filter(([bit]) => (mask & bit) !== 0).map(([, state]) => state);
      return { kind: 'conntrack-state', states, negated: operation === 0 };
    }
    default:
      return unseen;
  }
}

/** A name that ends in NUL is whole; without it any suffix matches. */
function interfaceName(data: string): string {
  const bytes = hex(data);
  const end = bytes.indexOf(0);
  return end < 0 ? `${bytes.toString('latin1')}+` : bytes.toString('latin1', 0, end);
}

function networkText(data: string, mask: string | null, family: Family): string {
  const size = family === 'ipv4' ? 4 : 16;
  const full = mask ?? 'ff'.repeat(data.length / 2);
  return `${addressText(hex(data), size)}/${addressText(hex(full), size)}`;
}

function addressText(bytes: Buffer, size: number): string {
  const all = Buffer.concat([bytes, Buffer.alloc(Math.max(0, size - bytes.length))]);
  return size === 4 ? [...all].join('.') : (all.toString('hex').match(/.{4}/g) ?? []).join(':');
}

function verdict(data: unknown): Action {
  const { code, chain } = data as { code: number; chain?: string };
  if (code === 1) return { kind: 'accept' };
  if (code === 0) return { kind: 'drop' };
  if (code === -5) return { kind: 'return' };
  if (code === -3 && chain !== undefined) return { kind: 'jump', chain };
  if (code === -4 && chain !== undefined) return { kind: 'goto', chain };
  return { kind: 'unseen', target: `verdict ${code}` };
}

function portsOf(expression: Expression, immediates: ReadonlyMap<unknown, string>): PortRange | null {
  const port = (register: unknown) => Number.parseInt(immediates.get(register) ?? '', 16);
  const from = port(expression.reg_proto_min);
  const to = port(expression.reg_proto_max);
  return Number.isNaN(from) ? null : { from, to: Number.isNaN(to) ? from : to };
}

/** Conditions that say the same twice, as `-p tcp -m tcp` does, are one. */
function withoutDoubles(conditions: readonly Condition[]): Condition[] {
  const seen = new Set<string>();
  return conditions.filter((condition) => {
    const key = JSON.stringify(condition);
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

function hex(text: unknown): Buffer {
  return Buffer.from(String(text ?? ''), 'hex');
}
