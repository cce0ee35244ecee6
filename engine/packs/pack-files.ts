import { lstat, readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { HookpointError, type Problem } from '../contract/error.ts';
import { limits } from './limits.ts';

/** The files of a pack's folder: paths with `/`, sorted, none of them a link. */
export interface PackFiles {
  readonly folder: string;
  readonly paths: readonly string[];
  readonly problems: readonly Problem[];
}

/** Names that editors, version control and archives leave behind; no part of a pack. */
const ignored = /^(\.git|\.DS_Store|Thumbs\.db|.*~|.*\.sw[op]|node_modules)$/;

/** Lists a pack's folder. NOT_FOUND where there is none; links, devices and too much of anything are problems. */
export async function listPackFiles(folder: string): Promise<PackFiles> {
  const stat = await lstat(folder).catch(() => null);
  if (!stat?.isDirectory()) {
    throw new HookpointError('NOT_FOUND', `There is no pack folder ${folder}.`, {
      remedy: 'Name a folder that holds a pack.yaml.',
    });
  }
  const paths: string[] = [];
  const problems: Problem[] = [];
  let bytes = 0;
  const walk = async (below: string, depth: number): Promise<void> => {
    const entries = await readdir(join(folder, below), { withFileTypes: true });
    entries.sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const entry of entries) {
      if (ignored.test(entry.name)) continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth >= 8) problems.push(fileProblem(folder, path, 'The folder lies too deep.', 'at most 8 levels'));
        else await walk(path, depth + 1);
        continue;
      }
      if (!entry.isFile()) {
        const what = entry.isSymbolicLink() ? 'a symbolic link' : 'neither a file nor a folder';
        problems.push(fileProblem(folder, path, `This is ${what}.`, 'plain files and folders'));
        continue;
      }
      const { size } = await lstat(join(folder, path));
      const most = limitFor(path);
      bytes += size;
      if (size > most) problems.push(fileProblem(folder, path, `The file has ${size} bytes.`, `at most ${most} bytes`));
      else paths.push(path);
      if (paths.length > limits.files || bytes > limits.packBytes) return;
    }
  };
  await walk('', 0);
  if (paths.length > limits.files) {
    problems.push(fileProblem(folder, '', 'The pack has too many files.', `at most ${limits.files} files`));
  }
  if (bytes > limits.packBytes) {
    problems.push(fileProblem(folder, '', 'The pack is too large.', `at most ${limits.packBytes} bytes`));
  }
  return { folder, paths, problems };
}

export function limitFor(path: string): number {
  if (path.endsWith('.yaml')) return limits.yamlBytes;
  return path.endsWith('.md') ? limits.guideBytes : limits.fileBytes;
}

/** The text of one of a pack's files; bytes that are no UTF-8 are a problem. */
export async function readPackText(files: PackFiles, path: string): Promise<{ text: string } | { problem: Problem }> {
  const bytes = await readFile(join(files.folder, path));
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { problem: fileProblem(files.folder, path, 'The file is no UTF-8 text.', 'UTF-8') };
  }
}

/** How a file is named to people: from the working directory where it lies below it. */
export function displayPath(folder: string, path: string): string {
  const whole = join(folder, path);
  const near = relative(process.cwd(), whole);
  return near === '' || near.startsWith('..') || isAbsolute(near) ? whole : near;
}

export function fileProblem(folder: string, path: string, message: string, expected: string): Problem {
  return { message, place: { file: displayPath(folder, path), line: 1, column: 1 }, expected };
}
