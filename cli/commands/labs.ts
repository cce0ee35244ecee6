import { Command } from 'commander';
import type { Pack } from '../../engine/packs/index.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { readPacksInUse } from '../../engine/sessions/read-packs.ts';
import { coloursFor } from '../output/colour.ts';
import { printError } from '../output/error.ts';
import { print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { plain, textWidth, wrap } from '../output/text.ts';

export function labsCommand(): Command {
  return new Command('labs')
    .option('--json', 'print the labs as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint labs\n  hookpoint labs --json')
    .action(async (options: { json?: boolean }) => {
      const { packs, broken } = await readPacksInUse(findHome());
      if (options.json) printJson({ labs: packs.flatMap(labsJson) });
      else print(packs.length > 0 ? packs.map(packText).join('\n\n') : 'There are no packs.');
      for (const error of broken) printError(error);
    });
}

function labsJson(pack: Pack) {
  return pack.labs.map(({ id, summary }) => ({
    pack: pack.manifest.id,
    version: pack.manifest.version,
    lab: id,
    ...summary,
  }));
}

function packText(pack: Pack): string {
  const colours = coloursFor(process.stdout);
  const { id, title, version } = pack.manifest;
  const rows = pack.labs.map(({ id: lab, summary }) => [
    `  ${colours.bold(`${id}/${lab}`)}`,
    summary.level,
    `${summary.minutes} min`,
    `${summary.points} points`,
  ]);
  const lines = table(rows).split('\n');
  const labs = pack.labs.map(({ summary }, index) => {
    const sentence = wrap(plain(`${summary.title}.`.replace(/\.\.$/, '.')), textWidth(), '    ');
    return `${lines[index] ?? ''}\n${colours.dim(sentence)}`;
  });
  return [`${colours.bold(plain(title))} ${colours.dim(`(${id} ${version})`)}`, ...labs].join('\n');
}
