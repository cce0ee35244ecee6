import { z } from 'zod';
import { procedure } from './base.ts';

const name = z.string().regex(/^[a-z][a-z0-9./-]{0,99}$/);
/** JSON text of at most 64 kB: what a window remembers (sizes of panes, how far a guide was read). */
const value = z.string().max(65_536);

/** Of the user, for every window: the browser host has another origin each time, so the browser's own storage would forget. */
export const preferences = {
  read: procedure.output(z.record(z.string(), z.string())),
  /** null forgets it. */
  change: procedure.input(z.object({ name, value: value.nullable() })).output(z.void()),
  /** Whether labs may set net.netfilter.nf_log_all_netns on the Docker host; null where nobody was asked yet. */
  hostLog: procedure.output(z.object({ allowed: z.boolean().nullable() })),
  allowHostLog: procedure.input(z.object({ allowed: z.boolean() })).output(z.void()),
};
