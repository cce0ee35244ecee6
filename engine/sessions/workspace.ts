import { openShell, type ResidentShell } from '../observe/resident-shell.ts';
import type { Container, ContainerRuntime } from '../runtime/container.ts';
import { connectDocker } from '../runtime/docker/connect.ts';
import { findHome, type Home } from './home.ts';
import { openStore, type Store } from './store.ts';

/** What most commands work with: the user's data and the place where containers run. */
export interface Workspace extends AsyncDisposable {
  readonly home: Home;
  readonly store: Store;
  readonly runtime: ContainerRuntime;
  /** A shell in a session's outer container, for one piece of work; who asked disposes of it. */
  shell(container: Container, signal?: AbortSignal): Promise<ResidentShell>;
}

/** Opens both. STORE_FAILED, DISK_FULL, DOCKER_UNREACHABLE, DOCKER_DENIED. */
export async function openWorkspace(options: { readonly signal?: AbortSignal } = {}): Promise<Workspace> {
  const home = findHome();
  const store = openStore(home);
  try {
    const runtime = await connectDocker({ ...options, stateFolder: home.folder });
    return {
      home,
      store,
      runtime,
      shell: openShell,
      async [Symbol.asyncDispose]() {
        store[Symbol.dispose]();
        await runtime[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
}
