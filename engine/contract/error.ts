/** Every failure that Hookpoint reports by itself, with the exit code a command ends with. The list is closed. */
export const errorCodes = {
  /** Bad usage of a command or an option. */
  USAGE: 2,
  /** A file or a value that was given does not have the shape it must have. */
  BAD_INPUT: 2,
  NOT_FOUND: 2,
  /** There are as many of something as there may be. */
  LIMIT_REACHED: 2,
  PACK_INVALID: 2,
  /** iptables-save text that cannot be read. */
  RULESET_INVALID: 2,
  /** A window's line to its engine was cut: the window says it, since nobody is there who could. */
  ENGINE_UNREACHABLE: 3,
  /** A part of Hookpoint that is built from its sources is not there. */
  NOT_BUILT: 3,
  DOCKER_UNREACHABLE: 3,
  DOCKER_DENIED: 3,
  DOCKER_FAILED: 3,
  IMAGE_BUILD_FAILED: 3,
  DISK_FULL: 3,
  /** The container of a session is gone or stopped. */
  SESSION_LOST: 3,
  SESSION_BUSY: 3,
  NODE_FAILED: 3,
  PROVISIONING_FAILED: 3,
  TIMED_OUT: 3,
  CANCELLED: 3,
  STORE_FAILED: 3,
  INTERNAL: 3,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** One place in a file, 1-based. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  readonly message: string;
  readonly place?: Place;
  readonly expected?: string;
}

/** A failure for people: what happened, what was expected, what to do next. */
export class HookpointError extends Error {
  override readonly name = 'HookpointError';
  readonly code: ErrorCode;
  /** What to do about it, a sentence. */
  readonly remedy: string | undefined;
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { remedy?: string; problems?: readonly Problem[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.problems = options.problems ?? [];
  }

  get exitCode(): number {
    return errorCodes[this.code];
  }
}

/** Whatever was thrown, as a HookpointError; what is not ours becomes INTERNAL with its cause kept. */
export function asHookpointError(thrown: unknown): HookpointError {
  if (thrown instanceof HookpointError) return thrown;
  // Node's own calls throw an AbortError around the reason that their signal was aborted with.
  if (thrown instanceof Error && thrown.name === 'AbortError' && thrown.cause instanceof HookpointError) {
    return thrown.cause;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new HookpointError('INTERNAL', message, {
    remedy: 'This is a fault in Hookpoint: report it with what you did and what stands here.',
    cause: thrown,
  });
}
