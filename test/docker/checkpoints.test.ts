import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ContainerRuntime } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { runCli, startCli, temporaryHome } from '../support/cli.ts';
import { containersOf, startSession } from '../support/session-containers.ts';

const pair = join(import.meta.dirname, '../fixtures/packs/kept/pair');
const home = temporaryHome();
const hp = (...words: string[]) => runCli(words, { home: home.folder });
const json = async (...words: string[]) => {
  const { stdout, stderr, exitCode } = await hp(...words, '--json');
  if (stdout === '') throw new Error(`${words.join(' ')} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
};
/** What a script prints on a node. */
const on = async (session: string, node: string, script: string) => {
  const { stdout, stderr, exitCode } = await hp('exec', session, node, '--', 'bash', '-c', script);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
};
const names = async (session: string): Promise<string[]> =>
  (await json('checkpoint', session, '--list')).checkpoints.map((one: { name: string }) => one.name);
const verdicts = async (session: string): Promise<Record<string, string>> => {
  const { criteria } = await json('check', session);
  return Object.fromEntries(criteria.map((one: { id: string; verdict: string }) => [one.id, one.verdict]));
};
let runtime: ContainerRuntime;

beforeAll(async () => {
  runtime = await connectDocker();
});
afterEach(async () => {
  await hp('clean', '--all');
  expect(existsSync(join(home.folder, 'checkpoints')) ? readdirSync(join(home.folder, 'checkpoints')) : []).toEqual([]);
});
afterAll(async () => {
  expect(await containersOf(runtime, home.folder)).toEqual([]);
  await runtime[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

/** Everything that a node's network is, as the programs print it; without what is drawn anew in each namespace. */
const network = `
  { iptables-nft-save -c; ip6tables-nft-save -c; iptables-legacy-save -c; ip6tables-legacy-save -c; nft list ruleset; ipset save
  ip -o address; ip -o route show table all; ip -6 -o route show table all; ip rule; ip -6 rule; sysctl -a -r '^net'; } 2>/dev/null |
  grep -v -e '^#' -e stable_secret -e fastopen_key -e nf_conntrack_count |
  sed -E 's/timeout [0-9]+/timeout T/; s/expires [0-9a-z]+//; s/^[0-9]+: //; s/@if[0-9]+//; s/^:([A-Z]+ [A-Z]+) .*/:\\1/; s/linkdown|nodad|proto kernel_ll//; s/ +/ /g; s/ $//'`;

const rules = `
  set -e
  iptables -P FORWARD DROP
  iptables -A INPUT -p tcp -m multiport --dports 8000,8001 -m comment --comment 'a b' -j LOG --log-prefix 'x '
  iptables -A INPUT ! -p udp -m limit --limit 3/min -j ACCEPT
  iptables -t nat -A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 80
  ipset create gone hash:ip; ipset create blocked hash:ip timeout 6000; ipset add blocked 192.0.2.3; ipset destroy gone
  iptables -A INPUT -m set --match-set blocked src -j DROP
  ip6tables -A INPUT -p tcp --dport 22 -j REJECT
  nft 'add rule ip filter INPUT tcp dport { 8443, 9443 } ct state new counter accept'
  nft -f - <<'RULES'
table inet fw {
  counter hits { packets 5 bytes 100; }
  set nets { type ipv4_addr; flags interval; elements = { 198.51.100.0/24 }; }
  map ports { type inet_service : verdict; elements = { 23 : jump other }; }
  chain other { counter packets 7 bytes 9 drop; }
  chain in { type filter hook input priority 5; policy accept; ip saddr @nets drop; tcp dport vmap @ports; tcp dport 99 jump { ip saddr 192.0.2.9 accept; drop; }; }
}
RULES
  iptables-legacy -t raw -A PREROUTING -p udp --dport 5353 -j NOTRACK
  ip6tables-legacy -A INPUT -p tcp --dport 1 -j DROP
  sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.eth0.rp_filter=2 net.ipv4.ip_default_ttl=33 net.netfilter.nf_conntrack_tcp_loose=0
  ip link add br0 type bridge; ip address add 203.0.113.1/24 dev br0; ip link set br0 up
  ip address add 10.9.0.77/24 dev eth0
  ip route add 198.51.100.0/24 via 10.9.0.2; ip route add default via 10.9.0.2 table 100; ip rule add fwmark 1 lookup 100
  ip route add blackhole 192.0.2.128/25; ip -6 route add 2001:db8::/64 dev br0`;

const files = `
  set -e; cd /root
  rm /etc/issue; rm -r /etc/apt; mkdir /etc/apt; echo mine > /etc/apt/mine
  echo changed > /etc/lab.conf; chown 1000:1001 /etc/lab.conf; chmod 4751 /etc/lab.conf
  mkdir deep; printf 'one' > "deep/$(printf 'odd\\n name \\\\ *')"; printf 'bytes' > "$(printf '\\377\\376')"
  ln deep/odd* twin; ln -s /proc/1/root/etc/shadow out; ln -s ../../../../etc up; mkfifo pipe
  truncate -s 30M hole; printf end >> hole; setfattr -n user.note -v kept twin 2>/dev/null || true`;

const listing = `cd / && { find root etc/apt -printf '%p|%y|%m|%U:%G|%n|%s|%b|%l\\n' | sort; stat -c '%u:%g %a' /etc/lab.conf; cat /etc/lab.conf /root/provisioned
  sha256sum /root/hole /root/deep/* | cut -c1-64; ls /etc/issue || true; } 2>&1`;

test('everything that a node holds comes back: rules of every kind, sets, sysctls, routes, odd files', async () => {
  const session = await startSession(home.folder, pair);
  await on(session, 'server', rules);
  await on(session, 'server', files);
  const before = { network: await on(session, 'server', network), files: await on(session, 'server', listing) };
  expect(before.network).toContain('table inet fw');
  expect(before.files).toContain("ls: cannot access '/etc/issue'");

  const saved = await json('checkpoint', session, 'full');
  expect(saved).toMatchObject({ name: 'full', automatic: false, leftOut: {} });
  expect(saved.bytes).toBeLessThan(200_000);
  const ruin =
    'nft flush ruleset; iptables-legacy -t raw -F; ip link del br0; ip address flush dev eth0; ip rule del lookup 100; rm -rf /root/* /etc/apt; touch /etc/issue';
  await on(session, 'server', ruin);
  expect(await json('restore', session, 'full')).toEqual({ session, restored: 'full', before: 'auto-1', left: {} });

  expect(await on(session, 'server', network)).toBe(before.network);
  expect(await on(session, 'server', listing)).toBe(before.files);
  // Services were started again, and the neighbour still reaches them.
  expect(await on(session, 'client', 'curl -s -m 5 http://10.9.0.1/')).toContain('"node": "server"');
  expect(await on(session, 'client', 'cat /etc/hosts')).toContain('10.9.0.1 server');
});

test('what was reached stays reached, and a restore breaks nothing that was held', async () => {
  const session = await startSession(home.folder, pair);
  await json('checkpoint', session, 'begin');
  await on(
    session,
    'server',
    'iptables -A INPUT -p tcp --dport 9000 -j DROP; iptables -D INPUT -p tcp --dport 9000 -j DROP',
  );
  expect(await verdicts(session)).toMatchObject({ dropped: 'passed', open: 'passed' });
  await json('restore', session, 'begin');
  expect(await verdicts(session)).toMatchObject({ dropped: 'passed', open: 'passed' });
  await json('reset', session);
  expect(await verdicts(session)).toMatchObject({ dropped: 'passed', open: 'passed' });
  await on(session, 'server', 'iptables -I INPUT -p tcp --dport 80 -j DROP');
  await json('restore', session, 'begin');
  expect(await verdicts(session)).toMatchObject({ dropped: 'passed', open: 'failed' });
});

test('a rule that was only ever in a checkpoint is judged from the restore on', async () => {
  const session = await startSession(home.folder, pair);
  await on(session, 'server', 'iptables -I INPUT -p tcp --dport 80 -j DROP');
  await json('checkpoint', session, 'closed');
  await json('reset', session, '--node', 'server');
  expect(await on(session, 'server', 'iptables -S INPUT; cat /root/provisioned')).toBe(
    '-P INPUT ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nprovisioned\n',
  );
  await json('restore', session, 'closed');
  expect(await on(session, 'server', 'iptables -S INPUT')).toContain('--dport 80 -j DROP');
  expect(await verdicts(session)).toMatchObject({ open: 'failed' });
});

test('a session whose container was killed goes on from its newest checkpoint, with its answers and its timeline', async () => {
  const session = await startSession(home.folder, pair, '--seed', '3');
  await on(
    session,
    'server',
    'iptables -A INPUT -p tcp --dport 9000 -j DROP; iptables -F INPUT; iptables -A INPUT -p sctp -j DROP; echo kept > /root/note',
  );
  await hp('answer', session, 'policy', 'ACCEPT');
  await json('checkpoint', session);
  const [container] = await containersOf(runtime, home.folder);
  execFileSync('docker', ['kill', container?.id ?? '']);
  expect((await hp('state', session, '--node', 'server')).stderr).toContain('SESSION_LOST');

  expect(await json('start', '--resume', session)).toMatchObject({ session, seed: 3, checkpoint: 'checkpoint-1' });
  expect(await on(session, 'server', 'cat /root/note /root/provisioned; iptables -S INPUT')).toBe(
    'kept\nprovisioned\n-P INPUT ACCEPT\n-A INPUT -p sctp -j DROP\n',
  );
  expect(await verdicts(session)).toEqual({ dropped: 'passed', open: 'passed', policy: 'passed' });

  const stopped = await hp('stop', session);
  expect(stopped.stdout).toMatch(/^Stopped .*\n$/);
  expect(await json('start', '--resume', session, '--fresh')).not.toHaveProperty('checkpoint');
  expect(await verdicts(session)).toMatchObject({ dropped: 'failed', policy: 'failed' });
});

test('a session that is stopped keeps what changed, and only that', async () => {
  const session = await startSession(home.folder, pair);
  await on(session, 'client', 'echo note > /root/note');
  expect((await hp('stop', session)).stdout).toContain('start --resume');
  expect(await names(session)).toEqual(['auto-1']);
  expect(await json('start', '--resume', session)).toMatchObject({ checkpoint: 'auto-1' });
  expect(await on(session, 'client', 'cat /root/note')).toBe('note\n');
});

test('a save that is killed leaves what was there, and nothing of its own', async () => {
  const session = await startSession(home.folder, pair);
  await on(session, 'server', 'head -c 40M /dev/urandom > /root/big');
  await json('checkpoint', session, 'whole');
  const folder = join(home.folder, 'checkpoints', session);
  const [kept] = readdirSync(folder);
  const { child, ended } = startCli(['checkpoint', session, 'half'], { home: home.folder });
  await until(() => readdirSync(folder).some((file) => file.endsWith('.partial')) || child.exitCode !== null);
  child.kill('SIGKILL');
  await ended;
  expect(await names(session)).toEqual(['whole']);
  await on(session, 'server', 'rm /root/big');
  await json('checkpoint', session, 'next');
  expect(readdirSync(folder)).toHaveLength(2);
  expect(readdirSync(folder)).toContain(kept);
  expect(readdirSync(folder).join()).not.toContain('.partial');
});

test('a restore that is killed ends by itself: the session is as it was asked for', async () => {
  const session = await startSession(home.folder, pair);
  await on(session, 'server', 'echo then > /root/note; iptables -A INPUT -p sctp -j DROP');
  // Who has done nothing has held nothing.
  await hp('answer', session, 'policy', 'ACCEPT');
  await json('checkpoint', session, 'then');
  await on(session, 'server', 'echo now > /root/note; iptables -F');
  const [container] = await containersOf(runtime, home.folder);
  const { child, ended } = startCli(['restore', session, 'then'], { home: home.folder });
  const status = () => runtime.container(container?.id ?? '').exec(['cat', '/var/lib/hookpoint/restore.status']);
  await until(async () => (await status()).stdout.startsWith('running') || child.exitCode !== null);
  child.kill('SIGKILL');
  await ended;
  expect((await json('state', session, '--node', 'server')).node).toBe('server');
  expect(await on(session, 'server', 'cat /root/note; iptables -S INPUT')).toContain('then\n-P INPUT ACCEPT');
  expect(await verdicts(session)).toMatchObject({ open: 'passed' });
});

test('a restore that is cut short in the container is told, and there is a way out', async () => {
  const session = await startSession(home.folder, pair);
  // Who has done nothing has held nothing.
  await hp('answer', session, 'policy', 'ACCEPT');
  await json('checkpoint', session, 'then');
  const [container] = await containersOf(runtime, home.folder);
  const { child, ended } = startCli(['restore', session, 'then'], { home: home.folder });
  const outer = runtime.container(container?.id ?? '');
  const kill =
    'read -r word pid </var/lib/hookpoint/restore.status && [ "$word" = running ] && kill -KILL -- -"$(ps -o pgid= -p "$pid" | tr -d " ")"';
  await until(async () => (await outer.exec(['bash', '-c', kill])).exitCode === 0 || child.exitCode !== null);
  child.kill('SIGKILL');
  await ended;
  const told = await hp('state', session, '--node', 'server');
  expect(told.exitCode).toBe(3);
  expect(told.stderr).toMatch(/was cut short[\s\S]*hookpoint reset/);
  expect((await hp('check', session)).stderr).toContain('was cut short');
  expect((await json('reset', session)).before).toBe(null);
  expect(await verdicts(session)).toMatchObject({ open: 'passed' });
  expect(await json('restore', session, 'then')).toMatchObject({ restored: 'then' });
});

test('two restores at once come one after the other', async () => {
  const session = await startSession(home.folder, pair);
  for (const name of ['a', 'b']) {
    await on(
      session,
      'server',
      `echo ${name} > /root/note; iptables -F INPUT; iptables -A INPUT -m comment --comment ${name}`,
    );
    await json('checkpoint', session, name);
  }
  const ended = await Promise.all([hp('restore', session, 'a'), hp('restore', session, 'b')]);
  expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  const note = (await on(session, 'server', 'cat /root/note')).trim();
  expect(await on(session, 'server', 'iptables -S INPUT')).toContain(`--comment ${note}`);
});

test('a damaged or missing checkpoint, a taken or odd name: said before anything is touched', async () => {
  const session = await startSession(home.folder, pair);
  await on(session, 'server', 'echo now > /root/note');
  await json('checkpoint', session, 'bad');
  const folder = join(home.folder, 'checkpoints', session);
  appendFileSync(join(folder, readdirSync(folder)[0] ?? ''), 'x');
  expect((await hp('restore', session, 'bad')).stderr).toMatch(/damaged[\s\S]*BAD_INPUT/);
  expect((await hp('restore', session, 'none')).stderr).toMatch(/no checkpoint none\.\nIt has: bad/);
  expect((await hp('checkpoint', session, 'bad')).stderr).toContain('already has');
  for (const name of ['../x', '-x', 'a b', 'auto-9', 'x'.repeat(41)]) {
    expect((await hp('checkpoint', session, '--', name)).exitCode).toBe(2);
  }
  expect((await hp('checkpoint', session, 'bad', '--remove')).exitCode).toBe(0);
  expect(existsSync(folder)).toBe(false);
  expect(await on(session, 'server', 'cat /root/note')).toBe('now\n');
});

test('a full disk is told, and what was saved before is whole', async () => {
  const small = mkdtempSync(join(tmpdir(), 'small-home-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', small]);
  const there = (...words: string[]) => runCli(words, { home: small });
  try {
    const session = await startSession(small, pair);
    expect((await there('checkpoint', session, 'small')).exitCode).toBe(0);
    expect(
      (await there('exec', session, 'server', '--', 'bash', '-c', 'head -c 30M /dev/urandom > /root/big')).exitCode,
    ).toBe(0);
    const full = await there('checkpoint', session, 'large');
    expect(full.exitCode).toBe(3);
    expect(full.stderr).toMatch(/disk is full[\s\S]*DISK_FULL/);
    expect(readdirSync(join(small, 'checkpoints', session))).toHaveLength(1);
    // It cannot save what stands now either, and says so before anything is touched.
    expect((await there('restore', session, 'small')).stderr).toContain('DISK_FULL');
    expect((await there('exec', session, 'server', '--', 'stat', '-c', '%s', '/root/big')).stdout.trim()).toBe(
      String(30 << 20),
    );
    expect((await there('stop', session)).stderr).toContain('is not saved');
    expect((await there('start', '--resume', session, '--json')).stdout).toContain('"checkpoint": "small"');
  } finally {
    await there('clean', '--all');
    execFileSync('umount', [small]);
    rmSync(small, { recursive: true });
  }
});

/** Looks until it is so. What is looked at has no event that a test could wait for. */
async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await so())) await delay(5);
}
