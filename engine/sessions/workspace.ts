import type { ContainerRuntime } from '../runtime/container.ts';
import { connectDocker } from '../runtime/docker/connect.ts';
import { findHome, type Home } from './home.ts';
import { openStore, type Store } from './store.ts';

/** What most commands work with: the user's data and the place where containers run. */
export interface Workspace extends AsyncDisposable {
  readonly home: Home;
  readonly store: Store;
  readonly runtime: ContainerRuntime;
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
