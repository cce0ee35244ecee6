import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { nodeId, procedure, sessionId, unixTime } from './base.ts';

const terminalId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);
const sizeSchema = z.object({ columns: z.int().min(2).max(1000), rows: z.int().min(1).max(1000) });
/** In characters. */
export type TerminalSize = z.infer<typeof sizeSchema>;

const endSchema = z.object({
  /** exited: the shell ended by itself. lost: the container, the node or Docker went away under it. */
  cause: z.enum(['exited', 'lost']),
  exitCode: z.number().nullable(),
  /** For people, a sentence. */
  reason: z.string(),
});
export type TerminalEnd = z.infer<typeof endSchema>;

const terminalSummarySchema = z.object({
  id: z.string(),
  session: z.string(),
  node: z.string(),
  created: unixTime,
  /** null while its shell runs. */
  ended: endSchema.nullable(),
});
export type TerminalSummary = z.infer<typeof terminalSummarySchema>;

/**
 * What an attached window gets: first `attached` with the screen and scrollback so far as escape sequences, then output. The window
 * acknowledges the characters that it has shown; while too many are under way the pseudo-terminal is paused. After `ended` a new shell may
 * begin in the same terminal; the stream ends when the terminal is closed. Answers to a program's questions (where the cursor is, which
 * terminal this is) come from the engine, once, however many windows are attached: a window sends what was typed and nothing else.
 */
const terminalEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('attached'),
    attachment: z.string(),
    screen: z.string(),
    ended: endSchema.nullable(),
    ...sizeSchema.shape,
  }),
  z.object({ kind: z.literal('output'), data: z.string() }),
  /** Another window changed the size. */
  z.object({ kind: z.literal('resized'), ...sizeSchema.shape }),
  z.object({ kind: z.literal('ended'), ...endSchema.shape }),
  /** A new shell began after one had ended. */
  z.object({ kind: z.literal('begun') }),
]);
export type TerminalEvent = z.infer<typeof terminalEventSchema>;

/**
 * Login shells on nodes. A terminal lives until it is closed or its session ends, whether a window shows it or not; one whose shell ended
 * under a window stays readable there.
 */
export const terminals = {
  list: procedure.input(z.object({ session: sessionId })).output(z.array(terminalSummarySchema)),
  watch: procedure.input(z.object({ session: sessionId })).output(eventIterator(z.array(terminalSummarySchema))),
  /**
   * Makes sure that a shell runs in the terminal of this id, which the caller chose: a new one, or afresh in one whose shell ended. Asked
   * twice, also by two windows at once, it is one shell. SESSION_LOST, NOT_FOUND, BAD_INPUT where the id belongs to another node.
   */
  open: procedure
    .input(z.object({ session: sessionId, node: nodeId, terminal: terminalId, ...sizeSchema.shape }))
    .output(z.void()),
  attach: procedure.input(z.object({ terminal: terminalId })).output(eventIterator(terminalEventSchema)),
  /** Characters shown since the last acknowledgement, counted as `output.data.length`. */
  acknowledge: procedure
    .input(z.object({ terminal: terminalId, attachment: z.string().max(64), characters: z.int().min(0) }))
    .output(z.void()),
  /** What was typed or pasted. What comes after the shell has ended is nobody's. */
  write: procedure.input(z.object({ terminal: terminalId, data: z.string().max(1_000_000) })).output(z.void()),
  /** The latest window that says its size decides. */
  resize: procedure
    .input(z.object({ terminal: terminalId, attachment: z.string().max(64), ...sizeSchema.shape }))
    .output(z.void()),
  /** Hangs its shell up and forgets it. */
  close: procedure.input(z.object({ terminal: terminalId })).output(z.void()),
};
