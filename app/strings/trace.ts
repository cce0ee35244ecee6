import type { PacketTrace, TracedHop } from '../../engine/contract/procedures/trace.ts';

const outcomes: Readonly<Record<PacketTrace['outcome'], string>> = {
  answered: 'Answered',
  refused: 'Refused',
  unreachable: 'Unreachable',
  timeout: 'No answer',
};

const ends: Readonly<Record<Exclude<TracedHop['end'], 'left'>, string>> = {
  delivered: 'arrives',
  dropped: 'dies here',
  vanished: 'ends here, by no rule',
};

/** What the packet trace says. */
export const traceText = {
  intro: 'Send a packet and see each rule that the kernel matched it with, on every node. It counts for no criterion.',
  from: 'From',
  to: 'To',
  kind: 'Packet',
  kinds: { tcp: 'TCP', udp: 'UDP', icmp: 'Ping' },
  port: 'Port',
  portWrong: 'A port from 1 to 65535',
  family: 'Family',
  families: { any: 'Automatic', ipv4: 'IPv4', ipv6: 'IPv6' },
  send: 'Send',
  sending: 'Sending…',
  outcomes,
  legs: { 'first packet': 'First packet', answer: 'Answer' },
  ends,
  sentFrom: 'sent here',
  rule: (number: number | null) => (number === null ? 'a rule' : number === 0 ? 'policy' : `rule ${number}`),
  noRules: 'No rule matched.',
  became: (flow: string) => `now ${flow}`,
  asPredicted: 'The kernel did what the rules predict.',
  parted: 'Not as predicted',
  partedOn: (leg: string, node: string) => `${leg} on ${node}`,
  predicted: 'Predicted',
  untold: (nodes: readonly string[]) =>
    `The kernel does not tell of rules of iptables-legacy on ${nodes.join(', ')}: they are missing here.`,
} as const;
