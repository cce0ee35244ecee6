import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { HookpointError } from '../../contract/error.ts';
import type { ContainerRuntime } from '../container.ts';
import type { Privileges } from './create-options.ts';
import { type Endpoint, endpoints, namedEngine, type Surroundings, surroundings } from './endpoints.ts';
import { DockerRuntime, type PrivilegeMemory } from './runtime.ts';

/** An engine that does not answer a ping within this many milliseconds is not there; ssh needs the most. */
const pingTimeout = 10_000;

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  readonly where?: Surroundings;
  /** Where to remember what an engine refused. Without it every process finds out anew. */
  readonly stateFolder?: string;
}

/**
 * Connects to the engine that the docker command would use.
 *
 * @throws DOCKER_UNREACHABLE where none answers, DOCKER_DENIED where one refuses this user; both name what was tried.
 */
export async function connectDocker(options: ConnectOptions = {}): Promise<ContainerRuntime> {
  const where = options.where ?? surroundings();
  // With all that it brings it takes a tenth of a second to load, which what needs no engine does not wait for.
  const { default: Client } = await import('dockerode');
  const tried: { readonly endpoint: Endpoint; readonly failure: string; readonly denied: boolean }[] = [];
  for (const endpoint of endpoints(where)) {
    options.signal?.throwIfAborted();
    try {
      const docker = new Client(dockerOptions(endpoint));
      const version = await ping(docker, options.signal);
      const description = `Docker ${version} at ${endpoint.host}`;
      return new DockerRuntime(docker, description, privilegeMemory(options.stateFolder, description));
    } catch (error) {
      if (options.signal?.aborted) throw error;
      const failure = error instanceof Error ? error.message : String(error);
      tried.push({ endpoint, failure, denied: /EACCES|permission denied/i.test(failure) });
    }
  }
  throw notConnected(tried, where);
}

/** Its version. Its types do not have the option that the call takes, as all of them do (dockerode, lib/docker.js). */
async function ping(
  docker: { version(options: { readonly abortSignal: AbortSignal }): Promise<Docker.DockerVersion> },
  signal: AbortSignal | undefined,
): Promise<string> {
  const limit = AbortSignal.timeout(pingTimeout);
  const aborted = Promise.withResolvers<never>();
  const stop = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  stop.addEventListener('abort', () => aborted.reject(new Error(signal?.aborted ? 'cancelled' : 'no answer in 10 s')), {
    once: true,
  });
  const { Version } = await Promise.race([docker.version({ abortSignal: stop }), aborted.promise]);
  return Version;
}

/** docker-modem's options for an endpoint. */
function dockerOptions(endpoint: Endpoint): Docker.DockerOptions {
  if (endpoint.host === '') throw new Error('the context names no host');
  const url = new URL(endpoint.host);
  if (url.protocol === 'unix:' || url.protocol === 'npipe:') {
    return { socketPath: decodeURIComponent(endpoint.host.replace(/^(unix|npipe):\/\//, '')) };
  }
  const port = url.port === '' ? undefined : Number(url.port);
  if (url.protocol === 'ssh:') {
    return {
      protocol: 'ssh',
      host: url.hostname,
      port: port ?? 22,
      username: url.username || undefined,
    } as Docker.DockerOptions;
  }
  const folder = endpoint.certificates;
  if (folder === undefined) return { protocol: 'http', host: url.hostname, port: port ?? 2375 };
  const pem = (name: string) => readFileSync(join(folder, name));
  return {
    protocol: 'https',
    host: url.hostname,
    port: port ?? 2376,
    ca: pem('ca.pem'),
    cert: pem('cert.pem'),
    key: pem('key.pem'),
  };
}

function notConnected(
  tried: readonly { readonly endpoint: Endpoint; readonly failure: string; readonly denied: boolean }[],
  where: Surroundings,
): HookpointError {
  const list = tried
    .map(({ endpoint, failure }) => `${endpoint.host || '(no host)'} (${endpoint.reason}): ${failure}`)
    .join('; ');
  if (tried.some(({ denied }) => denied)) {
    return new HookpointError('DOCKER_DENIED', `Docker is there, but this user may not use it. Tried ${list}.`, {
      remedy: 'Add yourself to the group docker (sudo usermod -aG docker $USER), log in again, then retry.',
    });
  }
  const named = namedEngine(where);
  if (named !== null) {
    const [what, remedy] =
      named.kind === 'host'
        ? ['DOCKER_HOST', 'Unset DOCKER_HOST, or correct it so that it names a Docker engine that runs.']
        : [
            "The docker command's current context",
            'Start its engine, or choose another one: `docker context ls`, then `docker context use NAME`.',
          ];
    const message = `${what} names a Docker engine that does not answer. Tried ${list}.`;
    return new HookpointError('DOCKER_UNREACHABLE', message, { remedy });
  }
  const remedy =
    where.platform === 'linux'
      ? 'Install and start Docker; on Debian or Ubuntu as root `hookpoint doctor --fix` does both.'
      : 'Start Docker Desktop, Colima, OrbStack or Podman, then retry.';
  return new HookpointError('DOCKER_UNREACHABLE', `No Docker engine answers. Tried ${list}.`, { remedy });
}

function privilegeMemory(folder: string | undefined, engine: string): PrivilegeMemory {
  if (folder === undefined) return { read: () => undefined, write: () => undefined };
  const file = join(folder, 'docker-privileges.json');
  const known = (): Record<string, Privileges> => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {});
  return {
    read: () => orNothing(known)?.[engine],
    write: (privileges) => {
      orNothing(() => writeFileSync(file, JSON.stringify({ ...orNothing(known), [engine]: privileges })));
    },
  };
}

/** What cannot be kept or read is found out anew the next time; a damaged or read-only folder is told by whoever needs it. */
function orNothing<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error)) return undefined;
    throw error;
  }
}
