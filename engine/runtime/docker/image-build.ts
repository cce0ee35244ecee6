import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { HookpointError } from '../../contract/error.ts';
import { abortable } from './container.ts';
import { dockerFailure } from './failure.ts';
import type { ImageOptions, InputFile } from './image-input.ts';

export interface Build {
  readonly tag: string;
  readonly files: readonly InputFile[];
  readonly arguments: Readonly<Record<string, string>>;
}

/** `docker build` with these files as its context. */
export async function buildImage(docker: Docker, build: Build, options: ImageOptions): Promise<void> {
  const context = pack();
  for (const { path, content } of build.files) context.entry({ name: path, mode: 0o755 }, content);
  context.finalize();
  const printed: string[] = [];
  try {
    const stream = await docker.buildImage(context.pipe(new PassThrough()), {
      t: build.tag,
      buildargs: { ...build.arguments },
      rm: true,
      forcerm: true,
      // A type of dockerode's lacks it; the request takes it.
      ...(abortable(options.signal) as object),
    });
    await new Promise<void>((resolve, reject) => {
      const finished = (error: Error | null) => (error ? reject(error) : resolve());
      docker.modem.followProgress(stream, finished, (event: { stream?: string; error?: string }) => {
        if (event.error !== undefined) reject(new Error(event.error));
        const line = event.stream?.trim();
        if (!line) return;
        printed.push(line);
        options.progress?.({ stage: 'image', detail: line });
      });
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    const failure = dockerFailure(error, 'build the lab node image');
    if (failure.code !== 'DOCKER_FAILED') throw failure;
    throw new HookpointError('IMAGE_BUILD_FAILED', [failure.message, ...printed.slice(-5)].join('\n'), {
      remedy: 'See that the Docker host reaches its registry and Debian, then try `hookpoint doctor --fix`.',
      cause: error,
    });
  }
}
