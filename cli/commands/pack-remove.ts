import { Command } from 'commander';
import { findHome } from '../../engine/sessions/home.ts';
import { onlyInstalledVersion, removeInstalled } from '../../engine/sessions/installed-packs.ts';
import { print, printJson } from '../output/print.ts';

export function packRemoveCommand(): Command {
  return new Command('remove')
    .description('remove an installed pack; sessions that run go on')
    .argument('<pack>', 'its id')
    .argument('[version]', 'may be left out where one version is installed')
    .option('--json', 'print what was removed as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint pack remove vpn\n  hookpoint pack remove vpn 1.2.0')
    .action(async (id: string, asked: string | undefined, options: { json?: boolean }) => {
      const home = findHome();
      const version = asked ?? onlyInstalledVersion(home, id);
      await removeInstalled(home, id, version);
      if (options.json) printJson({ id, version });
      else print(`Removed ${id} ${version}.`);
    });
}
