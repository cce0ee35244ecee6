import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { removeCheckpoint } from '../../engine/sessions/checkpoints/remove.ts';
import { saveCheckpoint } from '../../engine/sessions/checkpoints/save.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { findAnySession, findSession } from '../../engine/sessions/session.ts';
import { type CheckpointReason, type CheckpointRow, openStore } from '../../engine/sessions/store.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { leftText } from '../output/left-out.ts';
import { momentText, sizeText } from '../output/moment.ts';
import { notice, print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { plain, textWidth } from '../output/text.ts';

interface Options {
  readonly list?: boolean;
  readonly remove?: boolean;
  readonly json?: boolean;
}

export function checkpointCommand(): Command {
  return new Command('checkpoint')
    .argument('<session>', 'its id, or what begins it')
    .argument('[name]', 'letters, digits, dots, hyphens, underscores; left out: checkpoint-1, checkpoint-2, ...')
    .option('-l, --list', 'list what was saved, newest first')
    .option('--remove', 'remove the checkpoint of that name')
    .option('--json', 'print the checkpoint, or the list, as JSON')
    .addHelpText(
      'after',
      `
A checkpoint holds of every node its files, rules with their counters (nft and legacy, IPv4 and IPv6), nft's own tables, ipsets, sysctls,
addresses, routes and policy rules. It does not hold processes, connections (conntrack) or what is in /run, /tmp on a tmpfs and /dev.

Examples:
  hookpoint checkpoint masquerade-7k2f before-lunch
  hookpoint checkpoint masquerade-7k2f --list
  hookpoint checkpoint masquerade-7k2f before-lunch --remove`,
    )
    .action(async (text: string, name: string | undefined, options: Options) => {
      if (options.list && (name !== undefined || options.remove)) {
        throw new HookpointError('USAGE', '--list takes no name.', { remedy: 'Leave the name and --remove out.' });
      }
      if (options.list) return list(text, options);
      if (options.remove) return remove(text, name, options);
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const saved = await saveCheckpoint(workspace, findSession(workspace.store, text), name, signal);
      for (const line of leftText('Not in it', saved.leftOut)) notice(line);
      if (options.json) printJson(checkpointJson(saved));
      else print(`Saved ${saved.name} of ${saved.session} (${sizeText(saved.bytes)}).`);
    });
}

function list(text: string, options: Options): void {
  using store = openStore(findHome());
  const session = findAnySession(store, text);
  const all = store.checkpoints(session.id);
  if (options.json) printJson({ session: session.id, checkpoints: all.map(checkpointJson) });
  else if (all.length === 0) print(`${session.id} has no checkpoint.`);
  else {
    const rows = all.map((one) => [
      one.name,
      momentText(one.time),
      sizeText(one.bytes),
      reasons[one.reason ?? 'asked'],
    ]);
    print(table([['NAME', 'SAVED', 'SIZE', 'WHY'], ...rows], { width: textWidth() }));
  }
}

function remove(text: string, name: string | undefined, options: Options): void {
  if (name === undefined) {
    throw new HookpointError('USAGE', 'Say which checkpoint to remove.', {
      remedy: `\`hookpoint checkpoint ${plain(text)} --list\` lists them.`,
    });
  }
  const home = findHome();
  using store = openStore(home);
  const removed = removeCheckpoint({ home, store }, findAnySession(store, text), name);
  if (options.json) printJson(checkpointJson(removed));
  else print(`Removed ${removed.name} of ${removed.session}.`);
}

const reasons: Readonly<Record<CheckpointReason | 'asked', string>> = {
  asked: 'asked for',
  stop: 'the session was stopped',
  time: 'by itself, in between',
  restore: 'before something else was brought back',
};

function checkpointJson({ session, name, time, bytes, reason, leftOut }: CheckpointRow) {
  return {
    session,
    name,
    time: new Date(time * 1000).toISOString(),
    bytes,
    automatic: reason !== null,
    reason,
    leftOut,
  };
}
