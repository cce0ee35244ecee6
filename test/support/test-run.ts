import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findHome } from '../../engine/sessions/home.ts';

/**
 * One run of the suites, told to every process of it by the environment: what it starts can be told from the sessions of whoever sits
 * at this machine, and from another run's.
 */
const variable = 'HOOKPOINT_TEST_RUN';

/** Begins a run: a folder for its data folders, and one that stands in for the user's own. */
export function beginTestRun(): { readonly folder: string; end(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'hookpoint-run-'));
  process.env[variable] = folder;
  process.env.HOOKPOINT_HOME = join(folder, 'home');
  noteHome(process.env.HOOKPOINT_HOME);
  return { folder, end: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The label value of containers that a test starts without a session. */
export const testRunLabel = (): string => process.env[variable] ?? String(process.pid);

/** Where temporary data folders go. */
export const testRunFolder = (): string => process.env[variable] ?? tmpdir();

const homesFile = () => join(testRunFolder(), 'homes');

/** Remembers a data folder of this run beyond its removal. */
export function noteHome(folder: string): void {
  if (process.env[variable] !== undefined) appendFileSync(homesFile(), `${folder}\n`);
}

/** The hashes that containers of this run's data folders carry. */
export function homeHashes(): ReadonlySet<string> {
  const folders = existsSync(homesFile()) ? readFileSync(homesFile(), 'utf8').split('\n') : [];
  return new Set(folders.filter((line) => line !== '').map((folder) => findHome({ HOOKPOINT_HOME: folder }).hash));
}
