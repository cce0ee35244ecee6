import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
import { HookpointError } from '../../contract/error.ts';
import {
  type Container,
  type ContainerEvent,
  type ContainerRuntime,
  type ContainerSpec,
  type ContainerState,
  type ExecResult,
  helperLabel,
  type Progress,
} from '../container.ts';
import { abortable, DockerContainer } from './container.ts';
import { createOptions, type Privileges, privilegeOptions } from './create-options.ts';
import { dockerFailure, refusedCapabilities, statusOf } from './failure.ts';
import { ensureImage, findImage } from './image.ts';

/** What is remembered of an engine between processes, so that `--privileged` is not refused anew each time. */
export interface PrivilegeMemory {
  read(): Privileges | undefined;
  write(privileges: Privileges): void;
}

const labelFilters = (labels: Readonly<Record<string, string | true>>): string[] =>
  Object.entries(labels).map(([name, value]) => (value === true ? name : `${name}=${value}`));

export class DockerRuntime implements ContainerRuntime {
  readonly description: string;
  readonly #docker: Docker;
  readonly #memory: PrivilegeMemory;
  #privileges: Privileges;

  constructor(docker: Docker, description: string, memory: PrivilegeMemory) {
    this.#docker = docker;
    this.description = description;
    this.#memory = memory;
    this.#privileges = memory.read() ?? 'privileged';
  }

  get privileges(): Privileges {
    return this.#privileges;
  }

  ensureImage(options: { progress?: Progress; signal?: AbortSignal } = {}): Promise<string> {
    return ensureImage(this.#docker, options);
  }

  findImage(): Promise<string | undefined> {
    return findImage(this.#docker);
  }

  async start(spec: ContainerSpec, signal?: AbortSignal): Promise<Container> {
    const id = await this.#startOnce((privileges) => createOptions(spec, privileges), spec.name, signal);
    return new DockerContainer(this.#docker, id);
  }

  async list(
    labels: Readonly<Record<string, string | true>>,
    signal?: AbortSignal,
  ): Promise<readonly ContainerState[]> {
    try {
      const filters = { label: labelFilters(labels) };
      const found = await this.#docker.listContainers({ all: true, filters, ...abortable(signal) });
      return found.map((one) => ({
        id: one.Id,
        name: (one.Names[0] ?? '').replace(/^\//, ''),
        labels: one.Labels,
        status: one.State === 'running' || one.State === 'paused' ? one.State : 'stopped',
        created: new Date(one.Created * 1000),
      }));
    } catch (error) {
      throw dockerFailure(error, 'list containers');
    }
  }

  async events(
    labels: Readonly<Record<string, string | true>>,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<ContainerEvent, void>> {
    try {
      const options: Docker.GetEventsOptions = { filters: { type: ['container'], label: labelFilters(labels) } };
      return readEvents(await this.#docker.getEvents({ ...options, ...abortable(signal) }), signal);
    } catch (error) {
      throw dockerFailure(error, 'follow containers');
    }
  }

  async answers(signal: AbortSignal): Promise<void> {
    try {
      // Its types do not have the option that it takes, as all of its calls do (lib/docker.js).
      const docker: { ping(options: { readonly abortSignal: AbortSignal }): Promise<unknown> } = this.#docker;
      await docker.ping({ abortSignal: signal });
    } catch (error) {
      throw dockerFailure(error, 'reach Docker');
    }
  }

  container(id: string): Container {
    return new DockerContainer(this.#docker, id);
  }

  async runOnHost(argv: readonly string[], signal?: AbortSignal): Promise<ExecResult> {
    const image = await this.ensureImage(signal === undefined ? {} : { signal });
    const name = `hookpoint-host-${randomUUID().slice(0, 8)}`;
    const id = await this.#startOnce(
      (privileges) => ({
        name,
        Image: image,
        Entrypoint: [],
        Cmd: ['sleep', '60'],
        Labels: { [helperLabel]: '1' },
        HostConfig: { ...privilegeOptions(privileges), AutoRemove: true, PidMode: 'host', NetworkMode: 'host' },
      }),
      name,
      signal,
    );
    const container = new DockerContainer(this.#docker, id);
    try {
      const limits = signal === undefined ? {} : { signal };
      const entered = await container.exec(['nsenter', '--target', '1', '--net', '--', ...argv], limits);
      // On a nested machine process 1 may have a capability that we lack, and is then out of reach; the engine's own network
      // namespace, in which this container stands, is the first one there.
      const outOfReach = entered.exitCode !== 0 && /reassociate to namespace/.test(entered.stderr);
      return outOfReach ? await container.exec(argv, limits) : entered;
    } finally {
      await container.remove();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The API's connections are one a request: nothing is held open.
  }

  /** Creates and starts; where the engine refuses `--privileged`, once more with single capabilities. */
  async #startOnce(
    options: (privileges: Privileges) => Docker.ContainerCreateOptions,
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    try {
      return await this.#createAndStart(options(this.#privileges), name, signal);
    } catch (error) {
      if (this.#privileges === 'privileged' && refusedCapabilities(error)) {
        const id = await this.#createAndStart(options('cap-add'), name, signal);
        this.#privileges = 'cap-add';
        this.#memory.write('cap-add');
        return id;
      }
      signal?.throwIfAborted();
      throw dockerFailure(error, 'start the container');
    }
  }

  async #createAndStart(
    options: Docker.ContainerCreateOptions,
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    signal?.throwIfAborted();
    try {
      // Not aborted half-way: Docker would go on and make the container after we had looked for it.
      const created = await this.#docker.createContainer(options);
      await created.start();
      signal?.throwIfAborted();
      return created.id;
    } catch (error) {
      // A name that was taken is somebody else's container.
      if (statusOf(error) !== 409) await new DockerContainer(this.#docker, name).remove();
      throw error;
    }
  }
}

async function* readEvents(stream: NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<ContainerEvent, void> {
  try {
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of lines) {
      // One JSON object a line, as Docker's API has them (GET /events).
      const { Action, Actor } = JSON.parse(line) as { Action: string; Actor: { ID: string } };
      yield { container: Actor.ID, action: Action };
    }
  } catch (error) {
    if (signal.aborted) return;
    throw dockerFailure(error, 'follow containers');
  }
  if (signal.aborted) return;
  throw new HookpointError('DOCKER_UNREACHABLE', 'Docker stopped answering: its stream of events ended.', {
    remedy: 'Start Docker, then try again; `hookpoint doctor` shows what it finds.',
  });
}
