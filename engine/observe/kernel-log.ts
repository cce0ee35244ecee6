import { HookpointError } from '../contract/error.ts';
import type { ContainerRuntime } from '../runtime/container.ts';

/**
 * LOG lines of a network namespace other than the host's first reach the kernel log only with this on; it can be set in the first one
 * alone (net/netfilter/nf_log.c: nf_log_all_netns is registered for init_net). It changes the whole host, so it is asked for once and put back.
 */
const name = 'net.netfilter.nf_log_all_netns';

export type KernelLogSetting = '0' | '1';

/** What it is now. Throws DOCKER_FAILED where the host does not let it be read (rootless, or without netfilter logging). */
export async function readKernelLogSetting(runtime: ContainerRuntime, signal?: AbortSignal): Promise<KernelLogSetting> {
  return setting(await onHost(runtime, ['sysctl', '-n', name], 'read', signal));
}

/** Sets it, where it is not so already; read back, so that done means done. One run on the host for all, since each costs a container. */
export async function applyKernelLogSetting(
  runtime: ContainerRuntime,
  value: KernelLogSetting,
  signal?: AbortSignal,
): Promise<void> {
  const script = `[ "$(sysctl -n ${name})" = ${value} ] || sysctl -q -w ${name}=${value} && sysctl -n ${name}`;
  const now = setting(await onHost(runtime, ['sh', '-c', script], 'set', signal));
  if (now !== value) throw refused('set', `it is still ${now}`);
}

async function onHost(
  runtime: ContainerRuntime,
  argv: readonly string[],
  verb: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const result = await runtime.runOnHost(argv, signal);
  if (result.exitCode !== 0) throw refused(verb, result.stderr.trim() || `exit status ${result.exitCode}`);
  return result.stdout.trim();
}

function setting(text: string): KernelLogSetting {
  if (text === '0' || text === '1') return text;
  throw refused('read', `unexpected value ${JSON.stringify(text)}`);
}

function refused(verb: string, why: string): HookpointError {
  return new HookpointError('DOCKER_FAILED', `${name} of the Docker host could not be ${verb}: ${why}.`, {
    remedy:
      'LOG lines cannot be graded here: run `hookpoint doctor` for what is missing, or use a Docker engine that runs as root.',
  });
}
