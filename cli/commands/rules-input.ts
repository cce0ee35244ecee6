import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import {
  type DumpedTable,
  type Family,
  parseSave,
  type ReadNftOptions,
  type Ruleset,
  RulesetSyntaxError,
  readNftDump,
  speaksOf,
  splitNftDump,
} from '../../engine/netfilter/index.ts';

export interface FamilyOptions {
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
}

/** `-4` and `-6`, for a command that reads rulesets, or does what else the words say. */
export function withFamily(
  command: Command,
  words: readonly [ipv4: string, ipv6: string] = ['read as iptables-save output', 'read as ip6tables-save output'],
): Command {
  return command
    .addOption(new Option('-4, --ipv4', words[0]).conflicts('ipv6'))
    .addOption(new Option('-6, --ipv6', words[1]).conflicts('ipv4'));
}

/** What help says about a ruleset's file. */
export const saveHelp = 'iptables-save or ip6tables-save output, - for stdin';

/** The same where an nft dump will do too. */
export const rulesHelp = 'iptables-save, ip6tables-save or `nft -j list ruleset` output, - for stdin';

export interface ReadRuleset {
  readonly name: string;
  readonly ruleset: Ruleset;
  /** How to write the text again so that the bytes are those that were read. */
  readonly encoding: 'utf8' | 'latin1';
}

/** Reads and parses a file. A file that is no ruleset is RULESET_INVALID with line and column. */
export async function readRuleset(file: string, options: FamilyOptions): Promise<ReadRuleset> {
  const bytes = await readBytes(file);
  const { text, encoding } = decode(bytes);
  return parseText(file === '-' ? 'stdin' : file, text, encoding, options);
}

function parseText(name: string, text: string, encoding: ReadRuleset['encoding'], options: FamilyOptions): ReadRuleset {
  const family: Family | undefined = options.ipv4 ? 'ipv4' : options.ipv6 ? 'ipv6' : undefined;
  try {
    return { name, encoding, ruleset: parseSave(text, family === undefined ? {} : { family }) };
  } catch (thrown) {
    if (thrown instanceof RulesetSyntaxError) throw invalid(name, thrown);
    throw thrown;
  }
}

/** What was read, as packets of each family see it. */
export interface ReadFamilies {
  readonly name: string;
  /** One; or both where nft's tables are about both. IPv4 comes first. */
  readonly rulesets: readonly [Ruleset, ...Ruleset[]];
}

/** Reads what iptables-save or `nft -j list ruleset` printed, for one family: where it tells of both, for IPv4 unless another one is asked for. */
export async function readRules(file: string, options: FamilyOptions, how: ReadNftOptions = {}): Promise<Ruleset> {
  return (await readFamilies(file, options, how)).rulesets[0];
}

/** The same for all families that it tells of. `how`: what is known of the sets of nft that change. */
export async function readFamilies(
  file: string,
  options: FamilyOptions,
  how: ReadNftOptions = { changing: 'unknown' },
): Promise<ReadFamilies> {
  const bytes = await readBytes(file, rulesRemedy);
  const { text, encoding } = decode(bytes);
  const name = file === '-' ? 'stdin' : file;
  if (!/^\s*\{/.test(text)) return { name, rulesets: [parseText(name, text, encoding, options).ruleset] };
  const dump = splitNftDump(parseJson(name, text));
  if (dump === null) {
    throw new HookpointError('RULESET_INVALID', `${name} is JSON, but not a ruleset`, { remedy: rulesRemedy });
  }
  const [first = 'ipv4', ...more] = familiesOf(dump, options);
  const read = (family: Family): Ruleset => readNftDump(dump, family, how);
  return { name, rulesets: [read(first), ...more.map(read)] };
}

/** An nft dump is all that a host has: where it has tables for one family alone, the other one accepts everything. */
function familiesOf(dump: readonly DumpedTable[], { ipv4, ipv6 }: FamilyOptions): Family[] {
  if (ipv4 || ipv6) return [ipv4 ? 'ipv4' : 'ipv6'];
  return speaksOf(dump, 'ipv4') || !speaksOf(dump, 'ipv6') ? ['ipv4', 'ipv6'] : ['ipv6', 'ipv4'];
}

const rulesRemedy = 'Give what iptables-save or `nft -j list ruleset` printed.';

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new HookpointError('RULESET_INVALID', `${name} is neither iptables-save output nor JSON: ${cause.message}`, {
      remedy: rulesRemedy,
      cause,
    });
  }
}

/** A file's text, - for stdin. A file that cannot be read is NOT_FOUND or BAD_INPUT. */
export async function readText(file: string): Promise<{ name: string; text: string }> {
  const { text } = decode(await readBytes(file, 'Give a file that can be read, or - for stdin.'));
  return { name: file === '-' ? 'stdin' : file, text };
}

/** Two rulesets as packets of one family see them. */
export type Pair = readonly [Ruleset, Ruleset];

/** Reads two files to compare, family by family; only one of them can be stdin. Where they have no family in common, the one pair says so. */
export async function readPairs(a: string, b: string, options: FamilyOptions): Promise<readonly Pair[]> {
  const [ofA, ofB] = await readTwo(a, b, options);
  const pairs = ofA.rulesets.flatMap((one) => {
    const other = ofB.rulesets.find(({ family }) => family === one.family);
    return other === undefined ? [] : [[one, other] as const];
  });
  return pairs.length > 0 ? pairs : [[ofA.rulesets[0], ofB.rulesets[0]]];
}

/** Reads two files; only one of them can be stdin. */
export async function readTwo(
  a: string,
  b: string,
  options: FamilyOptions,
): Promise<readonly [ReadFamilies, ReadFamilies]> {
  if (a === '-' && b === '-') {
    throw new HookpointError('USAGE', 'only one of the two rulesets can come from stdin', {
      remedy: 'Name a file for the other one.',
    });
  }
  return [await readFamilies(a, options), await readFamilies(b, options)];
}

async function readBytes(
  file: string,
  remedy = 'Give a file that iptables-save wrote, or - for stdin.',
): Promise<Buffer> {
  if (file === '-') return buffer(process.stdin);
  try {
    return await readFile(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(cause);
    throw new HookpointError(code === 'ENOENT' ? 'NOT_FOUND' : 'BAD_INPUT', `cannot read ${file}: ${reason}`, {
      remedy,
      cause,
    });
  }
}

/** iptables does not care for encodings: what is no UTF-8 is taken byte by byte. */
function decode(bytes: Buffer): { text: string; encoding: 'utf8' | 'latin1' } {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes)
    ? { text, encoding: 'utf8' }
    : { text: bytes.toString('latin1'), encoding: 'latin1' };
}

function invalid(file: string, error: RulesetSyntaxError): HookpointError {
  const { message, line, column, expected } = error;
  return new HookpointError('RULESET_INVALID', `${file} is not a ruleset that iptables-restore would read`, {
    problems: [{ message, place: { file, line, column }, expected }],
    cause: error,
  });
}
