import type { ConntrackEntry, FlowTuple } from '../snapshot.ts';

const protocolsWithState = new Set(['tcp', 'sctp', 'dccp']);

/**
 * Entries as /proc/net/nf_conntrack prints them; `conntrack -L -o extended` differs only in what is ignored here:
 * `ipv4 2 tcp 6 120 TIME_WAIT src=.. dst=.. sport=.. dport=.. [UNREPLIED] src=.. dst=.. sport=.. dport=.. [ASSURED] mark=0 ...`
 * (nf_conntrack_standalone.c, ct_seq_show). A line that is not like that is left out.
 */
export function parseConntrack(text: string): readonly ConntrackEntry[] {
  return text.split('\n').flatMap((line) => {
    const entry = parseLine(line);
    return entry === null ? [] : [entry];
  });
}

function parseLine(line: string): ConntrackEntry | null {
  const words = line.trim().split(/\s+/);
  const [family, , protocol] = words;
  if ((family !== 'ipv4' && family !== 'ipv6') || protocol === undefined) return null;
  const tuples: Map<string, string>[] = [];
  let mark = 0;
  for (const word of words) {
    const [key, value] = word.split('=', 2);
    if (key === undefined || value === undefined) continue;
    if (key === 'src') tuples.push(new Map());
    if (key === 'mark') mark = Number(value);
    tuples.at(-1)?.set(key, value);
  }
  const [original, reply] = tuples;
  if (original === undefined || reply === undefined) return null;
  const stateAt = words.findIndex((word) => word.startsWith('src=')) - 1;
  const state = protocolsWithState.has(protocol) ? (words[stateAt] ?? null) : null;
  return {
    family,
    protocol,
    state: state !== null && /^[A-Z][A-Z0-9_]*$/.test(state) ? state : null,
    original: tuple(original),
    reply: tuple(reply),
    replied: !words.includes('[UNREPLIED]'),
    assured: words.includes('[ASSURED]'),
    mark,
  };
}

function tuple(values: ReadonlyMap<string, string>): FlowTuple {
  const port = (key: string) => {
    const value = values.get(key);
    return value === undefined ? null : Number(value);
  };
  return {
    source: values.get('src') ?? '',
    destination: values.get('dst') ?? '',
    sourcePort: port('sport'),
    destinationPort: port('dport'),
  };
}
