import { resolve } from 'node:path';
import { Command } from 'commander';
import { buildArchive, loadPack } from '../../engine/packs/index.ts';
import { print, printJson } from '../output/print.ts';

export function packBuildCommand(): Command {
  return new Command('build')
    .description('write a pack as one file: the same input gives the same bytes')
    .argument('<folder>', 'a folder with a pack.yaml')
    .option('-o, --output <file>', 'where to write it (default: ID-VERSION.hookpack)')
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint pack build labs/netfilter -o netfilter.hookpack')
    .action(async (folder: string, options: { output?: string; json?: boolean }) => {
      const built = await buildArchive(folder, resolve(options.output ?? (await defaultName(folder))));
      if (options.json) printJson(built);
      else print(`${built.file}: ${built.id} ${built.version}, ${built.bytes} bytes, sha256 ${built.sha256}`);
    });
}

async function defaultName(folder: string): Promise<string> {
  const { manifest } = await loadPack(folder);
  return `${manifest.id}-${manifest.version}.hookpack`;
}
