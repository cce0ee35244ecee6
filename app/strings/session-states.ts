import type { SessionSummary } from '../../engine/contract/procedures/sessions.ts';

/** How a session is, wherever that is told. */
export const sessionStates: Readonly<Record<SessionSummary['status'], string>> = {
  running: 'Running',
  paused: 'Paused',
  lost: 'Lost',
  stopped: 'Stopped',
  unknown: 'Docker is out of reach',
};
