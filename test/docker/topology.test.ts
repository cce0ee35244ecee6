import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HookpointError } from '../../engine/contract/error.ts';
import { layout } from '../../engine/runtime/layout.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';

const nodes = {
  client: {
    interfaces: { eth0: { link: 'lan', addresses: ['10.3.7.2/24', 'fd00:7::2/64'] } },
    routes: [
      { to: 'default', via: '10.3.7.1' },
      { to: 'default', via: 'fd00:7::1' },
    ],
  },
  router: {
    interfaces: {
      lan: { link: 'lan', addresses: ['10.3.7.1/24', 'fd00:7::1/64'] },
      wan: { link: 'wan', addresses: ['172.20.1.1/24', 'fd00:20::1/64'], mtu: 1400 },
    },
    sysctls: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 },
    files: { '/root/notes/first.txt': 'kept\n', '/etc/motd': "it's here\n" },
    // The server's services listen before any provisioning begins.
    provision: 'curl -sf http://server/ >/root/answer && iptables -P FORWARD DROP && iptables -A FORWARD -j ACCEPT',
  },
  server: {
    interfaces: { eth0: { link: 'wan', addresses: ['172.20.1.2/24', 'fd00:20::2/64'] } },
    routes: [
      { to: 'default', via: '172.20.1.1' },
      { to: 'default', via: 'fd00:20::1' },
    ],
    services: [
      { type: 'http' as const, port: 80, text: 'hello "there"' },
      { type: 'tcp-echo' as const, port: 7 },
      { type: 'udp-echo' as const, port: 7 },
      { type: 'tcp-mute' as const, port: 81 },
      { type: 'command' as const, name: 'beat', command: 'exec sleep 4321' },
    ],
  },
  one: { interfaces: { eth0: { link: 'segment', addresses: ['10.9.0.1/24'] } } },
  two: { interfaces: { eth0: { link: 'segment', addresses: ['10.9.0.2/24'] } } },
  three: { interfaces: { eth0: { link: 'segment', addresses: ['10.9.0.3/24'] } } },
};

