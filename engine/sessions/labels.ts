import { helperLabel } from '../runtime/container.ts';
import type { Home } from './home.ts';

/** What every container of ours carries, from the moment it exists: a process that was killed leaves nothing unseen. */
export const labels = {
  session: 'dev.hookpoint.session',
  lab: 'dev.hookpoint.lab',
  version: 'dev.hookpoint.version',
  /** Hash of the data folder of who started it. */
  home: 'dev.hookpoint.home',
  /** The session reads the kernel log, whose setting is one for the whole host. */
  log: 'dev.hookpoint.log',
  host: helperLabel,
} as const;

export const containerName = (session: string): string => `hookpoint-${session}`;

export function sessionLabels(
  home: Home,
  session: { readonly id: string; readonly lab: string; readonly version: string; readonly hostLog: boolean },
): Readonly<Record<string, string>> {
  return {
    [labels.session]: session.id,
    [labels.lab]: session.lab,
    [labels.version]: session.version,
    [labels.home]: home.hash,
    ...(session.hostLog ? { [labels.log]: '1' } : {}),
  };
}
