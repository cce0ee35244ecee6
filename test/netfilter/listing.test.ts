import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listColumns, parseRule } from '../../engine/netfilter/index.ts';

/** Rare parts that are not compared: listed in the words of iptables-save, without dashes, or with names where iptables has numbers. */
const inWords =
  /-m (frag|hbh|dst|rt|ipv6header|mh|eui64|srh|policy|cluster|bpf|osf) |--chunk-types|--dccp-types|--ahlen|--hashlimit-rate-match|-shift-mark|-j (TEE|HMARK|TCPOPTSTRIP|IDLETIMER|RATEEST|NOTRACK|SYNPROXY)\b/;

describe.each(['ipv4', 'ipv6'] as const)('%s', (family) => {
  const lines = readFileSync(join(import.meta.dirname, `../fixtures/listing/${family}.tsv`), 'utf8').trimEnd();
  const rules = lines.split('\n').map((line) => line.split('\t') as [string, string]);

  test('columns are those of iptables -L -v -n', () => {
    const listed = rules.filter(([saved]) => !inWords.test(`${saved} `));
    expect(listed.length).toBeGreaterThan(60);
    const ours = listed.map(([saved]) => [saved, line(saved)]);
    expect(ours).toEqual(listed.map(([saved, printed]) => [saved, blanksApart(printed)]));
  });

  const columns = (saved: string) => listColumns(parseRule(saved.replace(/^-A \S+ ?/, ''), family), family);
  const line = (saved: string) => {
    const { target, protocol, fragment, in: from, out, source, destination, rest } = columns(saved);
    return blanksApart(['0', '0', target, protocol, fragment, from, out, source, destination, rest].join(' '));
  };
});

/** iptables pads its columns. */
const blanksApart = (text: string): string => text.trim().replace(/\s+/g, ' ');
