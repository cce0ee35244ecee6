import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programFolder } from '../runtime/program-folder.ts';

const manifest: unknown = JSON.parse(readFileSync(join(programFolder(), 'package.json'), 'utf8'));

export const version =
  typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
