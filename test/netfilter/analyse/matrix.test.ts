import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceMatrix } from '../../../engine/netfilter/analyse/index.ts';
import { classOfName, type InterfaceClass, interfaceClasses } from '../../../engine/netfilter/analyse/interfaces.ts';
import { type Packet, parseSave, simulate } from '../../../engine/netfilter/index.ts';
import { arbitraryPacket, arbitraryRuleset } from './arbitrary-rulesets.ts';

const input = (policy: string, ...rules: string[]) =>
  parseSave(
    ['*filter', `:INPUT ${policy} [0:0]`, ...rules.map((rule) => `-A INPUT ${rule}`), 'COMMIT', ''].join('\n'),
    { family: 'ipv4' },
  );
const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';

describe('the service matrix', () => {
  it('has a row for what is let in, and says what becomes of the rest', () => {
    const { rows, otherwise } = serviceMatrix(
      input(
        'DROP',
        '-i lo -j ACCEPT',
        established,
        '-s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT',
        '-p tcp -m multiport --dports 80,443 -j ACCEPT',
      ),
      'input',
    );
    expect(otherwise).toBe('drop');
    expect(rows).toMatchObject([
      { verdict: 'accept', in: ['any but lo'], protocols: ['tcp'], ports: '22', from: ['10.0.0.0/8'], to: ['any'] },
      { verdict: 'accept', in: ['any but lo'], protocols: ['tcp'], ports: '80, 443', from: ['any'], to: ['any'] },
      { verdict: 'accept', in: ['lo'], protocols: ['any'], ports: '', from: ['any'], to: ['any'] },
    ]);
  });

  it('takes rules before into account', () => {
    const { rows } = serviceMatrix(input('DROP', '-s 10.0.0.0/8 -j DROP', '-p tcp --dport 22 -j ACCEPT'), 'input');
    expect(rows).toMatchObject([{ verdict: 'accept', ports: '22', from: ['any but 10.0.0.0/8'] }]);
  });

  it('says what it depends on', () => {
    const { rows } = serviceMatrix(input('DROP', '-p tcp --dport 22 -m limit --limit 3/min -j ACCEPT'), 'input');
    expect(rows).toMatchObject([{ verdict: 'depends', ports: '22', dependsOn: ['-m limit --limit 3/min'] }]);
  });

  it('turns round where everything else is accepted', () => {
    const { rows, otherwise } = serviceMatrix(
      input('ACCEPT', '-p tcp --dport 25 -j REJECT', '-p icmp --icmp-type 8 -j DROP'),
      'input',
    );
    expect(otherwise).toBe('accept');
    expect(rows).toMatchObject([
      { verdict: 'reject', protocols: ['tcp'], ports: '25' },
      { verdict: 'drop', protocols: ['icmp'], ports: 'type 8' },
    ]);
  });

  it('agrees with the simulator about every packet', () => {
    const opening = arbitraryPacket.map(
      (packet): Packet => ({
        ...packet,
        state: 'NEW',
        mark: 0,
        connmark: 0,
        ...(packet.protocol === 6 ? { flags: 2 } : {}),
      }),
    );
    fc.assert(
      fc.property(arbitraryRuleset, fc.array(opening, { minLength: 12, maxLength: 12 }), (dump, packets) => {
        const ruleset = parseSave(dump);
        const { rows, otherwise } = serviceMatrix(ruleset, 'input');
        for (const packet of packets) {
          const mine = rows.filter((row) => holds(row, packet, interfaceClasses([ruleset])));
          expect(mine.length).toBeLessThan(2);
          const expected = mine[0]?.verdict ?? otherwise;
          const { verdict } = simulate({ ruleset, packet, hook: 'input' });
          if (expected !== 'depends') expect(verdict).toBe(expected);
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Whether a packet is one of a row's, read from the row's words. */
function holds(
  row: ReturnType<typeof serviceMatrix>['rows'][number],
  packet: Packet,
  classes: readonly InterfaceClass[],
): boolean {
  const own = classes[classOfName(classes, packet.in ?? null)];
  const called = own?.kind === 'prefix' ? `${own.text}+` : own?.kind === 'name' ? own.text : 'others';
  const isCalled = (word: string): boolean => {
    if (word.startsWith('any but ')) return !word.slice(8).split(', ').includes(called);
    return word === 'any' || word === called;
  };
  const protocol = { 6: 'tcp', 17: 'udp', 1: 'icmp', 47: '47' }[packet.protocol ?? 0] ?? '';
  const number = packet.protocol ?? 0;
  const isOf = (words: readonly string[]): boolean =>
    words.some((word) => {
      if (word === 'any') return true;
      if (word.startsWith('any but ')) return !isOf(word.slice(8).split(', '));
      const [from, to] = word.split('-').map(Number);
      return word === protocol || (from !== undefined && number >= from && number <= (to ?? from));
    });
  if (!isOf(row.protocols) || !row.in.some(isCalled)) return false;
  if (row.ports === '') return inNetworks(row.from, packet.src ?? '') && inNetworks(row.to, packet.dst ?? '');
  const ports = row.ports.replace('type ', '');
  const value = packet.protocol === 1 ? (packet.icmpType ?? 0) * 256 + (packet.icmpCode ?? 0) : (packet.dport ?? 0);
  const within = ports.split(', ').some((range) => {
    const [from = '', to = from] = range.split('-');
    const low = packet.protocol === 1 && row.ports.startsWith('type') ? edge(from, 0) : Number(from);
    const high = packet.protocol === 1 && row.ports.startsWith('type') ? edge(to, 255) : Number(to);
    return value >= low && value <= high;
  });
  return within && inNetworks(row.from, packet.src ?? '') && inNetworks(row.to, packet.dst ?? '');
}

function edge(text: string, code: number): number {
  const [type = '', given] = text.split('/');
  return Number(type) * 256 + (given === undefined ? code : Number(given));
}

const numberOf = (address: string): number => address.split('.').reduce((value, part) => value * 256 + Number(part), 0);

function inNetworks(networks: readonly string[], address: string): boolean {
  return networks.some((network) => {
    if (network === 'any') return true;
    if (network.startsWith('any but ')) return !inNetworks(network.slice(8).split(', '), address);
    const [first = '', last] = network.split('-');
    if (last !== undefined) return numberOf(address) >= numberOf(first) && numberOf(address) <= numberOf(last);
    const [base = '', prefix = '32'] = first.split('/');
    const size = 2 ** (32 - Number(prefix));
    return Math.floor(numberOf(address) / size) === Math.floor(numberOf(base) / size);
  });
}
