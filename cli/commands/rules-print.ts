import { Command } from 'commander';
import { type PrintOptions, printSave } from '../../engine/netfilter/index.ts';
import { printJson } from '../output/print.ts';
import { type FamilyOptions, readRuleset, saveHelp, withFamily } from './rules-input.ts';

export function rulesPrintCommand(): Command {
  return withFamily(new Command('print'))
    .description('print a ruleset as it was read, or in the form that iptables-save has today')
    .argument('<file>', saveHelp)
    .option('--canonical', "write every rule in today's form")
    .option('--no-counters', 'leave counters out')
    .option('--json', 'print {"text": ...}')
    .addHelpText(
      'after',
      '\nExamples:\n  hookpoint rules print old-rules --canonical\n  iptables-save -c | hookpoint rules print - --no-counters',
    )
    .action(
      async (file: string, options: FamilyOptions & { canonical?: boolean; counters: boolean; json?: boolean }) => {
        const { ruleset, encoding } = await readRuleset(file, options);
        const how: PrintOptions = {
          ...(options.canonical === true ? { canonical: true } : {}),
          ...(options.counters ? {} : { counters: false }),
        };
        const text = printSave(ruleset, how);
        if (options.json) printJson({ text });
        else process.stdout.write(Buffer.from(text, encoding));
      },
    );
}
