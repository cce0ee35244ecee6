import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Docker from 'dockerode';
import type { Progress } from '../container.ts';
import { abortable } from './container.ts';
import { statusOf } from './failure.ts';
import { buildImage } from './image-build.ts';
import { importDebian } from './image-import.ts';

/** A file of an image's folder: its path below the folder, and what is in it. */
export interface InputFile {
  readonly path: string;
  readonly content: Buffer;
}

export interface ImageOptions {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/**
 * Makes sure that the lab node's image is there and answers its tag, which is a hash of everything that goes into it: an image is
 * built once, and a changed input gives another tag.
 *
 * Two layers: `base` holds Debian's packages (minutes, rarely changes), on it come our own programs (a second).
 *
 * @throws IMAGE_BUILD_FAILED with the failing step's last lines; DISK_FULL.
 */
export async function ensureImage(docker: Docker, options: ImageOptions = {}): Promise<string> {
  const folder = imageFolder();
  const baseFiles = inputFiles(join(folder, 'base'));
  const programs = inputFiles(join(folder, 'programs')).map((file) => ({ ...file, path: `programs/${file.path}` }));
  const dockerfile = { path: 'Dockerfile', content: readFileSync(join(folder, 'Dockerfile')) };
  const base = `hookpoint/lab-base:${digest(baseFiles)}`;
  const tag = `hookpoint/lab-node:${digest([...baseFiles, ...programs, dockerfile])}`;
  if (await hasImage(docker, tag, options)) return tag;
  if (!(await hasImage(docker, base, options))) await makeBase(docker, base, baseFiles, options);
  options.progress?.({ stage: 'image', detail: "adding Hookpoint's programs" });
  await buildImage(docker, { tag, files: [dockerfile, ...programs], arguments: { BASE: base } }, options);
  return tag;
}

async function makeBase(
  docker: Docker,
  tag: string,
  files: readonly InputFile[],
  options: ImageOptions,
): Promise<void> {
  const source = await pullable(docker, 'debian:trixie-slim', options);
  if (source) await buildImage(docker, { tag, files, arguments: {} }, options);
  else await importDebian(docker, tag, files, options);
}

/** Whether an image is here or a registry hands it out. */
async function pullable(docker: Docker, reference: string, options: ImageOptions): Promise<boolean> {
  if (await hasImage(docker, reference, options)) return true;
  options.progress?.({ stage: 'image', detail: `asking the registry for ${reference}` });
  try {
    const stream = await docker.pull(reference, abortable(options.signal) as object);
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
    });
    return true;
  } catch (error) {
    options.signal?.throwIfAborted();
    options.progress?.({
      stage: 'image',
      detail: `no registry answers (${error instanceof Error ? error.message : error})`,
    });
    return false;
  }
}

async function hasImage(docker: Docker, reference: string, options: ImageOptions): Promise<boolean> {
  try {
    await docker.getImage(reference).inspect(abortable(options.signal));
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** images/lab-node of the installation that this file belongs to: the clone, or the bundle. */
function imageFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, 'images/lab-node');
    if (existsSync(join(candidate, 'Dockerfile'))) return candidate;
    if (dirname(folder) === folder) throw new Error('images/lab-node is missing from this installation');
  }
}

function inputFiles(folder: string): readonly InputFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: path.slice(folder.length + 1), content: readFileSync(path) }));
}

function digest(files: readonly InputFile[]): string {
  const hash = createHash('sha256');
  for (const { path, content } of files) hash.update(`${path}\0${content.length}\0`).update(content);
  return hash.digest('hex').slice(0, 16);
}
