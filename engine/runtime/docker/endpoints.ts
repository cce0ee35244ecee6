import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A place where a Docker engine may answer. */
export interface Endpoint {
  /** unix:///var/run/docker.sock, tcp://host:2376, ssh://user@host, npipe:////./pipe/docker_engine */
  readonly host: string;
  /** Why we look there, for messages: "DOCKER_HOST", "context colima". */
  readonly reason: string;
  /** Folder with ca.pem, cert.pem and key.pem, where the endpoint speaks TLS. */
  readonly certificates?: string;
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly uid: number | undefined;
}

export function surroundings(): Surroundings {
  return { env: process.env, home: homedir(), platform: process.platform, uid: process.getuid?.() };
}

/**
 * Where to look, in the docker command's order: DOCKER_HOST, DOCKER_CONTEXT, the current context of config.json, the default
 * socket. When the caller named a place, it is the only one. Behind the default come the sockets of Docker Desktop, Colima,
 * OrbStack, Podman and rootless Docker, which the docker command reaches through contexts that may not be set up.
 *
 * Source: https://docs.docker.com/engine/manage-resources/contexts/
 */
export function endpoints(where: Surroundings = surroundings()): readonly Endpoint[] {
  const { env } = where;
  if (env.DOCKER_HOST) {
    const certificates = env.DOCKER_TLS_VERIFY
      ? { certificates: env.DOCKER_CERT_PATH ?? join(where.home, '.docker') }
      : {};
    return [{ host: env.DOCKER_HOST, reason: 'DOCKER_HOST', ...certificates }];
  }
  const config = env.DOCKER_CONFIG ?? join(where.home, '.docker');
  const context = env.DOCKER_CONTEXT ?? currentContext(config);
  if (context !== undefined && context !== 'default') return [contextEndpoint(config, context)];
  return [defaultEndpoint(where), ...otherEndpoints(where)];
}

/**
 * What the user named as the one place where Docker is: DOCKER_HOST, or a context. Null where nobody did, and Hookpoint may look around,
 * or start an engine of its own.
 */
export function namedEngine(where: Surroundings = surroundings()): { readonly kind: 'host' | 'context' } | null {
  if (where.env.DOCKER_HOST) return { kind: 'host' };
  const [first] = endpoints(where);
  return first?.reason.startsWith('context ') ? { kind: 'context' } : null;
}

function currentContext(config: string): string | undefined {
  return readJson<{ currentContext?: string }>(join(config, 'config.json'))?.currentContext;
}

function contextEndpoint(config: string, name: string): Endpoint {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = readJson<{ Endpoints?: { docker?: { Host?: string } } }>(
    join(config, 'contexts', 'meta', id, 'meta.json'),
  );
  const tls = join(config, 'contexts', 'tls', id, 'docker');
  return {
    host: meta?.Endpoints?.docker?.Host ?? '',
    reason: meta === undefined ? `context ${name}, which is not there` : `context ${name}`,
    ...(existsSync(tls) ? { certificates: tls } : {}),
  };
}

function defaultEndpoint(where: Surroundings): Endpoint {
  const host = where.platform === 'win32' ? 'npipe:////./pipe/docker_engine' : 'unix:///var/run/docker.sock';
  return { host, reason: 'the default socket' };
}

function otherEndpoints(where: Surroundings): readonly Endpoint[] {
  if (where.platform === 'win32')
    return [{ host: 'npipe:////./pipe/dockerDesktopLinuxEngine', reason: 'Docker Desktop' }];
  const runtimeFolder = where.env.XDG_RUNTIME_DIR ?? `/run/user/${where.uid ?? 0}`;
  const candidates: readonly (readonly [path: string, reason: string])[] = [
    [join(where.home, '.docker/run/docker.sock'), 'Docker Desktop'],
    [join(where.home, '.docker/desktop/docker.sock'), 'Docker Desktop'],
    [join(where.home, '.colima/default/docker.sock'), 'Colima'],
    [join(where.home, '.orbstack/run/docker.sock'), 'OrbStack'],
    [join(runtimeFolder, 'docker.sock'), 'rootless Docker'],
    [join(runtimeFolder, 'podman/podman.sock'), 'Podman'],
    ['/run/podman/podman.sock', 'Podman'],
  ];
  return candidates.filter(([path]) => existsSync(path)).map(([path, reason]) => ({ host: `unix://${path}`, reason }));
}

function readJson<Shape>(path: string): Shape | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Shape;
  } catch (error) {
    // The docker command, too, goes on with its defaults when a configuration file is damaged.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
