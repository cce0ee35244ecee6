import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeEntry, TimelineHistory } from '../../engine/contract/procedures/timeline.ts';
import { clientInProcess } from '../../engine/host/carriers.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import { runCli, temporaryHome, tinyPack } from '../support/cli.ts';
import { startSession } from '../support/session-containers.ts';

/** What a window is told of a session's history. */

const home = temporaryHome();
let host: Host;
let client: ReturnType<typeof clientInProcess>;
let session: string;

beforeAll(async () => {
  process.env.HOOKPOINT_HOME = home.folder;
  session = await startSession(home.folder, join(tinyPack, 'two'));
  host = await openHost();
  client = clientInProcess(host);
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await runCli(['clean', '--all'], { home: home.folder });
  home[Symbol.dispose]();
});

const changesIn = ({ entries }: TimelineHistory) =>
  entries.filter((entry): entry is ChangeEntry => entry.kind === 'change' && !entry.provisioning);

/** The first history in which `found` gives something. */
async function until<Found>(found: (history: TimelineHistory) => Found | undefined): Promise<Found> {
  const left = new AbortController();
  for await (const history of await client.timeline.watch({ session, most: 100 }, { signal: left.signal })) {
    const one = found(history);
    if (one === undefined) continue;
    left.abort();
    return one;
  }
  throw new Error('the stream ended before');
}

test('a command that is typed into a terminal of the app is told with what it changed, and any moment of it can be looked at', async () => {
  const terminal = randomUUID();
  await client.terminals.open({ session, node: 'server', terminal, columns: 120, rows: 30 });
  const typed = 'iptables -A INPUT -p tcp --dport 80 -j ACCEPT; iptables -I INPUT -p icmp -j DROP; iptables -D INPUT 2';
  await client.terminals.write({ terminal, data: `${typed}\r` });
  const entry = await until((history) =>
    changesIn(history).find(({ by, steps }) => steps === 3 && by?.command.exitCode === 0),
  );
  expect(entry).toMatchObject({ node: 'server', process: 'iptables', listedSingly: true, by: { certain: true } });
  expect(entry.by?.command.text).toBe(typed);
  expect(entry.changes.map(({ what }) => what)).toEqual([
    'added rule 1 to filter INPUT',
    'added rule 1 to filter INPUT',
    'removed rule 2 from filter INPUT',
  ]);

  const { steps, total } = await client.timeline.steps({
    session,
    node: 'server',
    first: entry.first,
    last: entry.last,
    from: 1,
  });
  expect(total).toBe(3);
  expect(steps.map(({ changes }) => changes[0]?.rule)).toEqual([
    '-p icmp -j DROP',
    '-p tcp -m tcp --dport 80 -j ACCEPT',
  ]);

  const second = steps[0]?.state ?? 0;
  const { past, latest, text } = await client.timeline.rules({
    session,
    node: 'server',
    family: 'ipv4',
    state: second,
  });
  const input = (view: typeof past) =>
    view.tables.find(({ name }) => name === 'filter')?.chains.find(({ name }) => name === 'INPUT')?.rules ?? [];
  expect(input(past).map((rule) => rule.text)).toEqual(['-p icmp -j DROP', '-p tcp -m tcp --dport 80 -j ACCEPT']);
  expect(input(latest).map(({ key }) => key)).toEqual([input(past)[0]?.key]);
  expect(text).toContain('-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT');

  const { nodes } = await client.timeline.changes({ session });
  expect(nodes).toMatchObject([{ node: 'server', commands: ['iptables -A INPUT -p icmp -j DROP'] }]);
  await expect(client.timeline.rules({ session, node: 'server', family: 'ipv4', state: 9999 })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await client.terminals.close({ terminal });
});

test('a session that has ended keeps what was typed', async () => {
  await client.sessions.stop({ session });
  const { entries, states, remarks } = await client.timeline.get({ session, most: 100 });
  expect(states).toBeNull();
  expect(entries.some((entry) => entry.kind === 'command' && entry.command.text?.startsWith('iptables -A'))).toBe(true);
  expect(remarks.join()).toContain('went with its container');
});
