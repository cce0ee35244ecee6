import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snapshotNodes } from '../../engine/observe/snapshot-nodes.ts';
import { layout } from '../../engine/runtime/layout.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';

/** Ways out of a node, each tried and found closed; and after each the grader still reads what the kernel holds. */

const drop = '-A INPUT -p tcp -m tcp --dport 4444 -j DROP';
let lab: RunningLab;

beforeAll(async () => {
  lab = await startRunningLab({
    host: { provision: `iptables ${drop}`, services: [{ type: 'http', port: 80 }] },
    other: { interfaces: { eth0: { link: 'lan', addresses: ['10.3.7.2/24'] } } },
    peer: { interfaces: { eth0: { link: 'lan', addresses: ['10.3.7.1/24'] } } },
  });
});
afterAll(() => lab[Symbol.asyncDispose]());

/** The grader's own reading of the node, after whatever was done in it. */
async function graderReads(): Promise<string> {
  const nodes = await snapshotNodes(lab.shell.run, ['host']);
  return nodes.host?.rulesets.map(({ text }) => text).join('\n') ?? '';
}

/** Tries a script in a node and gives its status and both outputs together. */
async function attempt(script: string, node = 'host'): Promise<{ exitCode: number; text: string }> {
  const { exitCode, stdout, stderr } = await lab.inNode(node, script, 60_000);
  return { exitCode, text: stdout + stderr };
}

const outsideSays = async (script: string) => (await lab.outside(script)).stdout.trim();

