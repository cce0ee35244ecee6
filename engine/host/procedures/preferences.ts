import { HookpointError } from '../../contract/error.ts';
import { hostLogConsent, keepHostLogConsent } from '../../sessions/host-log.ts';
import { implementer } from './base.ts';

/** Windows keep their things apart from the engine's own settings. */
const prefix = 'window.';
const most = 500;

export const preferences = {
  read: implementer.preferences.read.handler(({ context: { host } }) =>
    Object.fromEntries(host.store.settings(prefix).map(({ name, value }) => [name.slice(prefix.length), value])),
  ),
  change: implementer.preferences.change.handler(({ context: { host }, input: { name, value } }) => {
    const kept = host.store.settings(prefix);
    if (value !== null && kept.length >= most && !kept.some((one) => one.name === prefix + name)) {
      throw new HookpointError('BAD_INPUT', `More than ${most} things of windows are remembered already.`, {
        remedy: 'Forget one first, with the value null.',
      });
    }
    host.store.changeSetting(prefix + name, value);
  }),
  hostLog: implementer.preferences.hostLog.handler(({ context: { host } }) => ({
    allowed: hostLogConsent(host.store),
  })),
  allowHostLog: implementer.preferences.allowHostLog.handler(({ context: { host }, input }) =>
    keepHostLogConsent(host.store, input.allowed),
  ),
};
