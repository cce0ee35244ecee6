import { expect, test } from 'vitest';
import { connectionsText } from '../../cli/commands/conntrack-text.ts';
import { coloursFor } from '../../cli/output/colour.ts';
import { type Connection, translated } from '../../engine/observe/connections.ts';

const plainConnection: Connection = {
  key: 'one',
  family: 'ipv4',
  protocol: 'tcp',
  state: 'ESTABLISHED',
  original: { source: '10.0.0.2', sourcePort: 4000, destination: '172.16.0.2', destinationPort: 80 },
  reply: { source: '172.16.0.2', sourcePort: 80, destination: '10.0.0.2', destinationPort: 4000 },
  replied: true,
  assured: true,
  mark: 0,
  expires: 1120,
  since: 1000,
};

test('what was not rewritten has nothing after NAT', () => {
  expect(translated(plainConnection)).toBeNull();
});

test('SNAT, DNAT and both, told from the answer that is awaited', () => {
  const { original } = plainConnection;
  const masqueraded = { source: '172.16.0.2', sourcePort: 80, destination: '172.16.0.1', destinationPort: 60_001 };
  expect(translated({ original, reply: masqueraded })).toEqual({
    ...original,
    source: '172.16.0.1',
    sourcePort: 60_001,
  });
  const redirected = { source: '172.16.0.2', sourcePort: 8080, destination: '10.0.0.2', destinationPort: 4000 };
  expect(translated({ original, reply: redirected })).toEqual({ ...original, destinationPort: 8080 });
});

test('the table says what came, what NAT made of it, and how long it stays', () => {
  const reply = { source: '172.16.0.2', sourcePort: 80, destination: '172.16.0.1', destinationPort: 4000 };
  const changed = [
    plainConnection,
    {
      ...plainConnection,
      key: 'two',
      since: 1001,
      reply,
      state: 'SYN_SENT',
      replied: false,
      mark: 16,
      expires: 433_000,
    },
  ];
  const text = connectionsText(
    { time: 1001, total: 7, matching: 2, changed, gone: [] },
    'router',
    coloursFor(process.stdout, { NO_COLOR: '1' }),
  );
  expect(text.split('\n').map((line) => line.trimEnd())).toEqual([
    'PROTOCOL  CONNECTION                               STATE               STAYS  MARK',
    'tcp       10.0.0.2:4000 -> 172.16.0.2:80           SYN_SENT unreplied  5 d    0x10',
    '            NAT: 172.16.0.1:4000 -> 172.16.0.2:80',
    'tcp       10.0.0.2:4000 -> 172.16.0.2:80           ESTABLISHED         119 s',
    '2 of 7 connections',
  ]);
});
