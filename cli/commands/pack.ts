import { Command } from 'commander';
import { packBuildCommand } from './pack-build.ts';
import { packInstallCommand } from './pack-install.ts';
import { packLintCommand } from './pack-lint.ts';
import { packListCommand } from './pack-list.ts';
import { packRemoveCommand } from './pack-remove.ts';
import { packTestCommand } from './pack-test.ts';

/** `hookpoint pack`: what instructors do with packs. */
export function packCommand(): Command {
  return new Command('pack')
    .description('check, test, build, install, list and remove packs of labs')
    .addCommand(packLintCommand())
    .addCommand(packTestCommand())
    .addCommand(packBuildCommand())
    .addCommand(packInstallCommand())
    .addCommand(packListCommand())
    .addCommand(packRemoveCommand());
}
