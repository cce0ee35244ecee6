import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { findLab } from '../../engine/sessions/catalog.ts';
import { guideValues } from '../../engine/sessions/guide-values.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { findAnySession } from '../../engine/sessions/session.ts';
import { resumeSession, type Started, startSession } from '../../engine/sessions/start.ts';
import type { CheckpointRow } from '../../engine/sessions/store.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { commandName } from '../command-name.ts';
import { consentToHostLog } from '../host-log-consent.ts';
import { interruptSignal } from '../interrupt.ts';
import { coloursFor } from '../output/colour.ts';
import { momentText } from '../output/moment.ts';
import { notice, print, printJson } from '../output/print.ts';
import { openProgress } from '../output/progress.ts';
import { questionText } from '../output/questions.ts';
import { table } from '../output/table.ts';
import { paragraphs, plain, textWidth, wrap } from '../output/text.ts';
import { wholeNumber } from '../whole-number.ts';

interface Options {
  readonly seed?: number;
  readonly resume?: string;
  readonly checkpoint?: string;
  readonly fresh?: boolean;
  readonly hostLog?: boolean;
  readonly record: boolean;
  readonly json?: boolean;
}

export function startCommand(): Command {
  return new Command('start')
    .argument('[lab]', 'PACK/LAB, or the path of a lab')
    .option('--seed <n>', "draw the lab's values from this number; the same seed gives the same lab", wholeNumber)
    .option('--resume <session>', 'start a lost or stopped session again where its newest checkpoint left it')
    .option('--checkpoint <name>', 'with --resume: from this checkpoint')
    .option('--fresh', "with --resume: from the lab's start, with the same values")
    .option('--host-log', 'allow log lines of containers in the kernel log, without asking')
    .option('--no-host-log', 'do not; criteria on log lines could then not be checked')
    .option('--no-record', 'keep no recording of the terminals of this session')
    .option('--json', 'print the session as JSON')
    .addHelpText(
      'after',
      `
Examples:
  hookpoint start netfilter/redirect
  hookpoint start netfilter/counters --seed 7 --json
  hookpoint start --resume redirect-7k2f
  hookpoint start --resume redirect-7k2f --fresh`,
    )
    .action(async (lab: string | undefined, options: Options) => {
      if ((lab === undefined) === (options.resume === undefined)) {
        throw new HookpointError('USAGE', 'Say which lab to start, or which session to resume: one of the two.', {
          remedy: '`hookpoint labs` lists the labs, `hookpoint sessions --all` the sessions.',
        });
      }
      if (options.resume !== undefined && options.seed !== undefined) {
        throw new HookpointError('USAGE', 'A session is resumed with its own seed.', { remedy: 'Leave --seed out.' });
      }
      const chooses = options.checkpoint !== undefined || options.fresh === true;
      if (chooses && (options.resume === undefined || (options.checkpoint !== undefined && options.fresh === true))) {
        throw new HookpointError(
          'USAGE',
          '--checkpoint and --fresh say where --resume begins: one of them, and with it.',
          {
            remedy: 'For example `hookpoint start --resume SESSION --fresh`.',
          },
        );
      }
      const started = lab === undefined ? await resume(options.resume ?? '', options) : await start(lab, options);
      if (started.hostLogFailure)
        notice(wrap(`Log lines cannot be graded here: ${started.hostLogFailure.message}`, textWidth(process.stderr)));
      if (options.json) printJson(startedJson(started));
      else print(startedText(started, await guideValues(started.session), options.resume !== undefined));
    });
}

async function start(text: string, options: Options): Promise<Started> {
  const signal = interruptSignal();
  // A lab that is wrong is told before Docker is asked for anything.
  const found = await findLab(findHome(), text);
  await using workspace = await openWorkspace({ signal });
  const hostLog = await consentToHostLog(workspace.store, found.lab.summary.needs, options.hostLog);
  using progress = openProgress();
  const request = { seed: options.seed, hostLog, record: options.record };
  return await startSession(workspace, found, request, { signal, progress: progress.report });
}

async function resume(text: string, options: Options): Promise<Started> {
  const signal = interruptSignal();
  await using workspace = await openWorkspace({ signal });
  const session = findAnySession(workspace.store, text);
  const hostLog = await consentToHostLog(workspace.store, session.instance.needs, options.hostLog);
  using progress = openProgress();
  return await resumeSession(
    workspace,
    session,
    { hostLog, checkpoint: options.checkpoint, afresh: options.fresh },
    { signal, progress: progress.report },
  );
}

function startedJson({ session, elapsedMs, checkpoint }: Started) {
  const nodes = Object.keys(session.instance.topology.nodes).map((name) => ({ name }));
  const lab = `${session.pack}/${session.lab}`;
  return {
    session: session.id,
    lab,
    seed: session.seed,
    params: session.instance.params,
    nodes,
    elapsedMs,
    ...(checkpoint ? { checkpoint: checkpoint.name } : {}),
  };
}

function goesOn({ name, time }: CheckpointRow): string {
  return `It goes on from the checkpoint ${name} of ${momentText(time)}. Processes were started anew; connections are gone.`;
}

type Value = readonly [name: string, value: string];

function startedText({ session, elapsedMs, checkpoint }: Started, shown: readonly Value[], resumed: boolean): string {
  const colours = coloursFor(process.stdout);
  const { id, instance } = session;
  const nodes = Object.keys(instance.topology.nodes);
  const seconds = (elapsedMs / 1000).toFixed(1);
  const question = instance.questions[0]?.id;
  const hookpoint = commandName();
  const values = shown.map(([name, value]) => [`  ${name}`, plain(value)]);
  const width = textWidth();
  const next = [
    [`  ${hookpoint} guide ${id}`, 'read the guide, with your values'],
    ...nodes.slice(0, 3).map((node) => [`  ${hookpoint} shell ${id} ${node}`, `work on ${node}`]),
    ...(question ? [[`  ${hookpoint} answer ${id} ${question} VALUE`, 'answer a question']] : []),
    ...(instance.hints.length > 0 ? [[`  ${hookpoint} hint ${id}`, 'a hint, where you are stuck']] : []),
    [`  ${hookpoint} check ${id}`, 'see your marks, as often as you like'],
    [`  ${hookpoint} stop ${id}`, 'end it'],
  ];
  return [
    wrap(`${colours.green('Started')} ${colours.bold(id)} in ${seconds} s: ${plain(instance.title)}`, width),
    ...(resumed
      ? [wrap(checkpoint ? goesOn(checkpoint) : 'It begins anew: files and rules of before are gone.', width)]
      : []),
    wrap(plain(paragraphs(instance.summary)), width),
    wrap(`Nodes: ${nodes.join(', ')}   Seed: ${session.seed}`, width),
    ...(values.length > 0 ? ['Values:', table(values)] : []),
    ...(instance.questions.length > 0
      ? ['Questions:', ...instance.questions.map((question) => questionText(question, colours, width))]
      : []),
    'What to type next:',
    table(next, { width }),
  ].join('\n');
}
