import { HookpointError } from '../contract/error.ts';
import type { TerminalEnd } from '../contract/procedures/terminals.ts';
import type { Container } from '../runtime/container.ts';

/** A shell that a signal ended: what bash gives it as status. */
const killed = 128 + 9;

export interface ExplainedEnd {
  readonly end: TerminalEnd;
  /** Its container does not exist any more. */
  readonly gone: boolean;
}

/** Why a shell ended, in words: by itself, or with what it ran in. */
export async function explainEnd(
  container: Container,
  node: string,
  end: { readonly exitCode: number } | { readonly failure: unknown },
): Promise<ExplainedEnd> {
  const exitCode = 'exitCode' in end ? end.exitCode : null;
  const lost = (reason: string): TerminalEnd => ({ cause: 'lost', exitCode, reason });
  if (exitCode !== null && exitCode !== killed) {
    return {
      end: { cause: 'exited', exitCode, reason: `The shell on ${node} ended with status ${exitCode}.` },
      gone: false,
    };
  }
  try {
    const state = await container.state();
    if (state === null) return { end: lost('The lab was ended: its container is gone.'), gone: true };
    if (state.status === 'stopped') return { end: lost("The lab's container has stopped."), gone: false };
    return {
      end: lost(`The shell on ${node} was killed, by a restart of the node or for lack of memory.`),
      gone: false,
    };
  } catch (error) {
    if (!(error instanceof HookpointError)) throw error;
    return { end: lost('Docker does not answer any more. The terminal comes back with it.'), gone: false };
  }
}