describe('a topology of wires and a segment', () => {
  let lab: RunningLab;
  const stdout = async (node: string, script: string) => {
    const result = await lab.inNode(node, script);
    expect(result).toMatchObject({ exitCode: 0 });
    return result.stdout;
  };
  beforeAll(async () => {
    lab = await startRunningLab(nodes);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test('is routed from end to end, in both families and by name', async () => {
    await stdout('client', 'ping -c1 -W2 server && ping -6 -c1 -W2 server && ping -c1 -W2 172.20.1.2');
    await stdout('one', 'ping -c1 -W2 two && ping -c1 -W2 three');
    await stdout('three', 'ping -c1 -W2 one');
  });

  test('has the interfaces that the lab names, up, with its MTU and nothing else', async () => {
    expect((await stdout('router', 'ip -br link | cut -d" " -f1')).trim().split('\n')).toEqual([
      'lo',
      expect.stringMatching(/^lan@/),
      expect.stringMatching(/^wan@/),
    ]);
    expect(await stdout('router', 'cat /sys/class/net/wan/mtu')).toBe('1400\n');
    expect(await stdout('router', 'ip -6 address | grep -c tentative || true')).toBe('0\n');
  });

  test('has sysctls of the kernel, not of the host, where the lab says nothing', async () => {
    const names = 'net.ipv4.ip_forward net.ipv4.conf.all.rp_filter net.ipv4.conf.eth0.rp_filter';
    expect(await stdout('client', `sysctl -n ${names}`)).toBe('0\n0\n0\n');
    expect(await stdout('router', 'sysctl -n net.ipv4.ip_forward')).toBe('1\n');
  });

  test('says who it is', async () => {
    expect(await stdout('router', 'hostname; cat /etc/hostname')).toBe('router\nrouter\n');
    expect(await stdout('router', 'cat /root/notes/first.txt /etc/motd')).toBe("kept\nit's here\n");
  });

  test('provisioning found the others there', async () => {
    expect(JSON.parse(await stdout('router', 'cat /root/answer'))).toMatchObject({ node: 'server' });
    expect(await stdout('router', 'iptables -S')).toContain('-P FORWARD DROP');
  });

  test('http says who it is and whom it saw, in both families, on a kept connection', async () => {
    const answer = { node: 'server', port: 80, text: 'hello "there"' };
    expect(JSON.parse(await stdout('client', 'curl -sf http://172.20.1.2/'))).toEqual({
      ...answer,
      client: '10.3.7.2',
    });
    const six = await stdout('client', 'curl -sf http://[fd00:20::2]/ http://[fd00:20::2]/x');
    expect(
      six
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { ...answer, client: 'fd00:7::2' },
      { ...answer, client: 'fd00:7::2' },
    ]);
    expect(await stdout('client', 'curl -sfI http://server/; curl -sf -d some=thing http://server/')).toContain(
      '200 OK',
    );
  });

  test('the echoes echo, and the mute one lets a caller wait', async () => {
    expect(await stdout('client', 'echo tcp | nc -N -w2 172.20.1.2 7; echo udp | nc -u -w1 172.20.1.2 7')).toBe(
      'tcp\nudp\n',
    );
    const mute = await lab.inNode('client', 'curl -s --connect-timeout 1 http://server:81/');
    expect(mute.exitCode).toBe(28);
    expect(await stdout('server', 'ss -Htln sport = :81')).toContain('LISTEN');
  });

  test("a lab's own service runs", async () => {
    expect(await stdout('server', 'pgrep -fx "sleep 4321"')).toMatch(/^\d+\n$/);
  });

  test('exec passes status, user and folder', async () => {
    expect((await lab.inNode('client', 'exit 7')).exitCode).toBe(7);
    expect(await stdout('client', 'pwd; id -u; echo $HOME')).toBe('/root\n0\n/root\n');
  });

  test('nothing else runs in a node, and orphans are reaped', async () => {
    await stdout('client', '(sleep 0.01 &) ; (true &)');
    const zombies = await stdout('client', 'until ! ps -eo stat | grep -q Z; do :; done; ps -eo args=');
    expect(zombies.split('\n')[0]).toBe('sleep infinity');
  });

  test('a restarted node has lost its rules and kept its files; its neighbours have kept everything', async () => {
    await stdout(
      'router',
      'iptables -A INPUT -p tcp --dport 9 -j DROP; sysctl -qw net.ipv4.ip_forward=0; touch /root/mine /run/gone',
    );
    await stdout('router', 'echo changed >/root/notes/first.txt; nohup sleep 999 >/dev/null 2>&1 &');
    await stdout('client', 'ip address add 10.3.7.77/24 dev eth0; iptables -A INPUT -i eth0 -p tcp --dport 9 -j DROP');
    const before = await stdout('client', 'ip -br address; ip route; iptables-save | grep -v ^#');
    await lab.restart('router');
    expect(await stdout('client', 'ip -br address; ip route; iptables-save | grep -v ^#')).toBe(before);
    expect(await stdout('router', 'iptables -S')).toBe(
      '-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n-A FORWARD -j ACCEPT\n',
    );
    expect(await stdout('router', 'cat /root/notes/first.txt; ls /root/mine; ls /run/gone 2>&1 || true')).toContain(
      'changed',
    );
    expect(await stdout('router', 'pgrep -c sleep')).toBe('1\n');
    await stdout('client', 'ping -c1 -W2 server && curl -sf http://server/');
  });

  test('a restart mends a link that the learner removed', async () => {
    await stdout('router', 'ip link delete lan; ip link set wan down; ip link set wan name uplink');
    await lab.restart('router');
    await stdout('client', 'ping -c1 -W2 server && ping -6 -c1 -W2 server');
    await stdout('two', 'ip link delete eth0');
    await lab.restart('two');
    await stdout('two', 'ping -c1 -W2 three');
  });

  test('a restart of a node that is not there is refused', async () => {
    await expect(lab.restart('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('namespaces are named as the nodes are', async () => {
    const names = (await lab.outside('ls /run/netns')).stdout.trim().split('\n');
    expect(names).toEqual(['_segments', ...Object.keys(nodes)].sort());
    expect((await lab.outside(`ls ${layout.node('client')}`)).stdout).not.toContain('status');
  });
});

describe('a topology that cannot be built', () => {
  const failure = async (parts: Parameters<typeof startRunningLab>[0]): Promise<HookpointError> => {
    try {
      await using _lab = await startRunningLab(parts);
    } catch (error) {
      return error as HookpointError;
    }
    throw new Error('it was built');
  };
  test('a provisioning script that fails is named with its status and what it printed', async () => {
    const error = await failure({ good: {}, bad: { provision: 'echo one; iptables -A NOWHERE -j ACCEPT' } });
    expect(error).toMatchObject({ code: 'PROVISIONING_FAILED', exitCode: 3 });
    expect(error.message).toMatch(/node bad ended with status \d+\. It printed:\none\n.*No chain/s);
  });
  test('exit in a provisioning script is its end, not the lab’s', async () => {
    expect((await failure({ bad: { provision: 'echo no; exit 9' } })).message).toMatch(/status 9.*no/s);
    await using lab = await startRunningLab({ good: { provision: 'touch /root/done; exit 0' } });
    expect((await lab.inNode('good', 'ls /root')).stdout).toBe('done\n');
  });
  test('a sysctl that is not there', async () => {
    const error = await failure({ host: { sysctls: { 'net.ipv4.no_such_thing': 1 } } });
    expect(error).toMatchObject({ code: 'NODE_FAILED' });
    expect(error.message).toContain('net.ipv4.no_such_thing');
  });
  test('a service whose port is taken', async () => {
    const twice = { type: 'tcp-echo' as const, port: 7, address: '127.0.0.1' };
    const error = await failure({ host: { services: [twice, twice] } });
    expect(error).toMatchObject({ code: 'NODE_FAILED' });
    expect(error.message).toMatch(/tcp-echo on 127\.0\.0\.1 port 7: Address already in use/);
  });
  test('a node whose boot is killed', async () => {
    const error = await failure({ host: { provision: 'kill -9 $PPID' } });
    expect(error).toMatchObject({ code: 'NODE_FAILED' });
  });
});
