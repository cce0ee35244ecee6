import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import {
  describeRule,
  type Family,
  parseRule,
  RulesetSyntaxError,
  rulesetToNft,
  ruleToNft,
} from '../../engine/netfilter/index.ts';
import { print, printJson } from '../output/print.ts';
import { plain } from '../output/text.ts';
import { type FamilyOptions, readRuleset, saveHelp, withFamily } from './rules-input.ts';

interface Options extends FamilyOptions {
  readonly rule?: string;
  readonly json?: boolean;
}

export function rulesTranslateCommand(): Command {
  return withFamily(new Command('translate'))
    .description('say a ruleset, or one rule, in the language of nft(8)')
    .argument('[file]', saveHelp)
    .option('--rule <text>', "what comes after `-A CHAIN`: '-p tcp --dport 22 -j ACCEPT'")
    .option('--json', 'print lines with what has no counterpart as JSON')
    .addHelpText(
      'after',
      `
A file gives a script for \`nft -f\`; a rule without counterpart is a comment in it.
Exit codes: 0 everything has a counterpart, 1 something has none.

Examples:
  hookpoint rules translate rules.v4 > rules.nft
  iptables-save | hookpoint rules translate -
  hookpoint rules translate --rule '-p tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT'`,
    )
    .action(async (file: string | undefined, options: Options) => {
      if ((file === undefined) === (options.rule === undefined)) {
        throw new HookpointError('USAGE', 'Give either a file or --rule.', {
          remedy: 'A file is what iptables-save printed; - reads it from stdin.',
        });
      }
      const lacks =
        file === undefined ? translateRule(options.rule ?? '', options) : await translateFile(file, options);
      process.exitCode = lacks ? 1 : 0;
    });
}

async function translateFile(file: string, options: Options): Promise<boolean> {
  const { ruleset } = await readRuleset(file, options);
  const lines = rulesetToNft(ruleset);
  if (options.json) printJson({ family: ruleset.family, lines });
  else {
    const text = ({ text, missing }: (typeof lines)[number]) =>
      missing.length === 0 ? text : `${text}\n#   nft has no counterpart of ${missing.join(', ')}`;
    print(plain(lines.map(text).join('\n')));
  }
  return lines.some(({ missing }) => missing.length > 0);
}

function translateRule(text: string, options: Options): boolean {
  const family: Family = options.ipv6 ? 'ipv6' : 'ipv4';
  const rule = readRule(text, family);
  const made = ruleToNft(rule, family);
  const words = describeRule(rule);
  if (options.json) printJson({ family, words, ...made });
  else if ('nft' in made) print(plain(made.nft));
  else print(plain(`# nft has no counterpart of ${made.missing.join(', ')}`));
  return 'missing' in made;
}

function readRule(text: string, family: Family) {
  try {
    return parseRule(text, family);
  } catch (error) {
    if (!(error instanceof RulesetSyntaxError)) throw error;
    throw new HookpointError('RULESET_INVALID', `The rule cannot be read: ${error.message}`, {
      remedy: `Expected ${error.expected}. Write what comes after \`-A CHAIN\`.`,
      cause: error,
    });
  }
}
