import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { readTimeline } from '../../engine/observe/read-timeline.ts';
import { openShell } from '../../engine/observe/resident-shell.ts';
import type { Timeline } from '../../engine/observe/timeline.ts';
import type { Container, ContainerRuntime } from '../../engine/runtime/container.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { execArgv } from '../../engine/topology/index.ts';
import { connectTo } from '../contract/carried-clients.ts';
import { runCli, startCli } from './cli.ts';
import { startServe } from './served.ts';
import { containersOf, startSession } from './session-containers.ts';

/** What is killed, with SIGKILL, at a random moment while a learner works and somebody looks. */
export const victims = ['engine', 'command', 'shell', 'recorder', 'follower', 'container'] as const;
export type Victim = (typeof victims)[number];

export interface FaultOptions {
  readonly runtime: ContainerRuntime;
  /** A data folder of this campaign's own. */
  readonly home: string;
  readonly rounds: number;
  /** From 0 to 1, the same for the same seed. */
  readonly random: () => number;
  /** `hit`: there was such a process at that moment. */
  readonly told?: (round: number, victim: Victim, hit: boolean) => void;
}

const lab = 'netfilter/masquerade';
/** A node of the lab whose rules the campaign changes. */
const node = 'router';
/** Programs of ours that must not outlive who started them. */
const guests = '[t]imeline_follow.py|[p]acket_trace.py|[t]erminal.py|[p]robe.*.py';
const soon = 20_000;

/**
 * Works in a lab and kills parts of Hookpoint at random moments, round after round. Each time it must go on: nothing of ours is left in the nodes
 * or beside them, the database is whole, the session answers or resumes, and every rule that was made is on the timeline. Throws what is not so.
 */
export async function runFaults({ runtime, home, rounds, random, told }: FaultOptions): Promise<void> {
  const session = await startSession(home, lab, '--seed', '1');
  let since = 0;
  for (let round = 0; round < rounds; round++) {
    const victim = pick(victims, random);
    const container = await containerOf(runtime, home);
    const hit = await struck({ container, home, session, round, victim, random });
    told?.(round, victim, hit);
    if (victim === 'container') {
      await resumed(home, session);
      since = round + 1;
    }
    const now = await containerOf(runtime, home);
    await nothingIsLeft(now);
    isWhole(home, session);
    await answers(home, session);
    await onTimeline(now, since, round);
  }
}

interface Blow {
  readonly container: Container;
  readonly home: string;
  readonly session: string;
  readonly round: number;
  readonly victim: Victim;
  readonly random: () => number;
}

/** An engine that serves, a window that follows, a command that is under way, rules that come: then one of them is killed. */
async function struck({ container, home, session, round, victim, random }: Blow): Promise<boolean> {
  const served = await startServe({ home });
  const commands = [
    ['check', session],
    ['trace', session, '--from', 'client', '--to', 'server', '--tcp', '80'],
    ['state', session, '--node', node],
    ['timeline', session],
  ];
  const command = startCli([...pick(commands, random), '--json'], { home });
  const window = follow(served, session);
  const worked = container.exec(execArgv(node, ['bash', '-c', rulesOf(round)]), { timeout: soon }).catch(() => null); // its container may be the victim
  await delay(random() * (victim === 'command' ? 400 : 1200));
  let hit = true;
  if (victim === 'engine') await served.kill();
  else if (victim === 'command') hit = command.child.kill('SIGKILL');
  else if (victim === 'container') await container.remove();
  else hit = (await container.exec(['bash', '-c', kill(processes[victim])])).exitCode === 0;
  await worked;
  const { exitCode, stderr } = await command.ended;
  if (/INTERNAL|fault in Hookpoint/.test(stderr)) throw new Error(`a command called it a fault of its own: ${stderr}`);
  if (exitCode === null && victim !== 'command') throw new Error(`a command died with the ${victim}`);
  await window;
  await served[Symbol.asyncDispose]();
  return hit;
}

const processes = {
  shell: '[r]ead -r nonce length',
  recorder: '[r]ecorder.py',
  follower: '[t]imeline_follow.py',
} as const;

/** As soon as there is one. */
const kill = (pattern: string): string =>
  `for i in {1..50}; do pkill -9 -f '${pattern}' && exit; sleep 0.02; done; exit 1`;

/** A rule that stays and one that comes and goes. */
const rulesOf = (round: number): string =>
  [
    `iptables -A FORWARD -m comment --comment stays-${round} -j RETURN`,
    `iptables -I INPUT -m comment --comment goes-${round} -j RETURN`,
    'sleep 0.05',
    'iptables -D INPUT 1',
  ].join('; ');

