import { setImmediate as nextTurn } from 'node:timers/promises';
import { HookpointError } from '../contract/error.ts';
import { findHome, type Home } from '../sessions/home.ts';
import { findSession } from '../sessions/session.ts';
import { openStore, type Store } from '../sessions/store.ts';
import { keepCommands } from '../sessions/terminal-commands.ts';
import type { Workspace } from '../sessions/workspace.ts';
import type { TerminalHub } from '../terminals/hub.ts';
import { AutomaticCheckpoints } from './automatic-checkpoints.ts';
import { Changes } from './changes.ts';
import { DockerLink } from './docker-link.ts';
import { LiveSessions } from './live-sessions.ts';
import { ShellPool } from './shell-pool.ts';
import { watchPacks } from './watch-packs.ts';

/** How often the database is asked whether another process wrote, in milliseconds. It costs some microseconds. */
const storeBeat = 200;

/** The engine put together: what every procedure works with, for as long as an app or a browser is served. */
export interface Host extends AsyncDisposable {
  readonly home: Home;
  readonly store: Store;
  readonly changes: Changes;
  readonly docker: DockerLink;
  /** All terminals of the sessions; loaded with the first question about them. */
  terminals(): Promise<TerminalHub>;
  readonly live: LiveSessions;
  /** For work in containers; DOCKER_UNREACHABLE or DOCKER_DENIED while there is no engine. Not to be disposed of. */
  workspace(): Promise<Workspace>;
}

/** Opens the user's data, and begins to reach for Docker and to read the packs: what needs them waits. STORE_FAILED, DISK_FULL. */
export async function openHost(home: Home = findHome()): Promise<Host> {
  const store = openStore(home);
  const changes = new Changes();
  const docker = new DockerLink(home, changes, { after: readAhead(home) });
  const shells = new ShellPool();
  let terminals: Promise<TerminalHub> | null = null;
  store.onChange = () => changes.fire();
  const beat = setInterval(fireWhenOthersWrote(store, changes), storeBeat);
  const packs = watchPacks(home, () => changes.fire());
  const workspace = async (): Promise<Workspace> => ({
    home,
    store,
    runtime: await docker.require(),
    shell: (container, signal) => shells.take(container, signal),
    [Symbol.asyncDispose]: async () => undefined,
  });
  const live = new LiveSessions({ store, changes, workspace });
  const checkpoints = new AutomaticCheckpoints({ store, workspace });
  return {
    home,
    store,
    changes,
    docker,
    terminals: () => (terminals ??= openTerminals(home, store, changes)),
    live,
    workspace,
    async [Symbol.asyncDispose]() {
      clearInterval(beat);
      packs[Symbol.dispose]();
      await checkpoints[Symbol.asyncDispose]();
      await (await terminals)?.[Symbol.asyncDispose]();
      await shells[Symbol.asyncDispose]();
      await docker[Symbol.asyncDispose]();
      store[Symbol.dispose]();
    },
  };
}

/** With the emulator that keeps their screens, and all that begins a shell. */
async function openTerminals(home: Home, store: Store, changes: Changes): Promise<TerminalHub> {
  const [{ TerminalHub }, { recordSessionTerminal }] = await Promise.all([
    import('../terminals/hub.ts'),
    import('../sessions/record/record-session-terminal.ts'),
  ]);
  return new TerminalHub(
    () => changes.fire(),
    ({ id: terminal, session, node }) => keepCommands(store, { session: findSession(store, session), node, terminal }),
    (place) => recordSessionTerminal({ home, store }, place),
  );
}

/**
 * What a window asks for first are the labs, and to check their packs takes a quarter of a second: it is done, or under way, when it asks. Not
 * in this turn: whoever opens the host goes on first.
 */
async function readAhead(home: Home): Promise<void> {
  await nextTurn();
  const { readPacks } = await import('../sessions/read-packs.ts');
  await readPacks(home).catch(() => undefined); // who asks is told
}

function fireWhenOthersWrote(store: Store, changes: Changes): () => void {
  let seen: number | null = null;
  return () => {
    try {
      const now = store.dataVersion();
      if (now !== seen && seen !== null) changes.fire();
      seen = now;
    } catch (error) {
      // A database that cannot be read fails whoever asks it for something; here there is nobody to tell.
      if (!(error instanceof HookpointError)) throw error;
    }
  };
}
