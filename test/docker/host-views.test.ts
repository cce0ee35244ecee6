import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { viewsOf } from '../../app/netfilter/follow-view.ts';
import { clientInProcess } from '../../engine/host/carriers.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import { runCli, temporaryHome, tinyPack } from '../support/cli.ts';
import { startSession } from '../support/session-containers.ts';

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

async function inNode(node: string, script: string): Promise<string> {
  const words = ['exec', session, node, '--', 'bash', '-c', script];
  const { exitCode, stdout, stderr } = await runCli(words, { home: home.folder });
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** The first value of a stream for which `found` gives something, and that. */
async function until<Value, Found>(stream: AsyncIterable<Value>, found: (value: Value) => Found | undefined) {
  for await (const value of stream) {
    const one = found(value);
    if (one !== undefined) return one;
  }
  throw new Error('the stream ended before');
}

test('a rule that is added in the node appears, keeps its key below another, and its counters tick', async () => {
  const left = new AbortController();
  const views = viewsOf(
    await client.netfilter.watch({ session, node: 'server', family: 'ipv4' }, { signal: left.signal }),
  );
  const rulesOf = ({ tables }: Awaited<ReturnType<typeof client.netfilter.get>>) =>
    tables.find(({ name }) => name === 'filter')?.chains.find(({ name }) => name === 'INPUT')?.rules ?? [];
  expect(await until(views, rulesOf)).toEqual([]);

  await inNode('server', 'iptables -A INPUT -p icmp -j ACCEPT');
  const again = viewsOf(
    await client.netfilter.watch({ session, node: 'server', family: 'ipv4' }, { signal: left.signal }),
  );
  const added = await until(again, (view) => rulesOf(view)[0]);
  expect(added).toMatchObject({ number: 1, text: '-p icmp -j ACCEPT', words: 'Accept ICMP packets.' });

  await inNode('server', 'iptables -I INPUT -p tcp --dport 22 -j DROP');
  await inNode('client', 'ping -q -c 3 -i 0.2 10.9.0.1');
  const third = viewsOf(
    await client.netfilter.watch({ session, node: 'server', family: 'ipv4' }, { signal: left.signal }),
  );
  const below = await until(third, (view) => {
    const rule = rulesOf(view)[1];
    return (rule?.counters?.packets ?? 0) >= 3 ? rule : undefined;
  });
  expect(below).toMatchObject({ key: added.key, number: 2 });
  left.abort();
});

test('a link that goes down and an address that is added appear in the drawing', async () => {
  const left = new AbortController();
  const open = () => client.topology.watch({ session }, { signal: left.signal });
  const ofServer = (view: Awaited<ReturnType<typeof client.topology.get>>) =>
    view.nodes.find(({ name }) => name === 'server')?.interfaces[0];
  expect(await until(await open(), ofServer)).toMatchObject({ name: 'eth0', up: true, addresses: ['10.9.0.1/24'] });
  await inNode('server', 'ip addr add 10.9.0.77/24 dev eth0');
  const more = await until(await open(), (view) => {
    const eth0 = ofServer(view);
    return eth0?.addresses.includes('10.9.0.77/24') ? eth0 : undefined;
  });
  expect(more.addresses).toEqual(['10.9.0.1/24', '10.9.0.77/24']);
  await inNode('server', 'ip link set eth0 down');
  await until(await open(), (view) => (ofServer(view)?.up === false ? true : undefined));
  left.abort();
});

test('columns are those that iptables lists in the node', async () => {
  const rules = [
    '-A FORWARD -i eth0 ! -o eth1 -s 10.0.0.0/8 -p tcp --dport 80:90 -m conntrack --ctstate NEW -j ACCEPT',
    '-A FORWARD -p udp -m multiport --dports 53,67 -m comment --comment "two words" -j LOG --log-prefix "seen: "',
    '-A FORWARD -m limit --limit 5/min -j REJECT',
    '-t nat -A POSTROUTING -o eth0 -j SNAT --to-source 10.9.0.1',
  ];
  await inNode('client', rules.map((rule) => `iptables ${rule}`).join(' && '));
  const view = await client.netfilter.get({ session, node: 'client', family: 'ipv4' });
  for (const [table, chain] of [
    ['filter', 'FORWARD'],
    ['nat', 'POSTROUTING'],
  ]) {
    const listed = (await inNode('client', `iptables -t ${table} -L ${chain} -v -n -x --line-numbers`)).split('\n');
    const found = view.tables.find(({ name }) => name === table)?.chains.find(({ name }) => name === chain);
    const lines = found?.rules.map(({ number, counters, columns }) =>
      [
        number,
        counters?.packets,
        counters?.bytes,
        columns.target,
        columns.protocol,
        columns.fragment,
        columns.in,
        columns.out,
        columns.source,
        columns.destination,
        columns.rest,
      ]
        .join(' ')
        .trim(),
    );
    expect(lines).toEqual(
      listed
        .slice(2)
        .map((line) => line.trim().replace(/\s+/g, ' '))
        .filter(Boolean),
    );
  }
});

test('a session whose container is gone ends the stream with SESSION_LOST', async () => {
  const views = viewsOf(await client.netfilter.watch({ session, node: 'server', family: 'ipv4' }));
  const found = findContainer();
  await (await host.docker.require()).container(found).remove();
  await expect(until(views, () => undefined)).rejects.toMatchObject({ code: 'SESSION_LOST' });
});

function findContainer(): string {
  const row = host.store.session(session);
  if (!row) throw new Error('no such session');
  return row.container;
}
