import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { asHookpointError } from '../../contract/error.ts';
import { readKernelLogSetting } from '../../observe/kernel-log.ts';
import { type Container, type ContainerRuntime, helperLabel, type Progress } from '../../runtime/container.ts';
import { connectDocker } from '../../runtime/docker/connect.ts';
import { createHome, findHome, type Home } from '../../sessions/home.ts';
import type { Finding, FindingId } from './finding.ts';

export interface ExamineOptions {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Build the lab node's image where it is not there yet. */
  readonly buildImage: boolean;
}

const megabyte = 1024 * 1024;

/**
 * Looks at everything a lab needs, from the ground up, and tells each finding as it is made. What cannot be looked at because of something
 * below it is left out.
 */
export async function* examine(options: ExamineOptions): AsyncGenerator<Finding, void> {
  const home = findHome();
  yield nodeVersion();
  yield await attempt('data-folder', () => dataFolder(home));
  let runtime: ContainerRuntime | undefined;
  yield await attempt('docker', async () => {
    runtime = await connectDocker({ stateFolder: home.folder, ...signalOf(options) });
    return ok('docker', runtime.description);
  });
  if (runtime !== undefined) yield* examineEngine(runtime, options);
  yield memory();
  if (existsSync(home.folder)) yield await attempt('disk', () => disk(home));
}

async function* examineEngine(runtime: ContainerRuntime, options: ExamineOptions): AsyncGenerator<Finding, void> {
  let image: string | undefined;
  yield await attempt('image', async () => {
    image = options.buildImage ? await runtime.ensureImage(options) : await runtime.findImage();
    if (image !== undefined) return ok('image', image);
    return {
      id: 'image',
      status: 'warning',
      message: 'The image of the lab nodes has not been built yet.',
      remedy: 'The first start builds it, in a minute or two; `hookpoint doctor --fix` does so now.',
    };
  });
  if (image === undefined) return;
  const tag = image;
  const kernel: Finding[] = [];
  const privileges = await attempt('privileges', async () => {
    await using trial = await startTrial(runtime, tag, options.signal);
    kernel.push(await attempt('kernel', () => kernelFeatures(trial.container)));
    const how =
      runtime.privileges === 'privileged' ? '--privileged' : 'single capabilities (--privileged is refused here)';
    return ok('privileges', `Lab containers start with ${how}.`);
  });
  yield* kernel;
  yield privileges;
  yield await attempt('kernel-log', () => kernelLogSetting(runtime, options.signal), 'warning');
}

async function startTrial(
  runtime: ContainerRuntime,
  image: string,
  signal: AbortSignal | undefined,
): Promise<AsyncDisposable & { readonly container: Container }> {
  const container = await runtime.start(
    {
      name: `hookpoint-doctor-${process.pid}`,
      image,
      argv: ['sleep', '120'],
      hostname: 'doctor',
      labels: { [helperLabel]: '1' },
      limits: { memoryMegabytes: 128, pids: 100, cpus: 1 },
      tmpfs: { '/run': { megabytes: 16 }, '/tmp': { megabytes: 16 } },
      volumes: [],
    },
    signal,
  );
  return { container, [Symbol.asyncDispose]: () => container.remove() };
}

/** Both backends of iptables, and the kernel's parts that the labs use. */
async function kernelFeatures(container: Container): Promise<Finding> {
  const trials = {
    'nf_tables (iptables-nft)':
      'iptables-nft -A INPUT -p tcp -m conntrack --ctstate NEW -m multiport --dports 1,2 -j LOG',
    'nat (REDIRECT, MASQUERADE)':
      'iptables-nft -t nat -A OUTPUT -p tcp --dport 1 -j REDIRECT --to-port 2 && iptables-nft -t nat -A POSTROUTING -j MASQUERADE',
    'x_tables (iptables-legacy)': 'iptables-legacy -A INPUT -p tcp --dport 1 -j ACCEPT',
    IPv6: 'ip6tables-nft -A INPUT -p icmpv6 -j ACCEPT',
    'veth and bridge': 'ip link add trial0 type veth peer name trial1 && ip link add trialbr type bridge',
    ipset: 'ipset create trial hash:ip && ipset destroy trial',
  };
  const script = Object.entries(trials)
    .map(([name, command]) => `unshare --net bash -c '${command}' >/dev/null 2>&1 || echo '${name}'`)
    .join('\n');
  const { stdout } = await container.exec(['bash', '-c', script]);
  const missing = stdout.split('\n').filter((line) => line !== '');
  if (missing.length === 0) return ok('kernel', 'The kernel has what the labs use.');
  return {
    id: 'kernel',
    status: missing.some((name) => /nf_tables|veth|nat/.test(name)) ? 'failed' : 'warning',
    message: `The Docker host's kernel lacks: ${missing.join(', ')}.`,
    remedy: 'Load the modules on the Docker host (modprobe), or use a kernel of a current distribution.',
  };
}

async function kernelLogSetting(runtime: ContainerRuntime, signal: AbortSignal | undefined): Promise<Finding> {
  const value = await readKernelLogSetting(runtime, signal);
  if (value === '1') return ok('kernel-log', 'LOG rules in nodes reach the kernel log.');
  return ok(
    'kernel-log',
    'LOG rules in nodes are kept out of the kernel log; a lab that needs them asks before it changes that.',
  );
}

function nodeVersion(): Finding {
  return ok('node', `Node ${process.versions.node}`);
}

function dataFolder(home: Home): Finding {
  createHome(home);
  return ok('data-folder', home.folder);
}

function memory(): Finding {
  const free = Math.round(freemem() / megabyte);
  if (free >= 512) return ok('memory', `${free} MB are free.`);
  return {
    id: 'memory',
    status: 'warning',
    message: `Only ${free} MB of memory are free.`,
    remedy: 'Close something before a lab of several nodes.',
  };
}

async function disk(home: Home): Promise<Finding> {
  const { bavail, bsize } = await statfs(home.folder);
  const free = Math.round((bavail * bsize) / megabyte);
  if (free >= 1024) return ok('disk', `${Math.round(free / 1024)} GB are free below ${home.folder}.`);
  return {
    id: 'disk',
    status: free < 50 ? 'failed' : 'warning',
    message: `Only ${free} MB are free below ${home.folder}.`,
    remedy: 'Free some space, or set HOOKPOINT_HOME to a folder on another disk.',
  };
}

function ok(id: FindingId, message: string): Finding {
  return { id, status: 'ok', message };
}

function signalOf(options: ExamineOptions): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal };
}

/** A look that failed is a finding, with the failure's own words and remedy. */
async function attempt(
  id: FindingId,
  look: () => Finding | Promise<Finding>,
  severity: 'failed' | 'warning' = 'failed',
): Promise<Finding> {
  try {
    return await look();
  } catch (thrown) {
    const error = asHookpointError(thrown);
    if (error.code === 'CANCELLED') throw error;
    return {
      id,
      status: severity,
      message: error.message,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    };
  }
}
