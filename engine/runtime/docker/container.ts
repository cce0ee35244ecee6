import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { AttachedExec, AttachOptions, Container, ContainerState, ExecOptions, ExecResult } from '../container.ts';
import { attachExec, runExec } from './exec.ts';
import { dockerFailure, statusOf } from './failure.ts';

/** A container of a Docker engine. Holds no state but its id: any process may make one for a container that it did not start. */
export class DockerContainer implements Container {
  readonly id: string;
  readonly #container: Docker.Container;

  constructor(docker: Docker, id: string) {
    this.id = id;
    this.#container = docker.getContainer(id);
  }

  exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return runExec(this.#container, argv, options);
  }

  attach(argv: readonly string[], options: AttachOptions = {}): Promise<AttachedExec> {
    return attachExec(this.#container, argv, { ...options, withStdin: true });
  }

  async put(path: string, archive: Readable | Buffer, signal?: AbortSignal): Promise<void> {
    const source = Buffer.isBuffer(archive) ? Readable.from([archive]) : archive;
    await this.#call('copy files into the container', () =>
      this.#container.putArchive(source, { path, ...abortable(signal) }),
    );
  }

  async get(path: string, signal?: AbortSignal): Promise<Readable> {
    const archive = await this.#call('copy files out of the container', () =>
      this.#container.getArchive({ path, ...abortable(signal) }),
    );
    // Node's own stream as a rule; `wrap`, which is for those of old, can stop halfway.
    return archive instanceof Readable ? archive : Readable.from(archive);
  }

  async state(signal?: AbortSignal): Promise<ContainerState | null> {
    const found = await this.#unlessGone('inspect the container', () => this.#container.inspect(abortable(signal)));
    if (found === null) return null;
    const { Paused, Running } = found.State;
    return {
      id: found.Id,
      name: found.Name.replace(/^\//, ''),
      labels: found.Config.Labels,
      status: Paused ? 'paused' : Running ? 'running' : 'stopped',
      created: new Date(found.Created),
    };
  }

  async pause(signal?: AbortSignal): Promise<void> {
    await this.#call('pause the container', () => this.#container.pause(abortable(signal)));
  }

  async unpause(signal?: AbortSignal): Promise<void> {
    await this.#call('wake the container', () => this.#container.unpause(abortable(signal)));
  }

  async remove(signal?: AbortSignal): Promise<void> {
    await this.#unlessGone('remove the container', async () => {
      try {
        await this.#container.remove({ force: true, v: true, ...abortable(signal) });
      } catch (error) {
        // Somebody else is removing it at this moment: done when that is done.
        if (statusOf(error) !== 409) throw error;
        await this.#container.wait({ condition: 'removed', ...abortable(signal) });
      }
    });
  }

  async #call<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw dockerFailure(error, doing);
    }
  }

  /** null where the container does not exist. */
  async #unlessGone<Result>(doing: string, work: () => Promise<Result>): Promise<Result | null> {
    try {
      return await work();
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw dockerFailure(error, doing);
    }
  }
}

export function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
