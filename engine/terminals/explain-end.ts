import { setTimeout as delay } from 'node:timers/promises';
import { HookpointError } from '../contract/error.ts';
import type { TerminalEnd } from '../contract/procedures/terminals.ts';
import type { Container } from '../runtime/container.ts';

/** A shell that SIGKILL ended: what bash gives it as status. */
const killed = 128 + 9;

/** A container that is being ended takes its processes along first, and is seen to have ended a moment later; in milliseconds. */
const endingTakes = 5000;
const askAgainAfter = 50;

/** Why a shell ended, in words: by itself, or with what it ran in. */
export async function explainEnd(
  container: Container,
  node: string,
  end: { readonly exitCode: number } | { readonly failure: unknown },
): Promise<TerminalEnd> {
  if ('exitCode' in end) return ownEnd(node, end.exitCode);
  const lost = (reason: string): TerminalEnd => ({ cause: 'lost', exitCode: null, reason });
  try {
    return lost(
      (await hasEnded(container))
        ? `The lab's container was ended, and the shell on ${node} with it.`
        : `The connection to the shell on ${node} was lost.`,
    );
  } catch (error) {
    if (!(error instanceof HookpointError)) throw error;
    return lost('Docker does not answer any more. The terminal comes back with it.');
  }
}

function ownEnd(node: string, exitCode: number): TerminalEnd {
  if (exitCode !== killed) {
    return { cause: 'exited', exitCode, reason: `The shell on ${node} ended with status ${exitCode}.` };
  }
  const reason = `The shell on ${node} was killed, by a restart of the node or for lack of memory.`;
  return { cause: 'lost', exitCode, reason };
}

async function hasEnded(container: Container): Promise<boolean> {
  const limit = performance.now() + endingTakes;
  while (performance.now() < limit) {
    const state = await container.state();
    if (state === null || state.status === 'stopped') return true;
    await delay(askAgainAfter);
  }
  return false;
}
