#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { asHookpointError, HookpointError } from '../engine/contract/error.ts';
import { version } from '../engine/host/version.ts';
import { type CommandEntry, commandTable } from './command-table.ts';
import { endQuietlyOnClosedPipes, interruptedExitCode } from './interrupt.ts';
import { errorJson, printError } from './output/error.ts';
import { print } from './output/print.ts';

/**
 * Runs one command line (without `node` and the script) and gives its exit code: 0 done and passed, 1 criteria not met or rulesets
 * differ, 2 usage or bad input, 3 engine or machine fault; 128 + N after a signal.
 */
export async function main(words: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram(words);
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync([...(unknownCommand(program, words) ?? words)], { from: 'user' });
    // A signal that came when all was done has interrupted nothing.
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    // `commander.help`: a command of commands stood alone, and what it has was printed.
    if (thrown instanceof CommanderError && (thrown.exitCode === 0 || thrown.code === 'commander.help')) return 0;
    const error =
      thrown instanceof CommanderError ? await usageError(thrown, words) : interrupted(asHookpointError(thrown));
    printError(error);
    if (wantsJson(words)) print(errorJson(error));
    return interruptedExitCode() ?? error.exitCode;
  }
}

/** The whole program by name and summary, with only the command that is asked for loaded: help and errors stay quick. */
async function buildProgram(words: readonly string[]): Promise<Command> {
  const program = new Command('hookpoint')
    .description('Real Linux networking labs in a container, graded from the state of the kernel.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText('after', examples)
    .showSuggestionAfterError();
  const [first, second] = words.filter((word) => !word.startsWith('-'));
  const asked = first === 'help' ? second : first;
  for (const entry of commandTable) {
    const command = entry.name === asked ? (await entry.load()).description(entry.summary) : stub(entry);
    program.addCommand(command.helpGroup(entry.group));
  }
  takeOverExits(program);
  return program;
}

const examples = `
Examples:
  hookpoint labs                          which labs there are
  hookpoint start netfilter/redirect      start one
  hookpoint guide redirect-7k2f           read its guide
  hookpoint shell redirect-7k2f host      work in it
  hookpoint check redirect-7k2f           see what stands and what is missing
  hookpoint stop redirect-7k2f            end it

Exit codes: 0 done and passed, 1 criteria not met or rulesets differ, 2 usage or bad input, 3 engine or machine fault.`;

function stub({ name, summary }: CommandEntry): Command {
  return new Command(name).description(summary);
}

/** The words up to a command that there is not, for `nosuch --help`: commander would print the help of what stands before it. */
function unknownCommand(program: Command, words: readonly string[]): readonly string[] | null {
  const named = words.filter((word) => !word.startsWith('-') && word !== 'help');
  let here = program;
  for (const [index, word] of named.entries()) {
    if (here.commands.length === 0) return null;
    const next = here.commands.find((command) => command.name() === word);
    if (next === undefined) return named.slice(0, index + 1);
    here = next;
  }
  return null;
}

/** Errors of commander are thrown and printed here like all others; its help goes to stdout, also where it takes the place of an error. */
function takeOverExits(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: (text) => print(text), outputError: () => undefined });
  for (const child of command.commands) takeOverExits(child);
}

async function usageError(error: CommanderError, words: readonly string[]): Promise<HookpointError> {
  const [message = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  const command = await commandPath(words);
  const help = `See \`hookpoint ${[...command, '--help'].join(' ')}\`.`;
  const hint = hints.join(' ').replace(/^\((.*)\)$/, '$1');
  const separator = words[0] === 'exec' && error.code === 'commander.unknownOption' ? 'Put -- before the command.' : '';
  return new HookpointError('USAGE', `${message.charAt(0).toUpperCase()}${message.slice(1)}.`.replace(/\.\.$/, '.'), {
    remedy: [hint, separator, help].filter(Boolean).join(' '),
  });
}

/** The words that name a command: `pack lint`. */
async function commandPath([first, second]: readonly string[]): Promise<readonly string[]> {
  const entry = commandTable.find(({ name }) => name === first);
  if (entry === undefined) return [];
  const inner = (await entry.load()).commands.find((command) => command.name() === second);
  return inner === undefined ? [entry.name] : [entry.name, inner.name()];
}

/** What a signal ended is told as that, whatever was being done at that moment. */
function interrupted(error: HookpointError): HookpointError {
  if (interruptedExitCode() === null || error.code !== 'CANCELLED' || error.remedy !== undefined) return error;
  return new HookpointError('CANCELLED', 'Interrupted.', { cause: error });
}

function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? undefined : end).includes('--json');
}

/** The program as a process: runs its command line and ends with its exit code. */
export async function runProgram(): Promise<void> {
  endQuietlyOnClosedPipes();
  const exitCode = await main(process.argv.slice(2));
  // Open sockets and a terminal's stdin would keep the process; what was written must be out first.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
}

if (import.meta.main) await runProgram();
