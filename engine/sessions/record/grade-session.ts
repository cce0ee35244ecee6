import { randomUUID } from 'node:crypto';
import type { SnapshotSection } from '../../observe/snapshot.ts';
import { instantiate, type LabInstance, packDigest, secondsSince } from '../../packs/index.ts';
import { execArgv } from '../../topology/index.ts';
import { answerNow } from '../answer.ts';
import type { FoundLab } from '../catalog.ts';
import { gatherNow, judgeLab } from '../check.ts';
import type { GradedReport } from '../grade.ts';
import { restoreHostLog } from '../host-log.ts';
import type { LabRunnerOptions } from '../lab-runner.ts';
import { type Launched, launch } from '../launch.ts';
import { lock } from '../lock.ts';
import type { AnswerRow, Snapshots } from '../store.ts';
import { openWorkspace } from '../workspace.ts';
import { trafficScripts } from './claimed-traffic.ts';
import { atItsBest, withDoubts } from './doubted-evidence.ts';
import { type FileState, type FileStates, statesOf } from './file-states.ts';
import { loadScript } from './load-script.ts';
import type { SessionFile } from './session-file.ts';

/** Milliseconds that one state may take to be loaded, or its packets to be sent. */
const patience = 60_000;

/**
 * Grades a session that somebody handed in as a file: a fresh lab with its seed is taken through the states that the file tells of, by the learner's
 * own means; what it says was sent is sent again, its answers are given at their time, and the lab is graded as any other. So a file earns what its
 * states earn in a real kernel, and nothing that it merely claims. BAD_INPUT for a file that cannot be rebuilt.
 */
export async function gradeSessionFile(
  found: FoundLab,
  { file, session }: { readonly file: string; readonly session: SessionFile },
  options: LabRunnerOptions,
): Promise<GradedReport> {
  const { signal } = options;
  const instance = instantiate(found.lab, session.manifest.seed);
  const told = statesOf(session, instance);
  const remarks = [...remarksOf(told), ...(await digestRemarks(found, session))];
  await using workspace = await openWorkspace(signal ? { signal } : {});
  const id = `${instance.id}-file-${randomUUID().slice(0, 8)}`;
  using _held = await lock(workspace.home, id, { signal });
  try {
    const request = { id, instance, version: 'run', hostLog: options.hostLog };
    const launched = await launch(workspace, request, { signal, progress: options.progress });
    try {
      const begin = performance.now();
      options.progress?.({ stage: 'Rebuilding the session' });
      const rebuilt = await new Rebuilding(launched, instance, session, options).run(told.states);
      const seconds = secondsSince(begin);
      options.progress?.({ stage: 'Grading' });
      const { baseline, hostLog, shell } = launched;
      const evidence = await gatherNow(
        { id, instance, baseline, answers: rebuilt.answers, hostLog },
        shell.run,
        signal,
      );
      const best = atItsBest(evidence, instance, rebuilt.left);
      const report = withDoubts(judgeLab(instance, evidence), judgeLab(instance, best));
      const of = { file, seed: session.manifest.seed, pack: instance.pack, packVersion: found.version };
      const work = { ...of, seconds, scripts: [], failures: rebuilt.failures, remarks };
      return { ...report, work };
    } finally {
      await launched.container.remove();
      await Promise.allSettled([launched.shell[Symbol.asyncDispose]()]); // its container is gone: nothing is left to say
    }
  } finally {
    await restoreHostLog(workspace);
  }
}

/** Failures that are told; the rest of a file that is all wrong says no more. */
const mostFailures = 20;

class Rebuilding {
  readonly #launched: Launched;
  readonly #instance: LabInstance;
  readonly #session: SessionFile;
  readonly #signal: AbortSignal | undefined;
  readonly #options: LabRunnerOptions;
  readonly #left = new Map<string, Set<SnapshotSection>>();
  readonly #failures: string[] = [];
  readonly #answers: AnswerRow[] = [];

  constructor(launched: Launched, instance: LabInstance, session: SessionFile, options: LabRunnerOptions) {
    this.#launched = launched;
    this.#instance = instance;
    this.#session = session;
    this.#signal = options.signal;
    this.#options = options;
  }

  async run(states: readonly FileState[]) {
    const waiting = [...this.#session.answers].sort((a, b) => a.time - b.time);
    const give = async (before: number) => {
      for (let next = waiting[0]; next !== undefined && next.time < before; next = waiting[0]) {
        waiting.shift();
        await this.#answer(next);
      }
    };
    let nodes: Snapshots = this.#launched.baseline;
    for (const [index, state] of states.entries()) {
      this.#signal?.throwIfAborted();
      await give(state.time);
      nodes = await this.#load(nodes, state);
      await this.#send(state, nodes);
      if (index % 50 === 49) {
        this.#options.progress?.({
          stage: 'Rebuilding the session',
          detail: `${index + 1} of ${states.length} states`,
        });
      }
    }
    await give(Number.POSITIVE_INFINITY);
    return { left: this.#left, failures: this.#failures, answers: this.#answers };
  }

  async #load(from: Snapshots, { nodes: to, time }: FileState): Promise<Snapshots> {
    for (const [node, snapshot] of Object.entries(to)) {
      const before = from[node];
      if (before === undefined) continue;
      const { script, left } = loadScript(before, snapshot);
      for (const section of left) this.#leave(node, section);
      if (script === '') continue;
      const failure = await this.#inNode(node, script);
      if (failure === null) continue;
      for (const section of ['iptables', 'ipset'] as const) this.#leave(node, section);
      this.#fail(`The state of ${node} at ${new Date(time * 1000).toISOString()} could not be loaded: ${failure}`);
    }
    return { ...from, ...to };
  }

  async #send({ flows }: FileState, nodes: Snapshots): Promise<void> {
    for (const [node, script] of trafficScripts(flows, nodes)) await this.#inNode(node, script);
  }

  async #answer({ question, value }: SessionFile['answers'][number]): Promise<void> {
    const instance = this.#instance;
    if (!instance.questions.some(({ id }) => id === question)) {
      this.#fail(`The lab does not ask ${question}.`);
      return;
    }
    this.#answers.push(await answerNow(instance, question, value, this.#launched.shell.run, this.#signal));
  }

  /** As the learner of the node, with no more than a learner has. What went wrong; null where nothing did. */
  async #inNode(node: string, script: string): Promise<string | null> {
    const { exitCode, stderr } = await this.#launched.container.exec(execArgv(node, ['/bin/bash', '-s']), {
      stdin: script,
      timeout: patience,
      ...(this.#signal ? { signal: this.#signal } : {}),
    });
    return exitCode === 0 ? null : stderr.trim().slice(-300) || `exit status ${exitCode}`;
  }

  #leave(node: string, section: SnapshotSection): void {
    this.#left.set(node, (this.#left.get(node) ?? new Set()).add(section));
  }

  #fail(what: string): void {
    if (this.#failures.length < mostFailures) this.#failures.push(what);
  }
}

function remarksOf({ states, dropped, gaps }: FileStates): string[] {
  const remarks = [`${states.length} states of the file were loaded one after another, without their counters.`];
  if (dropped > 0) remarks.push(`${dropped} states between them were left out: there are too many.`);
  if (gaps) remarks.push('The file says that states were lost while it was recorded.');
  return remarks;
}

async function digestRemarks(found: FoundLab, { manifest }: SessionFile): Promise<readonly string[]> {
  if (manifest.digest === (await packDigest(found.folder))) return [];
  return [`The session was done with another edition of the pack ${manifest.pack}; it is graded by ${found.version}.`];
}
