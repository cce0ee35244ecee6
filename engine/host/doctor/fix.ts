import { HookpointError } from '../../contract/error.ts';
import type { Progress } from '../../runtime/container.ts';
import { namedEngine } from '../../runtime/docker/endpoints.ts';
import type { Finding } from './finding.ts';
import { canInstall, dockerAnswers, installDocker, installImageTools } from './install-docker.ts';

/**
 * Installs and starts Docker, and what builds the image, where this machine lets us; the image itself is built by `examine`. Throws what
 * apt or dockerd said.
 */
export async function fix(progress: Progress, signal: AbortSignal): Promise<void> {
  if (!(await canInstall())) return;
  try {
    // A user who named an engine wants that one: a second one beside it would run as root for nobody. `examine` says that it is silent.
    if (namedEngine() !== null && !(await dockerAnswers(signal))) return;
    await installDocker({ progress, signal });
    await installImageTools({ progress, signal });
  } catch (error) {
    // What could not be mended is among the findings; a full disk would hide behind them.
    if (error instanceof HookpointError && error.code === 'DOCKER_DENIED') return;
    throw error;
  }
}

/** Whether `fix` and a build of the image can do something about a finding here. */
export async function canFix({ id, status }: Finding): Promise<boolean> {
  if (status === 'ok') return false;
  return id === 'image' || (id === 'docker' && namedEngine() === null && (await canInstall()));
}
