import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { nodeId, procedure, sessionId, unixTime } from './base.ts';

const terminalId = z.string().min(1).max(64);
const sizeSchema = z.object({ columns: z.int().min(2).max(1000), rows: z.int().min(1).max(1000) });
export type TerminalSize = z.infer<typeof sizeSchema>;

export const terminalSummarySchema = z.object({
  id: z.string(),
  session: z.string(),
  node: z.string(),
  created: unixTime,
  /** null while it runs. */
  ended: z.object({ exitCode: z.number().nullable(), reason: z.string() }).nullable(),
});
export type TerminalSummary = z.infer<typeof terminalSummarySchema>;

/**
 * What an attached window gets: first `attached` with the screen and scrollback so far as escape sequences, then output. The window
 * acknowledges the characters that it has shown; while too many are under way the pseudo-terminal is paused.
 */
export const terminalEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('attached'), attachment: z.string(), screen: z.string(), ...sizeSchema.shape }),
  z.object({ kind: z.literal('output'), data: z.string() }),
  /** Another window changed the size. */
  z.object({ kind: z.literal('resized'), ...sizeSchema.shape }),
  z.object({ kind: z.literal('ended'), exitCode: z.number().nullable(), reason: z.string() }),
]);
export type TerminalEvent = z.infer<typeof terminalEventSchema>;

/** Login shells on nodes. A terminal lives until it is closed or its session ends, whether a window shows it or not. */
export const terminals = {
  list: procedure.input(z.object({ session: sessionId })).output(z.array(terminalSummarySchema)),
  watch: procedure.input(z.object({ session: sessionId })).output(eventIterator(z.array(terminalSummarySchema))),
  open: procedure
    .input(z.object({ session: sessionId, node: nodeId, ...sizeSchema.shape }))
    .output(z.object({ terminal: z.string() })),
  attach: procedure.input(z.object({ terminal: terminalId })).output(eventIterator(terminalEventSchema)),
  /** Characters shown since the last acknowledgement, counted as `output.data.length`. */
  acknowledge: procedure
    .input(z.object({ terminal: terminalId, attachment: z.string().max(64), characters: z.int().min(0) }))
    .output(z.void()),
  write: procedure.input(z.object({ terminal: terminalId, data: z.string().max(1_000_000) })).output(z.void()),
  resize: procedure.input(z.object({ terminal: terminalId, ...sizeSchema.shape })).output(z.void()),
  close: procedure.input(z.object({ terminal: terminalId })).output(z.void()),
};
