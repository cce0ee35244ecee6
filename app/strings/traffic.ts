import type { CaptureCounts, CaptureEvent } from '../../engine/contract/procedures/traffic.ts';
import { counted } from './counted.ts';

type EndReason = Extract<CaptureEvent, { kind: 'ended' }>['reason'];

const ends: Readonly<Record<EndReason, string>> = {
  stopped: 'Stopped.',
  count: 'Done.',
  seconds: 'Ended after an hour.',
  bytes: 'Ended: it holds 64 MB of packets, which is the most.',
  disk: 'Ended: the disk is full.',
  interface: 'Broke off: the interface went down or away.',
};

/** What the traffic of a lab says: packets on links, and connections that nodes track. */
export const trafficText = {
  title: 'Traffic',
  part: 'Look at',
  parts: { packets: 'Packets', connections: 'Connections' },

  where: 'Where',
  links: (name: string, nodes: readonly string[]) => `${name} (${nodes.join(' – ')})`,
  interfaces: (node: string, name: string) => `${node}: ${name}`,
  filter: 'Filter',
  filterExample: 'tcp port 80',
  start: 'Capture',
  starting: 'Starting…',
  stop: 'Stop',
  save: 'Save for Wireshark',
  saving: 'Saving…',
  emptyTitle: 'Nothing captured yet',
  empty:
    'Choose a link and capture: each packet on it appears here. Compare both sides of a router to see what NAT rewrites. A filter is written as for tcpdump.',
  waitingTitle: 'Listening',
  waiting: 'No packet has passed since. Send one from a terminal.',
  list: 'Packets',
  notListed: (count: number) => `${counted(count, 'packet')} not listed`,
  all: 'all',
  probe: 'Hookpoint’s own',
  probeHelp: 'It passed while a check or a trace sent packets of its own.',
  latest: 'To the latest',
  detail: (number: number) => `Packet ${number.toLocaleString('en')}`,
  closeDetail: 'Close the details',
  noDetail: 'There is nothing more to say of this packet.',
  ends,

  node: 'Node',
  words: 'Words',
  wordsExample: 'tcp 10.0.0.2 :80',
  reading: 'Reading the connections…',
  stale: 'The connections cannot be read now. What is shown is how they last were.',
  noneTitle: 'No connections',
  none: (node: string) =>
    `${node} tracks none now. It tracks connections only where a rule asks for it: one with -m conntrack, or any in the nat table.`,
  noMatchTitle: 'None of them',
  noMatch: (total: number) => `${counted(total, 'connection')}, and none has all of these words.`,
  columns: { connection: 'Connection', state: 'State' },
  stays: (time: string) => `${time} left`,
  nat: 'NAT',
  natLong: 'becomes',
  unreplied: 'no answer yet',
  mark: (mark: number) => `mark 0x${mark.toString(16)}`,
} as const;

/** "1,204 packets, 800 not listed, 3 dropped by the kernel". */
export function captureCountsText({ captured, listed, dropped }: CaptureCounts): string {
  const parts = [counted(captured, 'packet')];
  if (captured > listed) parts.push(`${(captured - listed).toLocaleString('en')} not listed`);
  if (dropped > 0) parts.push(`${dropped.toLocaleString('en')} dropped by the kernel`);
  return parts.join(', ');
}

export function connectionCountsText(shown: number, matching: number, total: number): string {
  if (shown === total) return counted(total, 'connection');
  const chosen = matching === total ? '' : ` of ${matching.toLocaleString('en')} that match`;
  return shown < matching
    ? `the newest ${shown.toLocaleString('en')}${chosen || ` of ${total.toLocaleString('en')}`}, ${counted(total, 'connection')} in all`
    : `${shown.toLocaleString('en')} of ${counted(total, 'connection')}`;
}

/** "118 s", "5 min", "5 d". */
export function staysText(seconds: number): string {
  const left = Math.max(0, Math.round(seconds));
  if (left < 600) return `${left} s`;
  if (left < 36_000) return `${Math.round(left / 60)} min`;
  return left < 259_200 ? `${Math.round(left / 3600)} h` : `${Math.round(left / 86_400)} d`;
}
