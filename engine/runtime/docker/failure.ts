import { HookpointError } from '../../contract/error.ts';

/** What the Docker API or its socket reported. */
interface ApiFailure {
  readonly statusCode?: number;
  readonly code?: string;
  readonly message: string;
}

function isApiFailure(thrown: unknown): thrown is ApiFailure {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown;
}

export function statusOf(thrown: unknown): number | undefined {
  return isApiFailure(thrown) ? thrown.statusCode : undefined;
}

/** Whether `--privileged` was refused because the host itself lacks a capability. */
export function refusedCapabilities(thrown: unknown): boolean {
  return isApiFailure(thrown) && /unable to apply caps|capabilit/i.test(thrown.message);
}

/** A failure of the Docker API as one of ours, with the remedy where the cause is known. `doing` completes "could not ...". */
export function dockerFailure(thrown: unknown, doing: string): HookpointError {
  if (thrown instanceof HookpointError) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return new HookpointError('CANCELLED', `Cancelled: ${doing}.`, { cause: thrown });
  }
  const message = isApiFailure(thrown) ? thrown.message : String(thrown);
  if (/no space left on device|disk quota exceeded/i.test(message)) {
    return new HookpointError('DISK_FULL', `Could not ${doing}: the disk of the Docker host is full.`, {
      remedy: 'Free some space (docker system df shows what Docker holds), then try again.',
      cause: thrown,
    });
  }
  const code = isApiFailure(thrown) ? thrown.code : undefined;
  if (code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'ECONNRESET' || code === 'EPIPE') {
    return new HookpointError('DOCKER_UNREACHABLE', `Could not ${doing}: Docker stopped answering (${code}).`, {
      remedy: 'Start Docker, then try again; `hookpoint doctor` shows what it finds.',
      cause: thrown,
    });
  }
  return new HookpointError('DOCKER_FAILED', `Could not ${doing}: ${message.trim()}`, {
    remedy: 'Try again. If it fails again, `hookpoint doctor` says whether this machine has what labs need.',
    cause: thrown,
  });
}
