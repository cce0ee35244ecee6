// Brings the Node packages to what package-lock.json says, where they are not. Plain JavaScript: it runs before anything is there.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
const installed = join(folder, 'node_modules/.hookpoint-lock.json');

if (!existsSync(installed) || readFileSync(installed, 'utf8') !== lock) {
  console.error('installing Node packages...');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.signal || npm.status >= 128) {
    console.error('Interrupted.');
    process.exit(npm.signal ? 128 + constants.signals[npm.signal] : npm.status);
  }
  if (npm.status !== 0) {
    console.error('error: the Node packages could not be installed; npm says above why.');
    process.exit(3);
  }
  writeFileSync(installed, lock);
}
