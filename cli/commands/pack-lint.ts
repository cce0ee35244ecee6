import { Command } from 'commander';
import { inspectPack, invalidPack } from '../../engine/packs/index.ts';
import { print, printJson } from '../output/print.ts';

export function packLintCommand(): Command {
  return new Command('lint')
    .description('read a pack and name every problem with its file, line and column')
    .argument('<folder>', 'a folder with a pack.yaml')
    .option('--json', 'print the problems as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  hookpoint pack lint labs/netfilter\n  hookpoint pack lint labs/netfilter --json',
    )
    .action(async (folder: string, options: { json?: boolean }) => {
      const { pack, errors, lint } = await inspectPack(folder);
      const problems = [...errors, ...lint];
      if (problems.length > 0 && !options.json) throw invalidPack(folder, problems);
      if (options.json) printJson({ pack: pack?.manifest.id ?? null, sound: problems.length === 0, problems });
      else
        print(
          `${pack?.manifest.id ?? folder}: ${pack?.labs.length === 1 ? '1 lab' : `${pack?.labs.length ?? 0} labs`}, no problems`,
        );
      if (problems.length > 0) process.exitCode = 2;
    });
}
