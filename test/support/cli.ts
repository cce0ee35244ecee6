import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { noteHome, testRunFolder } from './test-run.ts';

export const programFile = join(import.meta.dirname, '../../cli/hookpoint.js');
export const tinyPack = join(import.meta.dirname, '../fixtures/packs/tiny');

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** A data folder of its own for a test, gone with it. */
export function temporaryHome(): { readonly folder: string } & Disposable {
  const folder = mkdtempSync(join(testRunFolder(), 'hookpoint-home-'));
  noteHome(folder);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface CliOptions {
  readonly home?: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the command line as a process of its own, as a user does, with the Node that runs the tests. */
export function startCli(words: readonly string[], options: CliOptions = {}): RunningCli {
  const child = spawn(process.execPath, [programFile, ...words], {
    env: {
      ...process.env,
      NO_COLOR: '1',
      ...(options.home === undefined ? {} : { HOOKPOINT_HOME: options.home }),
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Commands that do not read their input may end first.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const exited = Promise.withResolvers<number | null>();
  child.on('error', exited.reject);
  child.on('close', exited.resolve);
  const ended = Promise.all([exited.promise, text(child.stdout), text(child.stderr)]).then(
    ([exitCode, stdout, stderr]) => ({ exitCode, stdout, stderr }),
  );
  return { child, ended };
}

export function runCli(words: readonly string[], options: CliOptions = {}): Promise<Ended> {
  return startCli(words, options).ended;
}
