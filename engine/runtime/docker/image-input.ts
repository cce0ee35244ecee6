import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../container.ts';

/** A file of an image's folder: its path below the folder, and what is in it. */
export interface InputFile {
  readonly path: string;
  readonly content: Buffer;
}

export interface ImageOptions {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** Every file below a folder, in the order of their paths. */
export function inputFiles(folder: string): readonly InputFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: path.slice(folder.length + 1), content: readFileSync(path) }));
}

/** One text for all of it, so that a changed input gives another tag. */
export function digest(files: readonly InputFile[]): string {
  const hash = createHash('sha256');
  for (const { path, content } of files) hash.update(`${path}\0${content.length}\0`).update(content);
  return hash.digest('hex').slice(0, 16);
}
