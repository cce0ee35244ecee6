import { z } from 'zod';
import { HookpointError } from '../../engine/contract/error.ts';
import type { HostState } from '../../engine/netfilter/index.ts';
import { readText } from './rules-input.ts';

const family = z.enum(['ipv4', 'ipv6']);

/** The parts of a snapshot that decide where a packet goes; more may stand beside them. */
const schema = z.looseObject({
  addresses: z.array(z.looseObject({ interface: z.string(), address: z.string(), prefix: z.int().min(0).max(128) })),
  routes: z
    .array(
      z.looseObject({
        family,
        table: z.string(),
        destination: z.string(),
        via: z.string().nullable(),
        interface: z.string().nullable(),
        metric: z.number().nullable(),
        type: z.string(),
      }),
    )
    .optional(),
  policyRules: z.array(z.looseObject({ family, priority: z.number(), text: z.string() })).optional(),
  sysctls: z.record(z.string(), z.string()).optional(),
  problems: z.array(z.looseObject({ section: z.string() })).optional(),
});

/** A host from a file with a snapshot in it. A file that is none is BAD_INPUT. */
export async function readHostState(file: string): Promise<HostState> {
  const { name, text } = await readText(file);
  const read = schema.safeParse(parseJson(name, text));
  if (read.success) {
    const { addresses, routes, policyRules, sysctls, problems } = read.data;
    return {
      addresses,
      ...(routes === undefined ? {} : { routes }),
      ...(policyRules === undefined ? {} : { policyRules }),
      ...(sysctls === undefined ? {} : { sysctls }),
      ...(problems === undefined ? {} : { problems }),
    };
  }
  throw new HookpointError('BAD_INPUT', `${name} is no snapshot of a node`, {
    remedy: 'Give what `hookpoint state SESSION --node NODE --json` printed.',
    problems: read.error.issues.map((issue) => ({
      message: `${issue.path.join('.') || 'the file'}: ${issue.message}`,
    })),
  });
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new HookpointError('BAD_INPUT', `${name} is not JSON: ${cause.message}`, { cause });
  }
}
