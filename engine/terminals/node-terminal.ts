import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { HookpointError } from '../contract/error.ts';
import type { TerminalSize } from '../contract/procedures/terminals.ts';
import type { AttachedExec, Container } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';
import { execArgv, loginShell } from '../topology/index.ts';
import type { PseudoTerminal, PseudoTerminalOptions } from './pseudo-terminal.ts';
import { frame, readFrame, sizeFrame } from './terminal-frames.ts';

/** What the program says on stdout once the shell has its terminal. */
const ready = Buffer.from('ready\n');

/** What Docker gives as the exit code of an exec that was killed, as it is with its container. */
const killed = 128 + 9;

/** How many bytes may have been read before the program in the container is told: a quarter of what it lets out unread. */
const tellAfter = 16 * 1024;

/**
 * A login shell of a node on a terminal of its own. `terminal.py` of the image holds the terminal, beside the node and not in it, and lets
 * out only what was read here: without that Docker takes in more than a megabyte ahead, and a prompt after Ctrl-C has to wait behind it. It
 * hangs the shell up when its input ends, also where this process was killed.
 *
 * @throws NODE_FAILED where the node is not there, and what attaching throws.
 */
export async function openNodeTerminal(
  container: Container,
  node: string,
  { size, onOutput }: PseudoTerminalOptions,
): Promise<PseudoTerminal> {
  const argv = execArgv(node, loginShell, { terminal: true });
  const relay = ['python3', '-I', '-S', '-B', `${layout.programs}/terminal.py`, `${size.columns}`, `${size.rows}`];
  const exec = await container.attach([...relay, ...argv]);
  exec.stdin.on('error', () => undefined); // it ended while something was typed, which `exited` tells
  const said = text(exec.stderr);
  said.catch(() => undefined); // read below, where it matters
  if (!(await untilReady(exec))) throw await notBegun(exec, said, node);
  return overStreams(exec, said, onOutput);
}

function overStreams(exec: AttachedExec, said: Promise<string>, onOutput: (data: string) => void): PseudoTerminal {
  const decoder = new StringDecoder('utf8');
  const send = (data: Buffer) => void (exec.stdin.writable && exec.stdin.write(data));
  let untold = 0;
  exec.stdout.on('data', (chunk: Buffer) => {
    untold += chunk.length;
    if (untold >= tellAfter) {
      send(readFrame(untold));
      untold = 0;
    }
    const data = decoder.write(chunk);
    if (data !== '') onOutput(data);
  });
  const exited = Promise.all([exec.exited, said, finished(exec.stdout)]).then(([exitCode, words]) => {
    if (exitCode === killed && !words.startsWith('signal ')) throw new Error('terminal.py was killed');
    return exitCode;
  });
  exited.catch(() => undefined); // nobody has to wait for it
  return {
    write: (data) => send(frame('k', Buffer.from(data))),
    resize: (size: TerminalSize) => send(sizeFrame(size)),
    pause: () => void exec.stdout.pause(),
    resume: () => void exec.stdout.resume(),
    exited,
    async end() {
      exec.stdin.end();
      // What it still wants to say goes nowhere, and must not keep it.
      exec.stdout.removeAllListeners('data').resume();
      await exited.catch(() => undefined); // its container went away: it is over all the same
    },
  };
}

/** Resolves once the shell has its terminal; what came behind that word stays in the stream. */
async function untilReady({ stdout }: AttachedExec): Promise<boolean> {
  let begun = Buffer.alloc(0);
  const enough = Promise.withResolvers<void>();
  const look = () => {
    for (let chunk = stdout.read(); chunk !== null; chunk = stdout.read()) begun = Buffer.concat([begun, chunk]);
    if (begun.length >= ready.length) enough.resolve();
  };
  stdout.on('readable', look).on('close', enough.resolve);
  await enough.promise;
  stdout.off('readable', look).off('close', enough.resolve);
  if (!begun.subarray(0, ready.length).equals(ready)) return false;
  if (begun.length > ready.length) stdout.unshift(begun.subarray(ready.length));
  return true;
}

async function notBegun(exec: AttachedExec, said: Promise<string>, node: string): Promise<HookpointError> {
  await exec.exited;
  const why = (await said).trim();
  return new HookpointError('NODE_FAILED', `No shell could be started on ${node}: ${why || 'it ended at once'}.`, {
    remedy: `\`hookpoint restart\` turns ${node} off and on; its rules go, its files stay.`,
  });
}
