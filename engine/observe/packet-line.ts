/** What tcpdump's line says of one packet (`tcpdump -n -e -tt`). */
export interface PacketLine {
  /** Unix time in seconds. */
  readonly time: number;
  /** Who put it on the wire and for whom, as its link-layer header says; null where the interface has none. */
  readonly from: string | null;
  readonly to: string | null;
  /** Of the whole packet, in bytes. */
  readonly length: number | null;
  /** tcpdump's name of what is in the frame: IPv4, IPv6, ARP. */
  readonly protocol: string | null;
  readonly summary: string;
}

const mac = '[0-9a-f]{2}(?::[0-9a-f]{2}){5}';
const ethernet = new RegExp(`^(${mac}) > (${mac}), (?:ethertype ([^ ,]+)[^,]*|802\\.3), length (\\d+): (.*)$`, 's');
const head = /^(\d+\.\d+) (.*)$/s;

/** Longer ones are cut: tcpdump itself cuts what it prints of a payload, but lists of names can be long. */
const longestSummary = 1000;

/** One line, without tcpdump's number; null where it begins with no time. */
export function parsePacketLine(line: string): PacketLine | null {
  const [, time, rest = ''] = head.exec(line) ?? [];
  if (time === undefined) return null;
  const [, from, to, protocol, length, summary] = ethernet.exec(rest) ?? [];
  return {
    time: Number(time),
    from: from ?? null,
    to: to ?? null,
    length: length === undefined ? null : Number(length),
    protocol: protocol ?? null,
    summary: harmless(summary ?? rest),
  };
}

/** A further line that tcpdump wrote about the same packet. */
export const withFurtherLine = (line: PacketLine, further: string): PacketLine => ({
  ...line,
  summary: harmless(`${line.summary} ${further.trim()}`),
});

/** tcpdump escapes what a payload has beside letters (`^[`, `\\033`); whatever it forgot is not let through to a terminal. */
function harmless(text: string): string {
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
  return clean.length > longestSummary ? `${clean.slice(0, longestSummary)}…` : clean;
}