/** As a window does, until it is told no more. */
async function follow(served: Parameters<typeof connectTo>[0], session: string): Promise<void> {
  const left = AbortSignal.timeout(1500);
  try {
    const { client } = await connectTo(served)();
    for await (const _ of await client.lab.live({ session }, { signal: left }));
  } catch {
    // Its engine, its container or its own time ended: what matters is what is left behind.
  }
}

async function resumed(home: string, session: string): Promise<void> {
  const { exitCode, stderr } = await runCli(['start', '--resume', session, '--json'], { home });
  if (exitCode !== 0) throw new Error(`the session does not resume: ${stderr}`);
}

async function containerOf(runtime: ContainerRuntime, home: string): Promise<Container> {
  const containers = await containersOf(runtime, home);
  const [state] = containers;
  if (state === undefined || containers.length > 1) throw new Error(`${containers.length} containers stand there`);
  return runtime.container(state.id);
}

async function nothingIsLeft(container: Container): Promise<void> {
  const look = `pgrep -af '${guests}'; for n in /run/netns/[a-z]*; do nsenter --net=$n nft list tables | grep -vE '^table ip6? (raw|mangle|nat|filter|security)$'; done; true`;
  const deadline = performance.now() + soon;
  for (;;) {
    const { stdout } = await container.exec(['bash', '-c', look]);
    if (stdout.trim() === '') return;
    if (performance.now() > deadline) throw new Error(`left behind:\n${stdout}`);
    await delay(200);
  }
}

function isWhole(home: string, session: string): void {
  const database = new DatabaseSync(findHome({ HOOKPOINT_HOME: home }).database, { readOnly: true });
  try {
    const { integrity_check: integrity } = database.prepare('pragma integrity_check').get() ?? {};
    if (integrity !== 'ok') throw new Error(`the database is broken: ${integrity}`);
    const { status } = database.prepare('select status from sessions where id = ?').get(session) ?? {};
    if (status !== 'running') throw new Error(`the session stands as ${status} in the database`);
  } finally {
    database.close();
  }
}

async function answers(home: string, session: string): Promise<void> {
  const { exitCode, stdout, stderr } = await runCli(['check', session, '--json'], { home });
  const report: { criteria?: { id: string; verdict: string }[] } = exitCode === 1 ? JSON.parse(stdout) : {};
  const doubtful = report.criteria?.filter(({ verdict }) => verdict === 'could-not-check');
  // A recorder that was killed leaves a gap, and what rests on it is unknown: that is no failure.
  if (exitCode !== 1 && exitCode !== 3) throw new Error(`check ended with ${exitCode}: ${stderr}`);
  if (doubtful === undefined && exitCode === 1) throw new Error('check gave no report');
}

/** Every rule that was made in this container is there now, in the kernel and on the timeline. */
async function onTimeline(container: Container, from: number, to: number): Promise<void> {
  await using shell = await openShell(container);
  const timeline = await readTimeline(shell.run);
  const { stdout } = await shell.run(`nsenter --net=/run/netns/${node} iptables-save -t filter`);
  for (let round = from; round <= to; round++) {
    for (const name of [`stays-${round}`, `goes-${round}`]) {
      if (!wasThere(timeline, name) && stdout.includes(`stays-${round}`) && timeline.gaps.length === 0)
        throw new Error(`${name} is not on the timeline, and no gap says why`);
    }
  }
  const last = timeline.states.at(-1)?.nodes[node]?.rulesets.find(({ family }) => family === 'ipv4');
  const filter = last?.ruleset.tables.find(({ name }) => name === 'filter');
  const seen = filter?.chains.find(({ name }) => name === 'FORWARD')?.rules.length;
  const real = stdout.split('\n').filter((line) => line.startsWith('-A FORWARD')).length;
  if (seen !== real) throw new Error(`the timeline ends with ${seen} rules in FORWARD, the kernel has ${real}`);
}

const wasThere = (timeline: Timeline, name: string): boolean =>
  timeline.states.some((state) =>
    state.nodes[node]?.rulesets.some(({ ruleset }) =>
      ruleset.tables.some(({ chains }) =>
        chains.some(({ rules }) => rules.some(({ words }) => words.some((word) => word.includes(name)))),
      ),
    ),
  );

function pick<Value>(values: readonly Value[], random: () => number): Value {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}
