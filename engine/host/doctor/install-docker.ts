import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { asHookpointError, HookpointError } from '../../contract/error.ts';
import type { Progress } from '../../runtime/container.ts';
import { connectDocker } from '../../runtime/docker/connect.ts';

/** The process id of a dockerd that we started where no init system does: whoever wants it for a while only, as CI does, ends it. */
const dockerdPidFile = '/run/hookpoint-dockerd.pid';
const dockerdLog = '/var/log/hookpoint-dockerd.log';

/** A starting dockerd answers within this many milliseconds, or its log says why not. */
const startTimeout = 60_000;

export interface InstallOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Whether `--fix` can do something here: Debian or Ubuntu, and root. */
export async function canInstall(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(await readFile('/etc/os-release', 'utf8'));
}

/** Installs what is missing and starts the engine, so that connectDocker succeeds; nothing where it does already. */
export async function installDocker(options: InstallOptions): Promise<void> {
  if (await dockerAnswers(options.signal)) return;
  if (!existsSync('/usr/sbin/dockerd') && !existsSync('/usr/bin/dockerd'))
    await aptInstall(['docker.io', 'iptables'], options);
  await startEngine(options);
}

/** What builds the image where no registry answers. */
export async function installImageTools(options: InstallOptions): Promise<void> {
  if (!existsSync('/usr/bin/mmdebstrap')) await aptInstall(['mmdebstrap'], options);
}

/** Whether an engine answers where the docker command would look. DOCKER_DENIED where it refuses this user. */
export async function dockerAnswers(signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await connectDocker(signal === undefined ? {} : { signal });
    return true;
  } catch (thrown) {
    if (asHookpointError(thrown).code === 'DOCKER_UNREACHABLE') return false;
    throw thrown;
  }
}

async function startEngine(options: InstallOptions): Promise<void> {
  options.progress({ stage: 'starting the Docker engine' });
  const systemd = existsSync('/run/systemd/system');
  if (systemd) {
    await run('systemctl', ['start', 'docker'], options);
  } else {
    const log = openSync(dockerdLog, 'a');
    const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] });
    await once(daemon, 'spawn');
    daemon.unref();
    if (daemon.pid !== undefined) await writeFile(dockerdPidFile, `${daemon.pid}\n`);
  }
  const end = Date.now() + startTimeout;
  while (!(await dockerAnswers(options.signal))) {
    if (Date.now() > end) {
      const where = systemd ? '`journalctl -u docker`' : dockerdLog;
      throw new HookpointError('DOCKER_UNREACHABLE', 'The Docker engine was started but does not answer.', {
        remedy: `See ${where} for why.`,
      });
    }
    // Nothing announces a socket that does not exist yet.
    await delay(100, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

async function aptInstall(packages: readonly string[], options: InstallOptions): Promise<void> {
  options.progress({ stage: `installing ${packages.join(' ')}` });
  await run('apt-get', ['update', '-q'], options);
  await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], options);
}

async function run(command: string, argv: readonly string[], options: InstallOptions): Promise<void> {
  const child = spawn(command, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const printed: string[] = [];
  const note = (line: string) => {
    printed.push(line);
    options.progress({ stage: command, detail: line });
  };
  createInterface({ input: child.stdout }).on('line', note);
  createInterface({ input: child.stderr }).on('line', note);
  const [exitCode] = await once(child, 'close');
  if (exitCode === 0) return;
  options.signal?.throwIfAborted();
  const last = printed.slice(-5).join('\n');
  const full = /no space left/i.test(last);
  throw new HookpointError(full ? 'DISK_FULL' : 'DOCKER_UNREACHABLE', `${command} ${argv[0]} failed:\n${last}`, {
    remedy: full ? 'Free some space, then try again.' : 'Mend what it says, then try again.',
  });
}