describe('what is refused to root in a node', () => {
  // What is not there proves nothing: a program or a file that is missing is no refusal.
  const refused = /not permitted|superuser|denied|read-only|not implemented/i;
  const unlessThisKernelLacks = (path: string) =>
    `[ -e ${path} ] || { echo "not implemented by this kernel"; exit 1; }; `;
  test.each([
    ['mounting a tmpfs', 'mount -t tmpfs none /mnt'],
    ['mounting proc again', 'mount -t proc none /mnt'],
    ['binding a folder', 'mount --bind /etc /mnt'],
    ['making a read-only folder of /proc/sys writable', 'mount -o remount,rw,bind /proc/sys/kernel'],
    ['taking a mask away', 'umount /proc/sys/kernel'],
    ['mounting a cgroup hierarchy, for its release_agent', 'mount -t cgroup -o memory none /mnt'],
    ['mounting cgroup2', 'mount -t cgroup2 none /mnt'],
    [
      'mounting with the new calls',
      `python3 -c '
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(430, b"tmpfs", 0)
sys.exit("Operation not permitted" if fd < 0 else 0)'`,
    ],
    ['a mount namespace', 'unshare -m true'],
    ['a user namespace with every capability in it', 'unshare -Ur true'],
    ['a network namespace', 'unshare -n true'],
    ['a network namespace by ip', 'ip netns add mine'],
    [
      'a user namespace by clone',
      `python3 -c '
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
child = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
sys.exit("Operation not permitted" if child < 0 else 0)'`,
    ],
    [
      'a user namespace by clone3',
      `python3 -c '
import ctypes, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
arguments = struct.pack("11Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
child = libc.syscall(435, arguments, len(arguments))
sys.exit("not implemented" if child < 0 and ctypes.get_errno() == 38 else 0)'`,
    ],
    ['entering the namespaces of its own PID 1', 'nsenter -t 1 -m -n true'],
    ['making a disk device', 'mknod /root/disk b 254 0'],
    ['making /dev/kmsg', 'mknod /root/kmsg c 1 11'],
    ['making /dev/mem', 'mknod /root/mem c 1 1'],
    ['writing core_pattern', 'echo "|/root/out" >/proc/sys/kernel/core_pattern'],
    ['writing kernel.hostname', 'sysctl -w kernel.hostname=mine'],
    [
      'writing kernel.modprobe',
      `${unlessThisKernelLacks('/proc/sys/kernel/modprobe')}echo /root/out >/proc/sys/kernel/modprobe`,
    ],
    ['writing fs.nr_open', 'sysctl -w fs.nr_open=4096'],
    ['writing vm.overcommit_memory', 'sysctl -w vm.overcommit_memory=1'],
    ['writing user.max_user_namespaces', 'sysctl -w user.max_user_namespaces=1'],
    ['sysrq', `${unlessThisKernelLacks('/proc/sysrq-trigger')}echo h >/proc/sysrq-trigger`],
    ['writing in /sys', 'echo 1 >/sys/kernel/profiling || echo 0 >/sys/class/net/lo/mtu'],
    ['uevent_helper', 'echo /root/out >/sys/kernel/uevent_helper'],
    [
      'loading a module',
      `python3 -c '
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
sys.exit("Operation not permitted" if libc.syscall(313, 0, b"", 0) < 0 and ctypes.get_errno() == 1 else 0)'`,
    ],
    [
      'bpf',
      `python3 -c '
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
sys.exit("Operation not permitted" if libc.syscall(321, 0, bytes(72), 72) < 0 and ctypes.get_errno() == 1 else 0)'`,
    ],
    [
      'keyctl',
      `python3 -c '
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
sys.exit("Operation not permitted" if libc.syscall(250, 0, -3, 1) < 0 and ctypes.get_errno() == 1 else 0)'`,
    ],
    [
      'open_by_handle_at',
      `python3 -c '
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
sys.exit("Operation not permitted" if libc.syscall(304, 3, bytes(16), 0) < 0 and ctypes.get_errno() == 1 else 0)'`,
    ],
    ['setting the clock', 'date -s 2001-01-01'],
    ['swap', 'head -c 1M /dev/zero >/root/swap; chmod 600 /root/swap; mkswap -q /root/swap; swapon /root/swap'],
    ['raising its own limits', 'prlimit --pid $$ --nofile=100000000:100000000'],
    ['clearing the host’s kernel log', 'dmesg --clear'],
    ['silencing the host’s console', 'dmesg --console-off'],
    ['a vsock to the host of the machine', 'python3 -c "import socket; socket.socket(40, 1)"'],
  ])('%s', async (_, script) => {
    const { exitCode, text } = await attempt(script);
    expect(text).toMatch(refused);
    expect(exitCode).not.toBe(0);
  });

  test('capabilities: those of the design and no more, and none to be had by a set-uid program', async () => {
    const { text } = await attempt('grep -E "CapEff|CapBnd" /proc/self/status; sudo -n grep CapEff /proc/self/status');
    const sets = [...text.matchAll(/Cap\w+:\s+([0-9a-f]+)/g)].map((match) => match[1]);
    expect(sets).toEqual(['00000004200434fb', '00000004200434fb', '00000004200434fb']);
  });

  test('every folder of /proc/sys but net is read-only', async () => {
    const { text } = await attempt(
      'for d in /proc/sys/*; do findmnt -no OPTIONS "$d" | grep -q "^ro" || echo "$d"; done',
    );
    expect(text.trim()).toBe('/proc/sys/net');
  });

  test('/dev holds no device of the host', async () => {
    const { text } = await attempt('find /dev -type b -o -type c | sort; ls -d /dev/kmsg /dev/mem /dev/net/tun');
    expect(text).not.toMatch(/\/dev\/(vd|sd|nvme|loop|fuse)/);
    for (const gone of ['kmsg', 'mem', 'net/tun']) expect(text).toContain(`'/dev/${gone}': No such file`);
  });
});

