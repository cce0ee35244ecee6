import { ORPCError } from '@orpc/client';
import { StandardRPCJsonSerializer, StandardRPCSerializer } from '@orpc/client/standard';
import { asHookpointError, errorCodes, HookpointError } from '../contract/error.ts';
import { type Failure, type FailureData, httpStatus } from '../contract/failures.ts';
import type { CallContext } from './call-context.ts';

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

const differentVersions = 'Window and engine may be of different versions: restart both.';

/**
 * Every failure of a procedure as one of the closed set, also those of streams after they began. What does not fit a schema is BAD_INPUT.
 */
export async function withWireFailures(options: {
  readonly context: CallContext;
  next(): Promise<unknown>;
}): Promise<unknown> {
  try {
    const output = await options.next();
    return isStream(output) ? guarded(output, options.context.calls) : output;
  } catch (error) {
    throw wireFailure(error);
  }
}

/** A call counts from the moment at which its input begins to be read. */
export async function withCallLimit<Result>(options: {
  readonly context: CallContext;
  next(): Promise<Result>;
}): Promise<Result> {
  const { calls } = options.context;
  try {
    calls?.enter('call');
  } catch (error) {
    throw wireFailure(error);
  }
  try {
    return await options.next();
  } finally {
    calls?.leave('call');
  }
}

/** The same for what fails before a procedure is reached: input that cannot be decoded. */
export async function withDecodingFailures<Result>(options: { next(): Promise<Result> }): Promise<Result> {
  try {
    return await options.next();
  } catch (error) {
    // What a procedure threw has its code by now.
    if (error instanceof ORPCError) throw wireFailure(error);
    throw wireFailure(
      new HookpointError('BAD_INPUT', 'The request cannot be read.', { remedy: differentVersions, cause: error }),
    );
  }
}

const serializer = new StandardRPCSerializer(new StandardRPCJsonSerializer());

/** A procedure that is not there: NOT_FOUND, with a remedy, instead of the carrier's own words. */
export async function withUnknownProcedures<Result extends { readonly matched: boolean }>(options: {
  readonly request: { readonly url: URL };
  next(): Promise<Result>;
}) {
  const result = await options.next();
  if (result.matched) return result;
  const name = options.request.url.pathname.slice(1).replaceAll('/', '.').slice(0, 100);
  const missing = new HookpointError('NOT_FOUND', `The engine has no procedure "${name}".`, {
    remedy: differentVersions,
  });
  const error = wireFailure(missing);
  return {
    matched: true as const,
    response: { status: error.status, headers: {}, body: serializer.serialize(error.toJSON()) },
  };
}

const isStream = (output: unknown): output is AsyncGenerator<unknown> =>
  typeof output === 'object' && output !== null && Symbol.asyncIterator in output;

async function* guarded(stream: AsyncGenerator<unknown>, calls: CallContext['calls']): AsyncGenerator<unknown> {
  try {
    calls?.enter('stream');
  } catch (error) {
    throw wireFailure(error);
  }
  try {
    return yield* stream;
  } catch (error) {
    throw wireFailure(error);
  } finally {
    calls?.leave('stream');
  }
}

function wireFailure(thrown: unknown): ORPCError<string, unknown> {
  if (thrown instanceof ORPCError && thrown.defined && thrown.code in errorCodes) return thrown;
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
    remedy: differentVersions,
    problems,
    cause: thrown,
  });
}

function problemOf(issue: { readonly message?: unknown; readonly path?: unknown }) {
  const path = Array.isArray(issue.path) ? issue.path.join('.') : '';
  return { message: `${path === '' ? '' : `${path}: `}${String(issue.message)}` };
}
