import { Command } from 'commander';
import type { NetChanges } from '../../engine/contract/procedures/timeline.ts';
import { type SessionMoment, stateAt } from '../../engine/sessions/moment.ts';
import { netChanges } from '../../engine/sessions/net-changes.ts';
import { findNode, findSession } from '../../engine/sessions/session.ts';
import { readSessionTimeline, readState } from '../../engine/sessions/state.ts';
import type { SessionRow, Snapshots } from '../../engine/sessions/store.ts';
import { openWorkspace, type Workspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { changeText, oneLine } from '../output/change-text.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { textWidth, wrap } from '../output/text.ts';
import { readMoment } from '../read-moment.ts';

interface Options {
  readonly node?: string;
  readonly from?: SessionMoment;
  readonly to?: SessionMoment;
  readonly json?: boolean;
}

export function changesCommand(): Command {
  return new Command('changes')
    .argument('[session]', 'may be left out where one session is running')
    .option('--node <node>', 'of this node alone')
    .option('--from <moment>', 'against this moment instead of the start', (text) => readMoment(text))
    .option('--to <moment>', 'as it was then instead of now', (text) => readMoment(text))
    .option('--json', 'print changes and commands as JSON')
    .addHelpText(
      'after',
      `
What did I change? What is otherwise than at the start, whatever was done and undone in between, and the commands that would make it so.
A moment is a state (12, as \`hookpoint timeline\` numbers them), a time (16:02:11) or how long ago (5m).

Examples:
  hookpoint changes
  hookpoint changes filter-3mq8 --node router
  hookpoint changes filter-3mq8 --from 12 --to 20`,
    )
    .action(async (text: string | undefined, options: Options) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const session = findSession(workspace.store, text);
      const nodes = options.node === undefined ? nodesOf(session) : [findNode(session, options.node)];
      const [before, now] = await snapshots(workspace, session, options, signal);
      const of = (all: Snapshots) => Object.fromEntries(Object.entries(all).filter(([name]) => nodes.includes(name)));
      const changes = netChanges(of(before), of(now));
      if (options.json) printJson({ session: session.id, ...changes });
      else print(netText(changes, textWidth(), coloursFor(process.stdout)) || 'Nothing is otherwise than it was.');
    });
}

const nodesOf = (session: SessionRow): readonly string[] => Object.keys(session.instance.topology.nodes);

async function snapshots(
  workspace: Workspace,
  session: SessionRow,
  { from, to }: Options,
  signal: AbortSignal,
): Promise<readonly [Snapshots, Snapshots]> {
  if (!from && !to) {
    return [workspace.store.baseline(session.id), await readState(workspace, session, nodesOf(session), signal)];
  }
  const timeline = await readSessionTimeline(workspace, session, signal);
  const before = from ? stateAt(timeline, from).nodes : workspace.store.baseline(session.id);
  const now = to ? stateAt(timeline, to) : timeline.states.at(-1);
  return [before, now?.nodes ?? {}];
}

function netText({ nodes }: NetChanges, width: number, colours: Colours): string {
  return nodes
    .map(({ node, changes, commands, untold }) =>
      [
        colours.bold(node),
        ...changes.map((change) => changeText(change, '  ', width, colours)),
        ...(commands.length > 0
          ? ['', colours.dim('  as commands'), ...commands.map((one) => `    ${oneLine(one)}`)]
          : []),
        ...(untold === null ? [] : ['', colours.yellow(wrap(oneLine(untold), width, '  '))]),
      ].join('\n'),
    )
    .join('\n\n');
}
