import { Command } from 'commander';
import { compareMeaning } from '../../engine/netfilter/index.ts';
import { coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { plain } from '../output/text.ts';
import { type FamilyOptions, readPairs, rulesHelp, withFamily } from './rules-input.ts';

export function rulesCompareCommand(): Command {
  return withFamily(new Command('compare'))
    .description('say whether two rulesets mean the same, whatever their spelling and counters')
    .argument('<a>', rulesHelp)
    .argument('<b>', rulesHelp)
    .option('--json', 'print {"same": ..., "differences": [...]}')
    .addHelpText(
      'after',
      '\nRules of iptables and of nft are compared by what they do to packets: same where that is proved.\n\nExit code: 0 same meaning, 1 different, 2 bad input.\n\nExamples:\n  hookpoint rules compare before.rules after.rules\n  iptables-save | hookpoint rules compare expected.rules - --json',
    )
    .action(async (a: string, b: string, options: FamilyOptions & { json?: boolean }) => {
      const pairs = await readPairs(a, b, options);
      const { same, differences } = compareMeaning(pairs);
      const colours = coloursFor(process.stdout);
      if (options.json) printJson({ same, differences });
      else if (same) print(colours.green('same meaning'));
      else print([colours.red('different'), ...differences.map(({ message }) => `  ${plain(message)}`)].join('\n'));
      if (!same) process.exitCode = 1;
    });
}
