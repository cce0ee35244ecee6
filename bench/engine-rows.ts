import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openShell } from '../engine/observe/resident-shell.ts';
import { snapshotNodes } from '../engine/observe/snapshot-nodes.ts';
import { layout } from '../engine/runtime/layout.ts';
import { findLab } from '../engine/sessions/catalog.ts';
import { checkSession } from '../engine/sessions/check.ts';
import { startSession } from '../engine/sessions/start.ts';
import { stopSession } from '../engine/sessions/stop.ts';
import type { SessionRow } from '../engine/sessions/store.ts';
import { openWorkspace, type Workspace } from '../engine/sessions/workspace.ts';
import { execArgv } from '../engine/topology/index.ts';
import { against, type Bench, compare, type Figures, median, milliseconds } from './measure.ts';

const run = promisify(execFile);
const runs = 7;

/** Rows about a lab's life: start, stop, snapshot, check. Three nodes each time. */
export async function engineRows(bench: Bench): Promise<void> {
  await using workspace = await openWorkspace();
  const image = await workspace.runtime.ensureImage({});
  const floor = floorOf(workspace, image);
  await bench.row('start three nodes until curl is answered', () =>
    compare(1.2, runs, () => startOnce(workspace), floor.start),
  );
  await bench.row('stop', () => compare(1.3, runs, () => stopOnce(workspace), floor.stop));
  await bench.row('snapshot of three nodes, against the raw commands', async () => {
    const session = await start(workspace, 'bench/three-nodes');
    try {
      await using shell = await openShell(workspace.runtime.container(session.container));
      const nodes = ['client', 'router', 'server'];
      const raw = nodes.map((node) => rawCommands(node)).join('\n');
      return await compare(
        2,
        runs * 3,
        () => milliseconds(() => snapshotNodes(shell.run, nodes)),
        () => milliseconds(() => shell.run(raw)),
      );
    } finally {
      await stopSession(workspace, session);
    }
  });
  await bench.row('check of five criteria, against 300 ms', async () => {
    const session = await start(workspace, 'netfilter/observe');
    try {
      const limit = async () => 300;
      return await compare(1, runs, () => milliseconds(() => checkSession(workspace, session)), limit);
    } finally {
      await stopSession(workspace, session);
    }
  });
  await bench.row(`memory of one of ${labsAtOnce} labs at once`, () => manyLabs(workspace));
}

/** Labs that run at once, and what each may take (anonymous memory, as its cgroup counts it). */
const labsAtOnce = 40;
const megabytesOfALab = 16;

/** Starts many labs one after another and reads what each holds when all of them run. */
async function manyLabs(workspace: Workspace): Promise<Figures> {
  const sessions: SessionRow[] = [];
  try {
    while (sessions.length < labsAtOnce) sessions.push(await start(workspace, 'bench/three-nodes'));
    const megabytes = await Promise.all(
      sessions.map(async ({ container }) => {
        const file = 'cat /sys/fs/cgroup/memory/memory.stat 2>/dev/null || cat /sys/fs/cgroup/memory.stat';
        const { stdout } = await workspace.runtime.container(container).exec(['sh', '-c', file]);
        return Number(/^(?:total_rss|anon) (\d+)$/m.exec(stdout)?.[1]) / 2 ** 20;
      }),
    );
    return against(megabytesOfALab, median(megabytes), labsAtOnce, 'MB');
  } finally {
    for (const session of sessions) await stopSession(workspace, session);
  }
}

async function start(workspace: Workspace, lab: string): Promise<SessionRow> {
  const path = lab.startsWith('bench/') ? join(import.meta.dirname, 'pack', lab.slice('bench/'.length)) : lab;
  const started = await startSession(workspace, await findLab(workspace.home, path), { seed: 1, hostLog: false });
  return started.session;
}

/** From the request until the lab's own client has had its answer, as a learner would see it. */
async function startOnce(workspace: Workspace): Promise<number> {
  let session: SessionRow | undefined;
  const elapsed = await milliseconds(async () => {
    session = await start(workspace, 'bench/three-nodes');
    const curl = execArgv('client', ['curl', '-s', '-o', '/dev/null', 'http://10.9.2.2/']);
    const { exitCode } = await workspace.runtime.container(session.container).exec(curl);
    if (exitCode !== 0) throw new Error(`the lab's client had no answer: curl ended with ${exitCode}`);
  });
  if (session !== undefined) await stopSession(workspace, session);
  return elapsed;
}

async function stopOnce(workspace: Workspace): Promise<number> {
  const session = await start(workspace, 'bench/three-nodes');
  return milliseconds(() => stopSession(workspace, session));
}

function floorOf(workspace: Workspace, image: string) {
  const script = join(import.meta.dirname, 'floor.sh');
  const name = `hookpoint-bench-${process.pid}`;
  // Asked each time: what the engine refuses is known after the first start.
  const privileges = () =>
    workspace.runtime.privileges === 'privileged'
      ? ['--privileged']
      : [
          ...['--cap-add', 'ALL', '--cap-drop', 'SYS_RESOURCE'],
          ...['seccomp', 'apparmor', 'systempaths'].flatMap((what) => ['--security-opt', `${what}=unconfined`]),
        ];
  const up = () => run('bash', [script, name, image, '--label', `dev.hookpoint.bench=${process.pid}`, ...privileges()]);
  const down = () => run('docker', ['rm', '-f', name]);
  const timed = async (first: () => Promise<unknown>, second: () => Promise<unknown>, count: 'first' | 'second') => {
    const one = await milliseconds(first);
    const two = await milliseconds(second);
    return count === 'first' ? one : two;
  };
  return { start: () => timed(up, down, 'first'), stop: () => timed(up, down, 'second') };
}

/** What the snapshot reads, as one would type it. */
function rawCommands(node: string): string {
  const enter = `nsenter --net=${layout.netns(node)}`;
  return [
    `${enter} iptables-save -c`,
    `${enter} ip6tables-save -c`,
    `${enter} nft -a list ruleset`,
    `${enter} ip -j address`,
    `${enter} ip -j route show table all`,
    `${enter} ss -Hlntu`,
    `${enter} conntrack -L 2>/dev/null`,
  ].join('\n');
}
