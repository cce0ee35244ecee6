import { HookpointError } from '../contract/error.ts';
import type { CommandFollower } from '../terminals/shell-commands.ts';
import type { SessionRow, Store } from './store.ts';

/** A person does not type faster for long; a program that prints marks must not fill the database. */
const perSecond = 10;
const atOnce = 100;

interface Place {
  readonly session: SessionRow;
  readonly node: string;
  readonly terminal: string;
}

/** Keeps the commands of one terminal in the session. A database that cannot be written to loses them and nothing else. */
export function keepCommands(store: Store, { session, node, terminal }: Place): CommandFollower {
  const allowance = new Allowance();
  const nodes = session.instance.topology.nodes;
  let number: number | null = null;
  return {
    begun({ text, host, begun }) {
      number = null;
      if (!allowance.take()) return;
      const where = host !== null && Object.hasOwn(nodes, host) ? host : node;
      number = written(() => store.beginCommand(session.id, { node: where, terminal, text, begun }));
    },
    ended(end) {
      const of = number;
      number = null;
      if (of !== null) written(() => store.endCommand(session.id, of, end));
    },
  };
}

/** So many at once, and then so many a second. */
class Allowance {
  #left = atOnce;
  #at = performance.now();

  take(): boolean {
    const now = performance.now();
    this.#left = Math.min(atOnce, this.#left + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

/** The terminal goes on where the disk is full: what was typed is a convenience. */
function written<Result>(write: () => Result): Result | null {
  try {
    return write();
  } catch (error) {
    if (error instanceof HookpointError) return null;
    throw error;
  }
}
