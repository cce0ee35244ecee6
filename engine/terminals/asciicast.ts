import { z } from 'zod';
import type { TerminalSize } from '../contract/procedures/terminals.ts';

/**
 * A terminal as asciicast v2 (docs.asciinema.org/manual/asciicast/v2): a header, then an event a line. "o" is what the terminal showed, "r" its
 * new size, "m" a remark. There are no "i" events: what was typed without being shown is a password.
 */
export type CastEvent = readonly [seconds: number, code: 'o' | 'r' | 'm', data: string];

const headerSchema = z.object({
  version: z.literal(2),
  width: z.int().min(1).max(1000),
  height: z.int().min(1).max(1000),
  /** Unix seconds. */
  timestamp: z.number().min(0).optional(),
  title: z.string().max(200).optional(),
});
export type CastHeader = z.infer<typeof headerSchema>;

const eventSchema = z.tuple([z.number().min(0), z.enum(['o', 'r', 'm']), z.string()]);

export interface Cast {
  readonly header: CastHeader;
  readonly events: readonly CastEvent[];
}

/** The first line. */
export function castHeader({ columns, rows }: TerminalSize, about: { title: string; timestamp: number }): string {
  return `${JSON.stringify({ version: 2, width: columns, height: rows, ...about })}\n`;
}

export function castLine([seconds, code, data]: CastEvent): string {
  return `[${seconds.toFixed(3)}, "${code}", ${JSON.stringify(data)}]\n`;
}

/** A recording's text; null where it has no header. Lines that are none, as the last of a killed writer, and events of other kinds are left out. */
export function parseCast(text: string): Cast | null {
  const [first = '', ...lines] = text.split('\n');
  const header = headerSchema.safeParse(jsonOf(first));
  if (!header.success) return null;
  const events = lines.flatMap((line): CastEvent[] => {
    const event = eventSchema.safeParse(jsonOf(line));
    return event.success ? [event.data] : [];
  });
  return { header: header.data, events };
}

/** "80x24" of an "r" event; null for what is none. */
export function parseCastSize(data: string): TerminalSize | null {
  const [, columns, rows] = /^(\d{1,3})x(\d{1,3})$/.exec(data) ?? [];
  return columns === undefined || rows === undefined ? null : { columns: Number(columns), rows: Number(rows) };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
