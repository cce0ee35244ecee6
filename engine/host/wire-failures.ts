import { ORPCError } from '@orpc/client';
import { asHookpointError, HookpointError } from '../contract/error.ts';
import { type Failure, type FailureData, httpStatus } from '../contract/failures.ts';

/** A failure as data, for answers that hold one. */
export function failureOf(error: HookpointError): Failure {
  const { code, message } = error;
  return { code, message, ...dataOf(error) };
}

const dataOf = ({ remedy, problems }: HookpointError): FailureData => ({
  remedy: remedy ?? null,
  problems: problems.map(({ message, place, expected }) => ({
    message,
    ...(place ? { place } : {}),
    ...(expected === undefined ? {} : { expected }),
  })),
});

/**
 * Every failure of a procedure as one of the closed set, also those of streams after they began. What does not fit a schema is BAD_INPUT.
 */
export async function withWireFailures(options: { next(): Promise<unknown> }): Promise<unknown> {
  try {
    const output = await options.next();
    return isStream(output) ? guarded(output) : output;
  } catch (error) {
    throw wireFailure(error);
  }
}

const isStream = (output: unknown): output is AsyncGenerator<unknown> =>
  typeof output === 'object' && output !== null && Symbol.asyncIterator in output;

async function* guarded(stream: AsyncGenerator<unknown>): AsyncGenerator<unknown> {
  try {
    return yield* stream;
  } catch (error) {
    throw wireFailure(error);
  }
}

function wireFailure(thrown: unknown): unknown {
  const error = fromCarrier(thrown) ?? asHookpointError(thrown);
  return new ORPCError(error.code, {
    defined: true,
    status: httpStatus[error.code],
    message: error.message,
    data: dataOf(error),
    cause: error,
  });
}

/** What oRPC itself refuses: input that fits no schema. */
function fromCarrier(thrown: unknown): HookpointError | null {
  if (!(thrown instanceof ORPCError)) return null;
  if (thrown.code !== 'BAD_REQUEST') return null;
  const issues: unknown = thrown.data?.issues;
  const problems = Array.isArray(issues) ? issues.map(problemOf) : [];
  return new HookpointError('BAD_INPUT', 'The request does not have the shape that this procedure takes.', {
    remedy: 'Window and engine may be of different versions: restart both.',
    problems,
    cause: thrown,
  });
}

function problemOf(issue: { readonly message?: unknown; readonly path?: unknown }) {
  const path = Array.isArray(issue.path) ? issue.path.join('.') : '';
  return { message: `${path === '' ? '' : `${path}: `}${String(issue.message)}` };
}
