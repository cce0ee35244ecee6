import type { CapturedPacket, CaptureEnd } from '../../engine/observe/capture.ts';
import type { Colours } from '../output/colour.ts';
import { plain } from '../output/text.ts';

/** One line: when, from which node to which, what tcpdump says. */
export function packetText(packet: CapturedPacket, names: ReadonlyMap<string, string>, colours: Colours): string {
  const { time, from, to, summary, probe } = packet;
  const way = from === null || to === null ? '' : `  ${colours.bold(`${nameOf(from, names)} > ${nameOf(to, names)}`)}`;
  return `${colours.dim(clock(time))}${way}  ${plain(summary)}${probe ? colours.yellow('  probe') : ''}`;
}

export const packetJson = (packet: CapturedPacket, names: ReadonlyMap<string, string>) => ({
  ...packet,
  fromNode: names.get(packet.from ?? '') ?? null,
  toNode: names.get(packet.to ?? '') ?? null,
});

/** The node that the lab gave the address to; an address that nobody has stays as it is. */
function nameOf(mac: string, names: ReadonlyMap<string, string>): string {
  if (mac === 'ff:ff:ff:ff:ff:ff') return 'all';
  return names.get(mac) ?? mac;
}

/** "12 packets captured (the file holds 64 MB, which is what it may); 3 dropped by the kernel". */
export function captureEndText({ reason, captured, dropped }: CaptureEnd, file: string | undefined): string {
  const why = reasons[reason];
  const where = file === undefined || file === '-' ? '' : ` into ${file}`;
  const lost =
    dropped === 0 ? '' : `; ${dropped} more came faster than they could be taken and were dropped by the kernel`;
  return `${captured} ${captured === 1 ? 'packet' : 'packets'} captured${where}${why}${lost}.`;
}

const reasons: Readonly<Record<CaptureEnd['reason'], string>> = {
  stopped: '',
  count: '',
  seconds: '',
  interface: '',
  bytes: ', and no more: the file is as large as it may be (--megabytes)',
  disk: ', and no more: the disk is full',
};

/** Local time to the microsecond, as tcpdump has it. */
function clock(time: number): string {
  const date = new Date(time * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const micros = String(Math.round((time % 1) * 1e6) % 1e6).padStart(6, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${micros}`;
}
