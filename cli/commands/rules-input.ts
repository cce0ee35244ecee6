import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import {
  type DumpedTable,
  type Family,
  parseSave,
  type Ruleset,
  RulesetSyntaxError,
  readNftTable,
  splitNftDump,
} from '../../engine/netfilter/index.ts';

export interface FamilyOptions {
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
}

/** `-4` and `-6`, for a command that reads rulesets. */
export function withFamily(command: Command): Command {
  return command
    .addOption(new Option('-4, --ipv4', 'read as iptables-save output').conflicts('ipv6'))
    .addOption(new Option('-6, --ipv6', 'read as ip6tables-save output').conflicts('ipv4'));
}

/** What help says about a ruleset's file. */
export const fileHelp = 'iptables-save or ip6tables-save output, - for stdin';

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

export interface ReadRules extends ReadRuleset {
  /** The tables of an nft dump, which packets are walked through as tables of nft's own; missing for iptables-save output. */
  readonly nftTables?: readonly DumpedTable[];
}

/** The same for a command that takes what `nft -j list ruleset` prints too: its tables become those of the ruleset, as one family sees them. */
export async function readRules(file: string, options: FamilyOptions): Promise<ReadRules> {
  const bytes = await readBytes(file);
  const { text, encoding } = decode(bytes);
  const name = file === '-' ? 'stdin' : file;
  if (!/^\s*\{/.test(text)) return parseText(name, text, encoding, options);
  const nftTables = splitNftDump(parseJson(name, text));
  if (nftTables === null) {
    throw new HookpointError('RULESET_INVALID', `${name} is JSON, but not a ruleset`, { remedy: rulesRemedy });
  }
  const six = options.ipv6 ?? (!options.ipv4 && nftTables.every((table) => table.family === 'ip6'));
  const family: Family = six ? 'ipv6' : 'ipv4';
  const tables = nftTables.flatMap(({ json }) => readNftTable(json, family)?.table ?? []);
  return { name, encoding, nftTables, ruleset: { family, backend: 'nft', tables, remarks: [] } };
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

/** Reads two files; only one of them can be stdin. */
export async function readPair(a: string, b: string, options: FamilyOptions): Promise<[ReadRuleset, ReadRuleset]> {
  if (a === '-' && b === '-') {
    throw new HookpointError('USAGE', 'only one of the two rulesets can come from stdin', {
      remedy: 'Name a file for the other one.',
    });
  }
  return [await readRuleset(a, options), await readRuleset(b, options)];
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