describe('what a learner can see and reach', () => {
  test('only processes of the node, and nothing through /proc/1', async () => {
    const { text } = await attempt(
      'ps -eo args=; ls /proc/1/root/var/lib/hookpoint /proc/1/root/run; cat /proc/1/environ',
    );
    expect(text).not.toMatch(/recorder|tini|runc|timeline|nodes/);
  });
  test('no descriptor of the outer container is left in PID 1 or in a service', async () => {
    const { text } = await attempt(
      'for p in 1 $(pgrep -x python3); do readlink /proc/$p/fd/* /proc/$p/cwd /proc/$p/exe; done',
    );
    for (const target of text.trim().split('\n')) {
      expect(target).toMatch(/^(\/dev\/null|\/root|\/usr\/bin\/\S+|socket:\[\d+\])$/);
    }
  });
  test('a command’s descriptors and folder are its own', async () => {
    const { text } = await attempt('readlink /proc/self/fd/* /proc/self/cwd');
    expect(text).not.toMatch(/hookpoint|\/run\//);
  });
  test('no other node’s namespace by name, number or PID', async () => {
    const { text, exitCode } = await attempt(
      'ls /run/netns /var/run/netns; ip netns exec other true || nsenter --net=/run/netns/other true || ip link set lo netns 99999',
    );
    expect(exitCode).not.toBe(0);
    expect(text).not.toContain('peer');
  });
  test('a neighbour’s interface cannot be pulled over, nor one’s own pushed outside', async () => {
    const before = await outsideSays('ip -br link; ip -n peer -br link');
    await attempt('ip link set eth0 netns 1; ip link set eth0 netns $$', 'other');
    expect(await outsideSays('ip -br link; ip -n peer -br link')).toBe(before);
  });
  test('no abstract socket of the outer container or another node', async () => {
    expect((await attempt('ss -Hxl | grep -v systemd')).text.trim()).toBe('');
  });
  test('no System V memory and no message queue of another', async () => {
    await attempt('ipcmk -M 4096 >/dev/null', 'other');
    expect((await attempt('ipcs -m | grep -c 0x0* || true; ls /dev/mqueue /dev/shm')).text).not.toMatch(/4096/);
  });
});

describe('a learner who replaces the tools', () => {
  test('setpriv, shell, loader, iptables-save and a preload in the node: the grader reads the kernel', async () => {
    await using broken = await startRunningLab({ host: { provision: `iptables ${drop}` } });
    const lies = [
      'cp /bin/true /root/true',
      'for tool in setpriv iptables-save iptables-nft-save nft ip ss nsenter xtables-nft-multi conntrack runc python3; do',
      '  path=$(command -v $tool) && rm -f "$path" && printf "#!/root/true\\necho lie\\n" >"$path" && chmod 755 "$path"; done',
      'printf "int x;" >/dev/null; cp /bin/true /root/preload.so; echo /root/preload.so >/etc/ld.so.preload',
      'mkdir -p /usr/lib/hookpoint; echo "raise SystemExit(0)" >/usr/lib/hookpoint/probe.py',
      'cp /root/true /bin/bash.new && mv /bin/bash.new /usr/bin/bash; cp /root/true /usr/bin/dash.new; mv /usr/bin/dash.new /usr/bin/dash',
    ].join('\n');
    await broken.inNode('host', lies);
    const loader = `python3 - <<'E' 2>/dev/null || true\nE\nfor l in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1; do [ ! -e $l ] || echo no >$l; done`;
    await broken.inNode('host', loader);
    const seen = await snapshotNodes(broken.shell.run, ['host']);
    expect(seen.host?.rulesets.map(({ text }) => text).join()).toContain(drop);
    expect(seen.host?.problems).toEqual([]);
    const outer = await broken.outside('bash -c "echo outer is well"; ls /etc/ld.so.preload 2>&1');
    expect(outer.stdout).toMatch(/outer is well\n.*No such file/s);
  });
  test('nothing of the node runs with more than the node has when somebody enters', async () => {
    // The first thing that runs of the node's own files is what exec was asked for: by then its capabilities are gone.
    await attempt(
      'printf "#!/bin/sh\\ngrep CapEff /proc/self/status\\n" >/usr/local/sbin/entered; chmod 755 /usr/local/sbin/entered',
    );
    expect((await attempt('entered')).text).toContain('00000004200434fb');
  });
  test('links in place of files do not lead a restart outside', async () => {
    await using crafty = await startRunningLab({ host: { files: { '/root/plan': 'first' } } });
    const aim = layout.timeline;
    await crafty.inNode(
      'host',
      `rm -f /etc/hosts /root/plan; ln -s ${aim} /etc/hosts; ln -s ${aim} /root/plan; ln -s / /root/all`,
    );
    const before = (await crafty.outside(`head -c 50 ${aim}`)).stdout;
    await crafty.restart('host');
    expect((await crafty.outside(`head -c 50 ${aim}`)).stdout).toBe(before);
    expect((await crafty.inNode('host', 'readlink /etc/hosts')).stdout.trim()).toBe(aim);
  });
});

describe('a learner who exhausts the node', () => {
  test('a fork bomb stops at the node’s own limit, and the grader answers meanwhile', async () => {
    const bomb = lab.inNode(
      'host',
      'bomb() { bomb | bomb & }; (bomb) 2>/dev/null; for i in {1..3}; do (sleep 30 &) 2>/dev/null; done; true',
      5_000,
    );
    expect(await graderReads()).toContain(drop);
    await bomb.catch(() => undefined);
    expect(Number(await outsideSays('ls -d /proc/[0-9]* | wc -l'))).toBeLessThan(400);
    expect(await graderReads()).toContain(drop);
    await lab.restart('host');
    expect((await attempt('echo alive')).text).toBe('alive\n');
  });
  test('a full disk is full in the node alone', async () => {
    const { text } = await attempt('dd if=/dev/zero of=/root/fill bs=1M count=200; ls -l /root/fill');
    expect(text).toMatch(/No space left on device/);
    expect(await outsideSays('echo room >/run/room && cat /run/room && rm /run/room')).toBe('room');
    expect((await lab.inNode('other', 'echo room >/root/room && cat /root/room')).stdout).toBe('room\n');
    expect(await graderReads()).toContain(drop);
    await attempt('rm -f /root/fill');
  });
  test('so is one without inodes', async () => {
    const { text } = await attempt(`python3 -c '
import os
os.makedirs("/root/many")
for i in range(30000): open("/root/many/%d" % i, "w").close()'`);
    expect(text).toContain('No space left on device');
    expect((await lab.inNode('other', 'touch /root/one && echo ok')).stdout).toBe('ok\n');
    await attempt('rm -rf /root/many');
  });
  test('memory ends with the node’s, by its own process', async () => {
    const { exitCode } = await attempt(`python3 -c 'x = [bytearray(1 << 20) for _ in range(400)]'`);
    expect(exitCode).toBe(137);
    expect(await graderReads()).toContain(drop);
  });
  test('kill -9 -1 leaves the node there', async () => {
    await attempt('kill -9 -1; true');
    expect((await attempt('echo alive')).text).toBe('alive\n');
    await attempt('kill -9 1; kill -TERM 1; true');
    expect((await attempt('echo alive')).text).toBe('alive\n');
    expect(await graderReads()).toContain(drop);
  });
  test('a flushed address and a deleted iptables harm the node alone', async () => {
    await attempt('ip address flush dev eth0; ip link set eth0 down', 'other');
    await attempt('rm -f /usr/sbin/iptables* /usr/sbin/xtables*');
    expect(await graderReads()).toContain(drop);
    expect((await lab.inNode('peer', 'iptables -S')).exitCode).toBe(0);
  });
});

describe('a learner who forges evidence', () => {
  test('no line gets into the kernel log', async () => {
    const mark = `forged-${process.pid}-${Date.now()}`;
    await attempt(
      `mknod /root/kmsg c 1 11; for f in /dev/kmsg /root/kmsg /proc/kmsg; do echo "<4>${mark}" >$f; done; logger ${mark}`,
      'peer',
    );
    expect(await outsideSays(`dmesg | grep -c ${mark}`)).toBe('0');
  });
  test('the recorder, its file and the grader’s programs are out of reach', async () => {
    const { text } = await attempt(`ls ${layout.volume}; pgrep -f recorder.py; echo x >${layout.timeline}`, 'peer');
    expect(text).not.toContain('timeline.ndjson\n');
    expect(await outsideSays(`grep -c ^x ${layout.timeline}`)).toBe('0');
  });
});
