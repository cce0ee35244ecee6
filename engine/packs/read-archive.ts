import { readFile, stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { HookpointError } from '../contract/error.ts';

export interface ArchiveEntry {
  readonly path: string;
  readonly content: Buffer;
}

/** What an archive of some kind may hold. It comes from anybody, so everything has an upper end. */
export interface ArchiveRules {
  /** "archive of a pack". */
  readonly kind: string;
  /** What to do about one that is refused, about one that is not there, and where a folder was named. */
  readonly remedy: string;
  readonly missing: string;
  readonly folder: string;
  /** The file itself. */
  readonly archiveBytes: number;
  /** All files in it together. */
  readonly unpackedBytes: number;
  readonly files: number;
  /** The most bytes that a file of this path may have; null where no such path is taken. */
  limitFor(path: string): number | null;
}

/** The files of a tar archive that zstd compressed, checked, in memory. `named` is what people call it. NOT_FOUND, BAD_INPUT. */
export async function readArchive(
  archive: string,
  named: string,
  rules: ArchiveRules,
): Promise<readonly ArchiveEntry[]> {
  const file = await stat(archive).catch(() => null);
  if (file?.isDirectory()) {
    throw new HookpointError('BAD_INPUT', `${named} is a folder, and no ${rules.kind}.`, { remedy: rules.folder });
  }
  if (!file?.isFile()) throw new HookpointError('NOT_FOUND', `There is no file ${named}.`, { remedy: rules.missing });
  if (file.size > rules.archiveBytes) {
    throw refusedArchive(named, rules, `has ${file.size} bytes, more than ${rules.archiveBytes}`);
  }
  const most = rules.unpackedBytes + rules.files * 2048 + 4096;
  const tar = await promisify(zstdDecompress)(await readFile(archive), { maxOutputLength: most }).catch(
    (error: unknown) => {
      const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
      if (isTooLarge) throw refusedArchive(named, rules, `unpacks to more than ${most} bytes`);
      throw refusedArchive(named, rules, `is no ${rules.kind} (zstd cannot read it)`);
    },
  );
  return readEntries(named, rules, tar);
}

async function readEntries(named: string, rules: ArchiveRules, tar: Buffer): Promise<readonly ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  const names = new Set<string>();
  let total = 0;
  const unpack = extract();
  unpack.end(tar);
  try {
    for await (const entry of unpack) {
      const { header } = entry;
      total += header.size ?? 0;
      const problem = entries.length >= rules.files ? 'holds too many files' : entryProblem(header, rules, names);
      if (problem) throw refusedArchive(named, rules, problem);
      if (total > rules.unpackedBytes) throw refusedArchive(named, rules, 'holds too much');
      entries.push({ path: header.name, content: await buffer(entry) });
    }
  } catch (error) {
    if (error instanceof HookpointError) throw error;
    throw refusedArchive(named, rules, `is no ${rules.kind} (tar cannot read it)`);
  }
  return entries;
}

/** Letters, digits and a few marks: what every file system takes, and nothing that any of them reads otherwise. */
const plainName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

function entryProblem(header: Header, rules: ArchiveRules, names: Set<string>): string | null {
  const { name, type, size } = header;
  if (type !== 'file') return `holds '${name}', a ${type ?? 'thing'}: only plain files are taken`;
  const steps = name.split('/');
  const limit = rules.limitFor(name);
  if (limit === null || name.length > 300 || steps.length > 9 || !steps.every((step) => plainName.test(step))) {
    return `holds the path '${name.slice(0, 100)}', which is not taken`;
  }
  if ((size ?? 0) > limit) return `holds '${name}' with ${size} bytes, more than ${limit}`;
  const folded = name.toLowerCase();
  if (names.has(folded)) return `holds '${name}' twice`;
  names.add(folded);
  return null;
}

/** BAD_INPUT: the archive and what is wrong with it. */
export function refusedArchive(named: string, { remedy }: Pick<ArchiveRules, 'remedy'>, why: string): HookpointError {
  return new HookpointError('BAD_INPUT', `The archive ${named} ${why}.`, { remedy });
}
