import type { Condition, Rule } from '../netfilter/model.ts';

/** Packets that the rule matches, in the words of `rules explain`; several where it leaves protocol or state open. */
export function samplePackets(rule: Rule, six: boolean): string[] {
  const words: Record<string, string> = {
    in: 'eth0',
    src: six ? '2001:db8::1' : '198.51.100.7',
    dst: six ? '2001:db8::2' : '198.51.100.8',
  };
  let protocols: string[] = ['tcp', 'udp', six ? 'icmpv6' : 'icmp'];
  let states: string[] = ['new', 'established', 'related', 'invalid'];
  for (const condition of rule.conditions) {
    if (condition.kind === 'protocol' && !condition.negated)
      protocols = [protocolNames[condition.protocol] ?? String(condition.protocol)];
    else if (condition.kind === 'conntrack-state') {
      states = states.filter(
        (state) => condition.states.some((one) => one.toLowerCase() === state) !== condition.negated,
      );
    } else Object.assign(words, wordsOf(condition));
  }
  return protocols.flatMap((proto) =>
    states.map((state) => {
      const all: Record<string, string> = { ...words, proto, state };
      if (proto === 'tcp' || proto === 'udp') {
        all.sport ??= '40000';
        all.dport ??= '41000';
      }
      if (proto === 'tcp') all.flags ??= state === 'new' ? 'syn' : 'ack';
      if (proto.startsWith('icmp')) all['icmp-type'] ??= six ? '128' : '8';
      return Object.entries(all)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ');
    }),
  );
}

const protocolNames: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };
const flagNames = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg'] as const;

function wordsOf(condition: Condition): Record<string, string> {
  if (!('negated' in condition) || condition.negated) return {};
  const interfaceName = (name: string) => name.replace(/\+$/, '0');
  switch (condition.kind) {
    case 'source':
      return { src: condition.network.address };
    case 'destination':
      return { dst: condition.network.address };
    case 'in-interface':
      return { in: interfaceName(condition.name) };
    case 'out-interface':
      return { out: interfaceName(condition.name) };
    case 'source-port':
      return { sport: String(condition.ranges[0]?.from ?? 40000) };
    case 'destination-port':
    case 'either-port':
      return { dport: String(condition.ranges[0]?.from ?? 41000) };
    case 'tcp-flags':
      return { flags: flagNames.filter((_, bit) => (condition.set >> bit) & 1).join(',') };
    case 'icmp-type':
      return condition.type === 255
        ? {}
        : { 'icmp-type': String(condition.type), 'icmp-code': String(condition.code?.from ?? 0) };
    case 'mark':
      return { mark: String(condition.value) };
    default:
      return {};
  }
}
