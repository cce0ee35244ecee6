import { Command } from 'commander';
import { installArchive } from '../../engine/packs/index.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { print, printJson } from '../output/print.ts';

export function packInstallCommand(): Command {
  return new Command('install')
    .description('unpack a .hookpack file so that its labs can be started')
    .argument('<file>', 'what `pack build` wrote')
    .option('--json', 'print what was installed as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint pack install netfilter.hookpack')
    .action(async (file: string, options: { json?: boolean }) => {
      const installed = await installArchive(file, findHome().packs);
      if (options.json) printJson(installed);
      else
        print(
          `${installed.id} ${installed.version} ${installed.already ? 'was there already' : 'is installed'}: ${installed.folder}`,
        );
    });
}
