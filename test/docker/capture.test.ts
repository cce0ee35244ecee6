import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Capture,
  type CapturedPacket,
  type CaptureEnd,
  type CaptureRequest,
  openCapture,
} from '../../engine/observe/capture.ts';
import { layout } from '../../engine/runtime/layout.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';

const nodes = {
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
    provision: 'iptables -t nat -A POSTROUTING -o dmz -j MASQUERADE',
  },
  server: {
    interfaces: { eth0: { link: 'dmz', addresses: ['172.20.2.2/24'] } },
    services: [{ type: 'http' as const, port: 80 }],
  },
  other: { interfaces: { eth0: { link: 'dmz', addresses: ['172.20.2.3/24'] } } },
};

let lab: RunningLab;
beforeAll(async () => {
  lab = await startRunningLab(nodes);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

const usual = {
  promiscuous: false,
  filter: '',
  snaplen: 4000,
  count: null,
  seconds: null,
  bytes: 64 * 1024 * 1024,
  lines: 200,
  pcap: 'keep',
} as const;
const lan = [layout.netns('client'), 'eth0'] as const;
const dmz = { places: [[layout.netns('_segments'), 'br1'] as const], promiscuous: true };

const begin = (options: Partial<CaptureRequest> = {}): Promise<Capture> =>
  openCapture(lab.container, { ...usual, places: [lan], ...options });

interface Seen {
  readonly packets: readonly CapturedPacket[];
  readonly end: CaptureEnd;
}

/** Everything that comes until the end. */
async function untilEnd(capture: Capture): Promise<Seen> {
  const packets: CapturedPacket[] = [];
  for (;;) {
    // To leave a loop over the events would end them.
    const { value: event } = await capture.events.next();
    if (!event) throw new Error('the capture ended without a word');
    if (event.kind === 'packets') packets.push(...event.packets);
    if (event.kind === 'ended') return { packets, end: event.end };
  }
}

/** Captures while something is done; the packets. */
async function during(capture: Capture, work: () => Promise<unknown>): Promise<Seen> {
  const seen = untilEnd(capture);
  await work();
  capture.stop();
  return await seen;
}

/** Answers come while the events are read. */
async function readAll(capture: Capture): Promise<Buffer> {
  void capture.events.next();
  const parts: Buffer[] = [];
  for (let size = 0; ; ) {
    const part = await capture.read(size);
    if (part.length === 0) return Buffer.concat(parts);
    size += part.length;
    parts.push(part);
  }
}

/** How many packets tcpdump finds in a pcap. */
async function countPackets(pcap: Buffer): Promise<number> {
  const script = 'cat >/tmp/read.pcap; tcpdump -n -r /tmp/read.pcap --count 2>/dev/null; rm /tmp/read.pcap';
  const { stdout } = await lab.container.exec(['bash', '-c', script], { stdin: pcap });
  return Number(/^(\d+) packets?/.exec(stdout)?.[1]);
}

test('on one link the source is the client, on the other it is rewritten', async () => {
  const filter = 'tcp dst port 80';
  await using inside = await begin({ filter });
  await using outside = await begin({ filter, ...dmz });
  const both = [untilEnd(inside), untilEnd(outside)] as const;
  const { exitCode } = await lab.inNode('client', 'curl -s -o /dev/null http://172.20.2.2/');
  expect(exitCode).toBe(0);
  inside.stop();
  outside.stop();
  const [before, after] = await Promise.all(both);
  const sources = ({ packets }: Seen) =>
    new Set(packets.map(({ summary }) => summary.split(' > ')[0]?.replace(/\.\d+$/, '')));
  expect(sources(before)).toEqual(new Set(['10.3.8.2']));
  expect(sources(after)).toEqual(new Set(['172.20.2.1']));
  expect(before.packets.map(({ number }) => number)).toEqual(before.packets.map((_, index) => index + 1));
  // A bridge passes each frame once.
  expect(after.packets).toHaveLength(before.packets.length);
});

test('IPv6 packets are shown with their details, and the pcap holds them', async () => {
  await using capture = await begin({ filter: 'icmp6' });
  const { packets, end } = await during(capture, () => lab.inNode('client', 'ping -q -c 2 -i 0.2 fd00:8::1'));
  const requests = packets.filter(({ summary }) => summary.includes('echo request'));
  expect(requests).toHaveLength(2);
  expect(requests[0]).toMatchObject({ protocol: 'IPv6', length: 118, probe: false });
  expect(requests[0]?.summary).toMatch(/^fd00:8::2 > fd00:8::1: ICMP6, echo request, id \d+, seq 1, length 64$/);
  expect(end).toMatchObject({ reason: 'stopped', captured: packets.length, dropped: 0 });
  void capture.events.next();
  const text = await capture.detail(requests[0]?.number ?? 0);
  expect(text).toContain('next-header ICMPv6 (58)');
  expect(text).toContain('0x0000:');
  expect(await capture.detail(packets.length + 1)).toBe('');
});

test('a filter that tcpdump does not understand, and an interface that is not there, are said before anything begins', async () => {
  await expect(begin({ filter: 'tcp porrt 80' })).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining('syntax error'),
  });
  await expect(begin({ filter: 'host no.such.name' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  await expect(begin({ filter: '-w /tmp/written' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  await expect(begin({ places: [[layout.netns('client'), 'nothing']] })).rejects.toMatchObject({
    code: 'NODE_FAILED',
    message: expect.stringContaining('nothing'),
  });
});

test('what a payload says reaches nobody as control characters', async () => {
  await using capture = await begin({ filter: 'udp' });
  const hostile = `printf '<13>\\033]0;owned\\007\\n\\nfake 1.0 line\\n\\033[2J' >/dev/udp/10.3.8.1`;
  const { packets } = await during(capture, () => lab.inNode('client', `${hostile}/514; ${hostile}/53; ${hostile}/69`));
  expect(packets.length).toBeGreaterThanOrEqual(3);
  for (const { summary } of packets) expect(summary).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});

test('count, seconds and bytes end a capture, whose file holds what was counted', async () => {
  const ping = () => lab.inNode('client', 'ping -q -f -c 2000 -s 1400 10.3.8.1');
  await using two = await begin({ filter: 'icmp', count: 2 });
  const [counted] = await Promise.all([untilEnd(two), ping()]);
  expect(counted.end).toMatchObject({ reason: 'count', captured: 2 });
  await using timed = await begin({ seconds: 1 });
  expect((await untilEnd(timed)).end.reason).toBe('seconds');
  await using small = await begin({ filter: 'icmp', bytes: 1_000_000 });
  const [full] = await Promise.all([untilEnd(small), ping()]);
  expect(full.end.reason).toBe('bytes');
  const pcap = await readAll(small);
  expect(pcap.length).toBe(full.end.bytes);
  expect(pcap.length).toBeLessThanOrEqual(1_000_000);
  expect(pcap.length).toBeGreaterThan(998_000);
  expect(await countPackets(pcap)).toBe(full.end.captured);
});

test('a flood is bounded: few lines, the rest counted, and what the kernel dropped is said', async () => {
  await using capture = await begin({ filter: 'udp', bytes: 16 * 1024 * 1024, snaplen: 200 });
  const sent = 200_000;
  const flood = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(${sent}):
    try: s.sendto(b"x" * 20, ("10.3.8.1", 9))
    except OSError: pass`;
  const began = performance.now();
  const { packets, end } = await during(capture, () => lab.inNode('client', `python3 -c '${flood}'`, 60_000));
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `flood: ${Math.round(sent / seconds)} packets a second, ${end.captured} captured, ${packets.length} shown, ${end.dropped} dropped`,
  );
  expect(end.captured + end.dropped).toBeGreaterThan(sent * 0.99);
  expect(packets.length).toBe(end.summarised);
  expect(packets.length).toBeLessThanOrEqual(2000 + 200 * (seconds + 1));
  expect(packets.length).toBeGreaterThan(500);
  expect(packets.every(({ number }, index) => number > (packets[index - 1]?.number ?? 0))).toBe(true);
  const pcap = await readAll(capture);
  expect(await countPackets(pcap)).toBe(end.captured);
});

test('so many captures at once and no more; what is left gives its place back, and leaves no process', async () => {
  const open = await Promise.all(Array.from({ length: 6 }, () => begin()));
  await expect(begin()).rejects.toMatchObject({ code: 'SESSION_BUSY' });
  for (const capture of open) await capture[Symbol.asyncDispose]();
  await using again = await begin({ count: 1 });
  await during(again, () => lab.inNode('client', 'ping -q -c 1 10.3.8.1'));
  await again[Symbol.asyncDispose]();
  const { stdout } = await lab.outside('pgrep -c tcpdump; ls -A /var/lib/hookpoint');
  expect(stdout.trim()).toBe('0\ntimeline.ndjson');
});

test('a node that is restarted under a capture ends it, and says why', async () => {
  await using capture = await begin({ places: [[layout.netns('other'), 'eth0']] });
  const seen = untilEnd(capture);
  await lab.restart('other');
  const { end } = await seen;
  expect(end.reason).toBe('interface');
  expect(end.message).toMatch(/interface/i);
});
