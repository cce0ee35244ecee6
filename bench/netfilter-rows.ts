import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { analyseRulesets } from '../engine/netfilter/analyse/index.ts';
import { parsePacket, parseSave, printSave, simulate } from '../engine/netfilter/index.ts';
import { connectDocker } from '../engine/runtime/docker/connect.ts';
import { firewallRules } from './firewall-rules.ts';
import { kubeProxyRules, kubeServices } from './kube-proxy-rules.ts';
import { type Bench, compare, milliseconds } from './measure.ts';

const run = promisify(execFile);

/**
 * A thousand packets through the rules of 10,000 Services against those of 1,000: what a packet cannot touch must not cost. The first packet
 * of each, for which the index is made, is not timed.
 */
export async function explainRow(bench: Bench): Promise<void> {
  const [many, few] = [10_000, 1_000].map((count) => {
    const ruleset = parseSave(kubeProxyRules(kubeServices(count)), { family: 'ipv4' });
    return () =>
      milliseconds(async () => {
        for (let number = 0; number < 1_000; number++) {
          const address = `10.96.${(number >> 8) & 3}.${number & 255}`;
          const text = `in=eth0 out=veth0 src=10.1.0.1 dst=${address} proto=tcp sport=40000 dport=80 state=new`;
          simulate({ ruleset, packet: parsePacket(text, 'ipv4'), hook: 'prerouting', walk: 'brief' });
        }
      });
  });
  if (many === undefined || few === undefined) return;
  await bench.row('explain 1,000 packets, 10,000 Services to 1,000', () => compare(1.5, 7, many, few));
}

/** Exact analysis of a site's 5,000 rules against that of 1,250: four times the rules may cost as many pairs of rules, and no more. */
export async function analyseRow(bench: Bench): Promise<void> {
  const [many, few] = [5_000, 1_250].map((count) => {
    const ruleset = parseSave(firewallRules(count), { family: 'ipv4' });
    return () => milliseconds(async () => analyseRulesets([ruleset]));
  });
  if (many === undefined || few === undefined) return;
  await bench.row('analyse 5,000 rules, to 1,250', () => compare(16, 3, many, few));
}

/** Parsing and printing against what iptables-save and iptables-restore take for the same rules, in a namespace of a container of ours. */
export async function netfilterRows(bench: Bench): Promise<void> {
  await using runtime = await connectDocker();
  const container = await runtime.start({
    name: `hookpoint-bench-${randomUUID().slice(0, 8)}`,
    image: await runtime.ensureImage({}),
    argv: ['sleep', 'infinity'],
    hostname: 'bench',
    labels: { 'dev.hookpoint.bench': String(process.pid) },
    limits: { memoryMegabytes: 2048, pids: 100, cpus: 2 },
    tmpfs: { '/run': { megabytes: 64 }, '/tmp': { megabytes: 64 } },
    volumes: [],
  });
  try {
    for (const count of [1_000, 10_000, 50_000]) {
      await container.exec(['iptables-restore'], { stdin: rules(count) });
      const { stdout } = await container.exec(['iptables-save', '-c']);
      const runs = count > 10_000 ? 3 : 7;
      await bench.row(`parse ${count.toLocaleString('en')} rules, against iptables-save`, () =>
        compare(
          1,
          runs,
          () => milliseconds(async () => parseSave(stdout)),
          () => inside(container.id, 'iptables-save -c >/dev/null'),
        ),
      );
      const ruleset = parseSave(stdout);
      await container.exec(['tee', '/tmp/rules'], { stdin: stdout });
      await bench.row(`print ${count.toLocaleString('en')} rules, against iptables-restore -t`, () =>
        compare(
          1,
          runs,
          () => milliseconds(async () => printSave(ruleset)),
          () => inside(container.id, 'iptables-restore --test </tmp/rules'),
        ),
      );
    }
  } finally {
    await container.remove();
  }
}

/** A command's own time in milliseconds, without that of docker exec. */
async function inside(id: string, command: string): Promise<number> {
  const { stderr } = await run('docker', ['exec', id, 'bash', '-c', `TIMEFORMAT=%R; time ${command}`]);
  return Number(stderr) * 1000;
}

function rules(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
    return `-A INPUT -s ${address}/32 -i eth0 -p tcp -m tcp --dport ${1 + (index % 60_000)} -j ACCEPT`;
  });
  return [
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...lines,
    'COMMIT',
    '',
  ].join('\n');
}
