import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { procedure, progressSchema } from './base.ts';

const findingSchema = z.object({
  kind: z.literal('finding'),
  id: z.string(),
  /** warning: most labs work; failed: none does. */
  status: z.enum(['ok', 'warning', 'failed']),
  message: z.string(),
  remedy: z.string().nullable(),
  /** `fix` can do something about it here. */
  fixable: z.boolean(),
});
export type DoctorFinding = z.infer<typeof findingSchema>;

const doctorEventSchema = z.discriminatedUnion('kind', [progressSchema, findingSchema]);
export type DoctorEvent = z.infer<typeof doctorEventSchema>;

/** Both end when everything has been looked at. */
export const doctor = {
  examine: procedure.output(eventIterator(doctorEventSchema)),
  /** Installs and starts Docker where it can, builds the image, then examines. */
  fix: procedure.output(eventIterator(doctorEventSchema)),
};
