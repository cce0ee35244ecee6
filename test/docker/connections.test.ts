import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type ConnectionChanges,
  type ConnectionsRequest,
  translated,
  watchConnections,
} from '../../engine/observe/connections.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';

let lab: RunningLab;
beforeAll(async () => {
  lab = await startRunningLab({
    client: {
      interfaces: { eth0: { link: 'lan', addresses: ['10.3.8.2/24', 'fd00:8::2/64'] } },
      routes: [{ to: 'default', via: '10.3.8.1' }],
    },
    router: {
      interfaces: {
        lan: { link: 'lan', addresses: ['10.3.8.1/24', 'fd00:8::1/64'] },
        dmz: { link: 'dmz', addresses: ['172.20.2.1/24'] },
      },
      sysctls: { 'net.ipv4.ip_forward': 1 },
      provision: `iptables -t nat -A POSTROUTING -o dmz -j MASQUERADE
iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.20.2.2:80
ip6tables -A INPUT -m conntrack --ctstate INVALID -j DROP`,
    },
    server: {
      interfaces: { eth0: { link: 'dmz', addresses: ['172.20.2.2/24'] } },
      services: [{ type: 'http', port: 80 }],
    },
  });
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** The first changes with what is looked for, while something is done after the beginning. */
async function until<Found>(
  request: Partial<ConnectionsRequest>,
  work: () => Promise<unknown>,
  found: (changes: ConnectionChanges) => Found | undefined,
): Promise<Found> {
  const left = new AbortController();
  let working: Promise<unknown> | null = null;
  try {
    const all = { node: 'router', filter: '', limit: 500, ...request };
    for await (const changes of watchConnections(lab.container, all, { signal: left.signal })) {
      working ??= work();
      const one = found(changes);
      if (one !== undefined) return one;
    }
  } finally {
    left.abort();
    await working;
  }
  throw new Error('the stream ended before');
}

test('a connection through both kinds of NAT: as it came, what it became, and its state', async () => {
  const one = await until(
    {},
    () => lab.inNode('client', 'curl -s -o /dev/null http://10.3.8.1:8080/'),
    ({ changed }) => changed.find(({ state }) => state === 'TIME_WAIT'),
  );
  expect(one).toMatchObject({
    family: 'ipv4',
    protocol: 'tcp',
    original: { source: '10.3.8.2', destination: '10.3.8.1', destinationPort: 8080 },
    replied: true,
    assured: true,
  });
  expect(translated(one)).toEqual({
    source: '172.20.2.1',
    sourcePort: one.original.sourcePort,
    destination: '172.20.2.2',
    destinationPort: 80,
  });
  expect(Math.abs((one.expires ?? 0) - Date.now() / 1000 - 120)).toBeLessThan(10);
});

test('IPv6, the mark and the end of a connection are told; words choose', async () => {
  const six = await until(
    { filter: 'IPv6 fd00:8::2' },
    () => lab.inNode('client', 'ping -q -c 1 fd00:8::1'),
    ({ changed }) => changed[0],
  );
  expect(six).toMatchObject({ family: 'ipv6', protocol: 'icmpv6', original: { source: 'fd00:8::2' } });
  let key = '';
  await until(
    { filter: 'udp :4567 unreplied' },
    () => lab.inNode('client', 'echo x >/dev/udp/172.20.2.2/4567'),
    ({ changed, gone }) => {
      const [began] = changed;
      if (began) {
        key = began.key;
        void lab.inNode('router', 'conntrack -D -p udp');
      }
      return gone.includes(key) ? true : undefined;
    },
  );
});

test('tens of thousands of connections: the newest of them are told, the rest counted, all of them searched', async () => {
  const count = 30_000;
  const flood = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in range(1, ${count} + 1):
    try: s.sendto(b"x", ("172.20.2.2", port))
    except OSError: pass`;
  const most = await until(
    { limit: 100 },
    () => lab.inNode('client', `python3 -c '${flood}'`, 60_000),
    (changes) => (changes.total >= count * 0.9 ? changes : undefined),
  );
  expect(most.changed.length).toBeLessThanOrEqual(100);
  const searched = await until(
    { limit: 100, filter: 'udp :29999' },
    async () => undefined,
    (changes) => changes,
  );
  expect(searched.matching).toBe(1);
  expect(searched.changed).toHaveLength(1);
});

test('nothing is left when the reader leaves', async () => {
  const left = new AbortController();
  for await (const _ of watchConnections(
    lab.container,
    { node: 'router', filter: '', limit: 10 },
    { signal: left.signal },
  )) {
    left.abort();
  }
  const { stdout } = await lab.outside('pgrep -fc connections.p[y]');
  expect(stdout.trim()).toBe('0');
});
