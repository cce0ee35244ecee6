import { constants } from 'node:os';
import { HookpointError } from '../engine/contract/error.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What this process was told from outside, and who deals with it now. */
const state: {
  listening: boolean;
  received: NodeJS.Signals | null;
  handler: ((name: NodeJS.Signals) => void) | null;
} = { listening: false, received: null, handler: null };
const controller = new AbortController();

/**
 * From the first call on, Ctrl-C, SIGTERM and SIGHUP abort this signal instead of ending the process, so that what was begun can be
 * taken back. Further ones are ignored while that goes on.
 */
export function interruptSignal(): AbortSignal {
  listen();
  return controller.signal;
}

/** Signals go to `handler` until the result is disposed: for a command that passes them on. */
export function takeSignals(handler: (name: NodeJS.Signals) => void): Disposable {
  listen();
  state.handler = handler;
  return {
    [Symbol.dispose]: () => {
      state.handler = null;
    },
  };
}

/** For whoever reads the keys of a terminal himself: there Ctrl-C is a key, and no signal. */
export function noteInterrupt(): void {
  receive('SIGINT');
}

/** 130 after Ctrl-C, 143 after SIGTERM, as shells have it; null where nothing interrupted. */
export function interruptedExitCode(): number | null {
  return state.received ? 128 + constants.signals[state.received] : null;
}

/**
 * Whoever reads our output may stop reading (`| head`): no fault, and nothing is said about it. What is under way is taken back
 * as after a Ctrl-C.
 */
export function endQuietlyOnClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (!state.listening) process.exit(process.exitCode ?? 0);
      receive('SIGPIPE');
    });
  }
}

function listen(): void {
  if (state.listening) return;
  state.listening = true;
  for (const name of signals) process.on(name, () => receive(name));
}

function receive(name: NodeJS.Signals): void {
  if (state.handler) {
    state.handler(name);
    return;
  }
  if (state.received) return;
  state.received = name;
  controller.abort(new HookpointError('CANCELLED', 'Interrupted.'));
}
