import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../engine/contract/contract.ts';
import type { CaptureEvent, TrafficConnection } from '../../engine/contract/procedures/traffic.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import type { Container } from '../../engine/runtime/container.ts';
import { findSession } from '../../engine/sessions/session.ts';
import { type CarriedClient, type Carrier, carriers } from '../contract/carried-clients.ts';
import { runCli, temporaryHome, tinyPack } from '../support/cli.ts';
import { startSession } from '../support/session-containers.ts';

const home = temporaryHome();
let host: Host;
let carrier: Carrier;
let carried: CarriedClient;
let client: Client;
let container: Container;
let session: string;

beforeAll(async () => {
  process.env.HOOKPOINT_HOME = home.folder;
  session = await startSession(home.folder, join(tinyPack, 'two'));
  host = await openHost();
  const carry = carriers['over a WebSocket'];
  if (!carry) throw new Error('no such carrier');
  carrier = await carry(host);
  carried = await carrier.open();
  client = carried.client;
  const { runtime, store } = await host.workspace();
  container = runtime.container(findSession(store, session).container);
});
afterAll(async () => {
  await carrier?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await runCli(['clean', '--all'], { home: home.folder });
  home[Symbol.dispose]();
});

const inNode = (node: string, ...command: string[]) =>
  runCli(['exec', session, node, '--', ...command], { home: home.folder });
const place = { kind: 'interface', node: 'client', interface: 'eth0' } as const;
const programs = async () => (await container.exec(['pgrep', '-f', 'tcpdump|capture.py|connections.py'])).stdout;

/** Events as they come, and those of one kind waited for. */
function listen(stream: AsyncIterable<CaptureEvent>) {
  const events: CaptureEvent[] = [];
  const waiting: (() => void)[] = [];
  const over = (async () => {
    for await (const event of stream) {
      events.push(event);
      for (const wake of waiting.splice(0)) wake();
    }
  })();
  over.catch(() => undefined); // the window went away; awaited where that matters
  const until = async <Found>(found: (event: CaptureEvent) => Found | undefined): Promise<Found> => {
    for (let at = 0; ; at++) {
      while (at >= events.length) await new Promise<void>((resolve) => waiting.push(resolve));
      const event = events[at];
      const one = event && found(event);
      if (one !== undefined) return one;
    }
  };
  return { until, over };
}

test('a capture over the wire: packets with their nodes, one in detail, the pcap, the end; all gone with its stream', async () => {
  const left = new AbortController();
  const input = { session, place, filter: 'icmp' };
  const { until, over } = listen(await client.traffic.capture(input, { signal: left.signal }));
  const capture = await until((event) => (event.kind === 'begun' ? event.capture : undefined));
  await inNode('client', 'ping', '-q', '-c', '1', '10.9.0.1');
  const packet = await until((event) => (event.kind === 'packets' ? event.packets[0] : undefined));
  expect(packet).toMatchObject({ number: 1, from: 'client', to: 'server', protocol: 'IPv4', probe: false });
  expect((await client.traffic.detail({ capture, number: 1 })).text).toContain('proto ICMP (1)');
  await client.traffic.stop({ capture });
  const end = await until((event) => (event.kind === 'ended' ? event : undefined));
  expect(end).toMatchObject({ reason: 'stopped', counts: { captured: 2, listed: 2, dropped: 0 } });
  const pcap = Buffer.from((await client.traffic.pcap({ capture, offset: 0 })).base64, 'base64');
  expect(pcap.length).toBe(end.counts.bytes);
  expect(pcap.readUInt32LE(0)).toBe(0xa1b2c3d4);
  expect((await client.traffic.pcap({ capture, offset: pcap.length })).base64).toBe('');
  left.abort();
  await over.catch(() => undefined); // given up
  await expect.poll(programs, { timeout: 10_000 }).toBe('');
  await expect(client.traffic.stop({ capture })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a filter that is none, and text that is no line, are refused', async () => {
  const refused = async (filter: string) => {
    for await (const _ of await client.traffic.capture({ session, place, filter }));
  };
  await expect(refused('tcp porrt')).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining('syntax error'),
  });
  await expect(refused('tcp\u001b[2J')).rejects.toMatchObject({ code: 'BAD_INPUT' });
});

test('connections are told; a window that goes without a word leaves nothing behind', async () => {
  await inNode('server', 'iptables', '-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'INVALID', '-j', 'DROP');
  const window = await carrier.open();
  const changes = await window.client.traffic.connections({ session, node: 'server', filter: 'icmp' });
  const { until } = listen(await window.client.traffic.capture({ session, place, filter: '' }));
  await until((event) => (event.kind === 'begun' ? true : undefined));
  const first = await changes.next();
  expect(first.value).toMatchObject({ changed: [], gone: [] });
  await inNode('client', 'ping', '-q', '-c', '1', '10.9.0.1');
  let began: TrafficConnection | undefined;
  while (!began) {
    const next = await changes.next();
    if (next.done) throw new Error('the stream ended');
    [began] = next.value.changed;
  }
  expect(began).toMatchObject({ protocol: 'icmp', after: null, before: { destination: '10.9.0.1' } });
  expect(await programs()).not.toBe('');
  window.vanish();
  await expect.poll(programs, { timeout: 10_000 }).toBe('');
});
