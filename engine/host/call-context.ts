import type { Host } from './host.ts';
import type { OpenCalls } from './open-calls.ts';

/** What every call comes with. */
export interface CallContext {
  readonly host: Host;
  /** Of the client that calls; nothing for one in the same process. */
  readonly calls?: OpenCalls;
}
