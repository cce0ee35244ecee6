import { arrangementName } from '../../contract/arrangement-name.ts';
import { HookpointError } from '../../contract/error.ts';
import { hostLogConsent, keepHostLogConsent } from '../../sessions/host-log.ts';
import type { Store } from '../../sessions/store.ts';
import type { Host } from '../host.ts';
import { implementer } from './base.ts';

/** Windows keep their things apart from the engine's own settings. */
const prefix = 'window.';
const most = 500;

/** LIMIT_REACHED where it is a new one too many. */
function change({ store }: Host, name: string, value: string | null): void {
  const isNew = !store.settings(prefix).some((one) => one.name === prefix + name);
  if (value !== null && isNew) {
    forgetEndedSessions(store);
    if (store.settings(prefix).length >= most) {
      throw new HookpointError('LIMIT_REACHED', `${most} things of windows are remembered already.`, {
        remedy: 'Forget one first, with the value null.',
      });
    }
  }
  store.changeSetting(prefix + name, value);
}

/** Each session leaves one behind, and nobody is there to clear up after one that the command line stopped. */
function forgetEndedSessions(store: Store): void {
  const running = store.sessions().filter(({ status }) => status === 'running');
  const needed = new Set(running.map(({ id }) => prefix + arrangementName(id)));
  for (const { name } of store.settings(prefix + arrangementName(''))) {
    if (!needed.has(name)) store.changeSetting(name, null);
  }
}

export const preferences = {
  read: implementer.preferences.read.handler(({ context: { host } }) =>
    Object.fromEntries(host.store.settings(prefix).map(({ name, value }) => [name.slice(prefix.length), value])),
  ),
  change: implementer.preferences.change.handler(({ context: { host }, input }) =>
    change(host, input.name, input.value),
  ),
  hostLog: implementer.preferences.hostLog.handler(({ context: { host } }) => ({
    allowed: hostLogConsent(host.store),
  })),
  allowHostLog: implementer.preferences.allowHostLog.handler(({ context: { host }, input }) =>
    keepHostLogConsent(host.store, input.allowed),
  ),
};
