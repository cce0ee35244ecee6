import { HookpointError } from '../contract/error.ts';
import type { TerminalSize, TerminalSummary } from '../contract/procedures/terminals.ts';
import type { Container } from '../runtime/container.ts';
import { explainEnd } from './explain-end.ts';
import { openNodeTerminal } from './node-terminal.ts';
import type { OpenPseudoTerminal } from './pseudo-terminal.ts';
import { notRecorded, recorded, type TerminalRecording } from './recording.ts';
import { type CommandFollower, ShellCommandReader } from './shell-commands.ts';
import { Terminal } from './terminal.ts';

/** Each holds a screen and a process beside the lab; more than this nobody looks at. */
const mostOfASession = 24;

export interface TerminalRequest {
  /** The caller's choice. */
  readonly id: string;
  readonly session: string;
  readonly node: string;
  readonly size: TerminalSize;
  readonly container: Container;
}

/** Who is told of the commands in a terminal. */
export type FollowCommands = (place: Omit<TerminalRequest, 'size' | 'container'>) => CommandFollower;

/** Who keeps what a shell in a terminal shows. */
export type RecordShell = (place: Omit<TerminalRequest, 'container'>) => TerminalRecording;

const nobody: FollowCommands = () => ({ begun: () => undefined, ended: () => undefined });

/**
 * All terminals of an engine. One lives until it is closed, whether a window shows it or not; one that was lost with its lab until the last
 * window has left it.
 */
export class TerminalHub implements AsyncDisposable {
  readonly #terminals = new Map<string, Terminal>();
  readonly #onChange: () => void;
  readonly #follow: FollowCommands;
  readonly #record: RecordShell;

  constructor(onChange: () => void, follow: FollowCommands = nobody, record: RecordShell = () => notRecorded) {
    this.#onChange = onChange;
    this.#follow = follow;
    this.#record = record;
  }

  list(session: string): readonly TerminalSummary[] {
    return [...this.#terminals.values()].map(({ summary }) => summary).filter((one) => one.session === session);
  }

  /** NOT_FOUND */
  find(id: string): Terminal {
    const terminal = this.#terminals.get(id);
    if (terminal) return terminal;
    throw new HookpointError('NOT_FOUND', 'This terminal was closed.', { remedy: 'Open another one on the node.' });
  }

  /** A shell in the terminal of this id, new or after one that ended. BAD_INPUT, LIMIT_REACHED, NODE_FAILED, and what attaching throws. */
  async open({ id, session, node, size, container }: TerminalRequest): Promise<void> {
    const known = this.#terminals.get(id);
    if (known && (known.place.session !== session || known.place.node !== node)) {
      throw new HookpointError('BAD_INPUT', `The terminal ${id} belongs to ${known.place.node}.`, {
        remedy: 'Open one with an id of its own.',
      });
    }
    if (!known && this.list(session).length >= mostOfASession) {
      throw new HookpointError('LIMIT_REACHED', `${session} has ${mostOfASession} terminals open already.`, {
        remedy: 'Close one that is no longer needed.',
      });
    }
    const terminal = known ?? new Terminal({ id, session, node }, size, () => this.#changed(id));
    this.#terminals.set(id, terminal);
    const shell = reading(this.#follow({ id, session, node }), (options) => openNodeTerminal(container, node, options));
    try {
      await terminal.begin({
        open: recorded(shell, (size) => this.#record({ id, session, node, size })),
        explainEnd: (end) => explainEnd(container, node, end),
      });
    } catch (error) {
      if (!known) await this.close(id);
      throw error;
    }
  }

  /** Hangs its shell up and forgets it; nothing where it is not there. */
  async close(id: string): Promise<void> {
    const terminal = this.#terminals.get(id);
    this.#terminals.delete(id);
    this.#onChange();
    await terminal?.[Symbol.asyncDispose]();
  }

  #changed(id: string): void {
    const terminal = this.#terminals.get(id);
    if (terminal?.summary.ended?.cause === 'lost' && !terminal.attached) void this.close(id);
    else this.#onChange();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#terminals.keys()].map((id) => this.close(id)));
  }
}

/** Opens a shell whose marks are read and not shown. */
function reading(follower: CommandFollower, open: OpenPseudoTerminal): OpenPseudoTerminal {
  return async ({ size, onOutput }) => {
    const commands = new ShellCommandReader(follower);
    const show = (data: string) => {
      if (data !== '') onOutput(data);
    };
    const shell = await open({ size, onOutput: (data) => show(commands.read(data)) });
    const over = () => show(commands.end());
    shell.exited.then(over, over);
    return shell;
  };
}
