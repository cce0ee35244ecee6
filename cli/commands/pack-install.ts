import { Command } from 'commander';
import { findHome } from '../../engine/sessions/home.ts';
import { installPack } from '../../engine/sessions/installed-packs.ts';
import { print, printJson } from '../output/print.ts';

export function packInstallCommand(): Command {
  return new Command('install')
    .description('unpack a .hookpack file so that its labs can be started')
    .argument('<file>', 'what `pack build` wrote')
    .option('--replace-shipped', 'take a pack with the id of one that comes with Hookpoint, whose labs it then hides')
    .option('--json', 'print what was installed as JSON')
    .addHelpText(
      'after',
      `
A newer version of a pack is installed beside the older one and used from then on; \`pack remove\` takes one away.

Examples:
  hookpoint pack install netfilter.hookpack`,
    )
    .action(async (file: string, options: { replaceShipped?: boolean; json?: boolean }) => {
      const installed = await installPack(findHome(), file, options);
      if (options.json) printJson(installed);
      else
        print(
          `${installed.id} ${installed.version} ${installed.already ? 'was there already' : 'is installed'}: ${installed.folder}`,
        );
    });
}
