import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { type ReadPack, readPacks } from '../../engine/sessions/read-packs.ts';
import { coloursFor } from '../output/colour.ts';
import { printError } from '../output/error.ts';
import { print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { plain, textWidth } from '../output/text.ts';

export function packListCommand(): Command {
  return new Command('list')
    .description('list the packs that are here, with their versions and where they lie')
    .option('--json', 'print the packs as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint pack list\n  hookpoint pack list --json')
    .action(async (options: { json?: boolean }) => {
      const packs = await readPacks(findHome());
      const colours = coloursFor(process.stdout);
      const rows = packs.map((one) => [one.place.id, version(one), origin(one, packs), labs(one), one.place.folder]);
      const head = ['PACK', 'VERSION', 'STATE', 'LABS', 'FOLDER'].map(colours.dim);
      if (options.json) printJson({ packs: packs.map(packJson) });
      else print(table([head, ...rows.map((row) => row.map(plain))], { width: textWidth() }));
      for (const { pack } of packs) if (pack instanceof HookpointError) printError(pack);
    });
}

const version = ({ place, pack }: ReadPack): string =>
  pack instanceof HookpointError ? (place.installed ?? '?') : pack.manifest.version;

const labs = ({ pack }: ReadPack): string => (pack instanceof HookpointError ? '?' : String(pack.labs.length));

/** Whether it came with Hookpoint, and what it stands in place of or behind. */
function origin({ place, pack }: ReadPack, all: readonly ReadPack[]): string {
  const others = all.filter(({ place: other }) => other.id === place.id && other !== place);
  const from = place.installed === null ? 'comes with Hookpoint' : 'installed';
  if (pack instanceof HookpointError) return `${from}, broken`;
  if (!place.inUse) return `${from}, not in use`;
  return others.some(({ place: other }) => other.installed === null) ? `${from}, hides the shipped one` : from;
}

function packJson({ place, pack }: ReadPack) {
  const { id, folder, installed, inUse } = place;
  const shown = { id, installed: installed !== null, inUse, folder };
  if (pack instanceof HookpointError)
    return { ...shown, version: installed, title: null, labs: null, failure: pack.code };
  const { manifest } = pack;
  return {
    ...shown,
    version: manifest.version,
    title: manifest.title,
    labs: pack.labs.map((lab) => lab.id),
    failure: null,
  };
}
