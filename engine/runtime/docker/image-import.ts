import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
import { HookpointError } from '../../contract/error.ts';
import { abortable } from './container.ts';
import type { ImageOptions, InputFile } from './image-input.ts';

/**
 * Makes the base image without a registry: mmdebstrap(1) unpacks Debian's packages into a tar, `docker import` takes it.
 *
 * @throws IMAGE_BUILD_FAILED where mmdebstrap is not there or fails.
 */
export async function importDebian(
  docker: Docker,
  tag: string,
  files: readonly InputFile[],
  options: ImageOptions,
): Promise<void> {
  const content = (name: string) => files.find(({ path }) => path === name)?.content.toString('utf8') ?? '';
  const packages = content('packages.txt')
    .split('\n')
    .filter((line) => line !== '');
  const folder = await mkdtemp(join(tmpdir(), 'hookpoint-image-'));
  try {
    const setup = join(folder, 'setup.sh');
    const archive = join(folder, 'rootfs.tar');
    await writeFile(setup, content('setup.sh'));
    options.progress?.({
      stage: 'image',
      detail: `${packages.length} Debian packages with mmdebstrap, about a minute`,
    });
    await mmdebstrap(
      [
        '--variant=minbase',
        `--include=${packages.join(',')}`,
        `--customize-hook=copy-in ${setup} /tmp`,
        '--customize-hook=chroot "$1" sh /tmp/setup.sh',
        '--customize-hook=rm "$1"/tmp/setup.sh',
        'trixie',
        archive,
      ],
      options,
    );
    options.progress?.({ stage: 'image', detail: 'handing it to Docker' });
    const [repo = tag, version = 'latest'] = tag.split(':');
    const answer = await docker.importImage(archive, {
      repo,
      tag: version,
      changes: ['ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ...abortable(options.signal),
    });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function mmdebstrap(argv: readonly string[], options: ImageOptions): Promise<void> {
  const child = spawn('mmdebstrap', argv, {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const printed: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    printed.push(line);
    options.progress?.({ stage: 'image', detail: line.replace(/^I: /, '') });
  });
  let exitCode: unknown;
  try {
    [exitCode] = await once(child, 'close');
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new HookpointError('IMAGE_BUILD_FAILED', 'No image registry answers and mmdebstrap could not be run.', {
      remedy: 'Connect the Docker host to its registry, or on Debian or Ubuntu as root run `hookpoint doctor --fix`.',
      cause: error,
    });
  }
  if (exitCode === 0) return;
  const last = printed.slice(-5).join('\n');
  const full = /no space left/i.test(last);
  throw new HookpointError(full ? 'DISK_FULL' : 'IMAGE_BUILD_FAILED', `mmdebstrap ended with ${exitCode}:\n${last}`, {
    remedy: full
      ? 'Free some space in the temporary folder, then try again.'
      : 'See that Debian packages can be had here.',
  });
}
