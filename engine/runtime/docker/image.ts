import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { programFolder } from '../program-folder.ts';
import { abortable } from './container.ts';
import { statusOf } from './failure.ts';
import { buildImage } from './image-build.ts';
import { importDebian } from './image-import.ts';
import { digest, type ImageOptions, type InputFile, inputFiles } from './image-input.ts';

/**
 * Makes sure that the lab node's image is there and answers its tag, which is a hash of everything that goes into it: an image is
 * built once, and a changed input gives another tag.
 *
 * Two layers: `base` holds Debian's packages (minutes, rarely changes), on it come our own programs (a second).
 *
 * @throws IMAGE_BUILD_FAILED with the failing step's last lines; DISK_FULL.
 */
export async function ensureImage(docker: Docker, options: ImageOptions = {}): Promise<string> {
  const { tag, base, baseFiles, files } = plan();
  if (await hasImage(docker, tag, options)) return tag;
  if (!(await hasImage(docker, base, options))) await makeBase(docker, base, baseFiles, options);
  options.progress?.({ stage: 'image', detail: "adding Hookpoint's programs" });
  await buildImage(docker, { tag, files, arguments: { BASE: base } }, options);
  return tag;
}

/** The image's tag if it is there already. */
export async function findImage(docker: Docker): Promise<string | undefined> {
  const { tag } = plan();
  return (await hasImage(docker, tag, {})) ? tag : undefined;
}

interface Plan {
  readonly tag: string;
  readonly base: string;
  readonly baseFiles: readonly InputFile[];
  /** What goes on top of the base: the Dockerfile and the programs. */
  readonly files: readonly InputFile[];
}

function plan(): Plan {
  const folder = join(programFolder(), 'images/lab-node');
  const baseFiles = inputFiles(join(folder, 'base'));
  const programs = inputFiles(join(folder, 'programs')).map((file) => ({ ...file, path: `programs/${file.path}` }));
  const files = [{ path: 'Dockerfile', content: readFileSync(join(folder, 'Dockerfile')) }, ...programs];
  const base = `hookpoint/lab-base:${digest(baseFiles)}`;
  return { base, baseFiles, files, tag: `hookpoint/lab-node:${digest([...baseFiles, ...files])}` };
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
  options.signal?.throwIfAborted();
  try {
    await docker.getImage(reference).inspect();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}
