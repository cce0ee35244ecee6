import { z } from 'zod';
import { reportSchema } from '../../contract/report.ts';
import { parseRecords, type TimelineRecord } from '../../observe/records.ts';
import { type ArchiveEntry, type ArchiveRules, readArchive, refusedArchive } from '../../packs/index.ts';
import { type Cast, parseCast } from '../../terminals/asciicast.ts';
import { isRecord } from './timeline-schema.ts';

/** What the name of a session's file ends with, so that `grade` knows one. */
export const sessionFileSuffix = '.hookpoint-session';

export const manifestSchema = z.object({
  format: z.literal(1),
  pack: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  /** packDigest() of the pack's folder when this was written; null where that was gone. */
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  lab: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  seed: z.int().min(0),
  /** The version of Hookpoint that wrote it. */
  engine: z.string().max(100),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const answersSchema = z
  .array(z.object({ question: z.string().max(200), value: z.string().max(10_000), time: z.number().min(0) }))
  .max(5000);
export type GivenAnswers = z.infer<typeof answersSchema>;

/** Informative: what it claims is never believed. */
export const verdictsSchema = z.array(z.object({ time: z.number(), report: reportSchema })).max(100);

/** A session as somebody handed it in. Nothing of it is true because it stands here. */
export interface SessionFile {
  readonly manifest: Manifest;
  readonly records: readonly TimelineRecord[];
  readonly answers: GivenAnswers;
  readonly terminals: readonly { readonly name: string; readonly cast: Cast }[];
}

const megabyte = 1 << 20;
export const largestTimeline = 40 * megabyte;
export const largestJson = 4 * megabyte;
const largestCast = 5 * megabyte;
const terminalPath = /^terminals\/([a-z0-9][a-z0-9-]{0,62}-\d{1,3})\.cast$/;

const rules: ArchiveRules = {
  kind: 'session file',
  remedy: 'Ask for the file that `hookpoint export` wrote.',
  missing: `Name a ${sessionFileSuffix} file, as \`hookpoint export\` writes it.`,
  folder: `Name a ${sessionFileSuffix} file, as \`hookpoint export\` writes it.`,
  archiveBytes: 80 * megabyte,
  unpackedBytes: 100 * megabyte,
  files: 510,
  limitFor(path) {
    if (path === 'timeline.ndjson') return largestTimeline;
    if (['manifest.json', 'answers.json', 'verdicts.json'].includes(path)) return largestJson;
    return terminalPath.test(path) ? largestCast : null;
  },
};

/** Reads a session file of anybody's, checked. NOT_FOUND, BAD_INPUT. */
export async function readSessionFile(file: string): Promise<SessionFile> {
  const entries = new Map((await readArchive(file, file, rules)).map((entry) => [entry.path, entry]));
  const parse = <T>(path: string, schema: z.ZodType<T>): T => {
    const parsed = schema.safeParse(jsonOf(entries.get(path)));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') || 'all of it';
    throw refusedArchive(file, rules, `has no ${path} that can be read (${where}: ${issue?.message ?? 'wrong'})`);
  };
  const manifest = parse('manifest.json', manifestSchema);
  const answers = parse('answers.json', answersSchema);
  if (entries.has('verdicts.json')) parse('verdicts.json', verdictsSchema);
  const timeline = entries.get('timeline.ndjson');
  if (!timeline) throw refusedArchive(file, rules, 'has no timeline.ndjson');
  const records = parseRecords(timeline.content.toString('utf8'));
  const wrong = records.findIndex((record) => !isRecord(record));
  if (wrong >= 0) throw refusedArchive(file, rules, `has a timeline whose record ${wrong + 1} is none`);
  const terminals = [...entries.values()].flatMap(({ path, content }) => {
    const name = terminalPath.exec(path)?.[1];
    if (name === undefined) return [];
    const cast = parseCast(content.toString('utf8'));
    if (!cast) throw refusedArchive(file, rules, `has ${path}, which is no recording of a terminal`);
    return [{ name, cast }];
  });
  return { manifest, records, answers, terminals };
}

function jsonOf(entry: ArchiveEntry | undefined): unknown {
  if (!entry) return undefined;
  try {
    return JSON.parse(entry.content.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
