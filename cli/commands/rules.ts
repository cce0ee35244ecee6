import { Command } from 'commander';
import { rulesAnalyseCommand } from './rules-analyse.ts';
import { rulesCompareCommand } from './rules-compare.ts';
import { rulesDiffCommand } from './rules-diff.ts';
import { explainCommand } from './rules-explain.ts';
import { rulesMatrixCommand } from './rules-matrix.ts';
import { rulesParseCommand } from './rules-parse.ts';
import { rulesPrintCommand } from './rules-print.ts';
import { rulesTranslateCommand } from './rules-translate.ts';

/** `hookpoint rules`: what iptables-save and nft print, without a lab. */
export function rulesCommand(): Command {
  return new Command('rules')
    .description('read, print, compare and explain what iptables-save and nft print')
    .addCommand(rulesParseCommand())
    .addCommand(rulesPrintCommand())
    .addCommand(rulesCompareCommand())
    .addCommand(rulesDiffCommand())
    .addCommand(explainCommand())
    .addCommand(rulesAnalyseCommand())
    .addCommand(rulesMatrixCommand())
    .addCommand(rulesTranslateCommand());
}
