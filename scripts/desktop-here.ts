import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The first Electron whose Node has node:sqlite without a switch, which the engine keeps its sessions in. */
const oldestElectron = 36;

export type DesktopHere =
  | { readonly kind: 'found'; readonly executable: string }
  /** A clause that follows "for". */
  | { readonly kind: 'missing'; readonly reason: string };

/** Whether there is a screen to show something on. */
export const hasScreen = (
  platform: NodeJS.Platform = process.platform,
  { DISPLAY, WAYLAND_DISPLAY }: NodeJS.ProcessEnv = process.env,
): boolean => platform === 'darwin' || platform === 'win32' || Boolean(DISPLAY || WAYLAND_DISPLAY);

/** The Electron that a window can be opened with; nothing is downloaded for it. ELECTRON_OVERRIDE_DIST_PATH names another folder. */
export function desktopHere(environment: NodeJS.ProcessEnv = process.env): DesktopHere {
  if (!hasScreen(process.platform, environment))
    return missing('there is no screen (DISPLAY and WAYLAND_DISPLAY are not set)');
  const executable = findElectron(environment.ELECTRON_OVERRIDE_DIST_PATH);
  if (executable === null) return missing("Electron's program is not installed (`npx install-electron` downloads it)");
  const version = versionOf(executable);
  if (version !== null && Number.parseInt(version, 10) < oldestElectron) {
    return missing(`Electron ${version} is older than ${oldestElectron}`);
  }
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    return missing('you are root, whom Electron refuses its sandbox, and it does not open without');
  }
  return { kind: 'found', executable };
}

const missing = (reason: string): DesktopHere => ({ kind: 'missing', reason });

/** Not by importing `electron`: where the program is missing that downloads it. */
function findElectron(folder: string | undefined): string | null {
  const home = join(dirname(import.meta.dirname), 'node_modules/electron');
  const named = join(home, 'path.txt');
  const name = existsSync(named)
    ? readFileSync(named, 'utf8')
    : process.platform === 'win32'
      ? 'electron.exe'
      : 'electron';
  const executable = join(folder ?? join(home, 'dist'), name);
  return existsSync(executable) ? executable : null;
}

/** From the file that every distribution has beside the program; null where there is none. */
function versionOf(executable: string): string | null {
  const file = join(dirname(executable), 'version');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().replace(/^v/, '') : null;
}
