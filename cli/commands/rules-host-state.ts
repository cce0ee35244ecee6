import { z } from 'zod';
import { HookpointError } from '../../engine/contract/error.ts';
import type { HostState } from '../../engine/netfilter/index.ts';
import { readText } from './rules-input.ts';

const family = z.enum(['ipv4', 'ipv6']);

/** The parts of a snapshot that decide where a packet goes; more may stand beside them. */
export const hostStateSchema = z.looseObject({
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
        source: z.string().nullish(),
      }),
    )
    .optional(),
  policyRules: z.array(z.looseObject({ family, priority: z.number(), text: z.string() })).optional(),
  sysctls: z.record(z.string(), z.string()).optional(),
  ipsets: z
    .array(z.looseObject({ name: z.string(), type: z.string(), header: z.string(), entries: z.array(z.string()) }))
    .optional(),
  nftTables: z.array(z.looseObject({ family: z.string(), name: z.string(), json: z.unknown() })).optional(),
  links: z.array(z.looseObject({ name: z.string(), mac: z.string(), up: z.boolean() })).optional(),
  listeners: z
    .array(z.looseObject({ protocol: z.enum(['tcp', 'udp']), address: z.string(), port: z.number() }))
    .optional(),
  problems: z.array(z.looseObject({ section: z.string() })).optional(),
});

/** A host from a file with a snapshot in it. A file that is none is BAD_INPUT. */
export async function readHostState(file: string): Promise<HostState> {
  const { name, json } = await readJson(file);
  const read = hostStateSchema.safeParse(json);
  if (read.success) return hostState(read.data);
  throw new HookpointError('BAD_INPUT', `${name} is no snapshot of a node`, {
    remedy: 'Give what `hookpoint state SESSION --node NODE --json` printed.',
    problems: read.error.issues.map((issue) => ({
      message: `${issue.path.join('.') || 'the file'}: ${issue.message}`,
    })),
  });
}

/** What a file leaves out is missing, not undefined. */
export function hostState(read: z.output<typeof hostStateSchema>): HostState {
  const { addresses, routes, policyRules, sysctls, ipsets, nftTables, links, listeners, problems } = read;
  return {
    addresses,
    ...(routes === undefined
      ? {}
      : { routes: routes.map(({ source, ...route }) => ({ ...route, source: source ?? null })) }),
    ...(policyRules === undefined ? {} : { policyRules }),
    ...(sysctls === undefined ? {} : { sysctls }),
    ...(ipsets === undefined ? {} : { ipsets }),
    ...(nftTables === undefined ? {} : { nftTables }),
    ...(links === undefined ? {} : { links }),
    ...(listeners === undefined ? {} : { listeners }),
    ...(problems === undefined ? {} : { problems }),
  };
}

/** A file's JSON. BAD_INPUT. */
export async function readJson(file: string): Promise<{ name: string; json: unknown }> {
  const { name, text } = await readText(file);
  try {
    return { name, json: JSON.parse(text) as unknown };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new HookpointError('BAD_INPUT', `${name} is not JSON: ${cause.message}`, { cause });
  }
}
