import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder with Hookpoint's package.json, labs and images: the clone, or where the bundle was unpacked. */
export function programFolder(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'images'))) return folder;
    if (dirname(folder) === folder) throw new Error(`no Hookpoint installation above ${from}`);
  }
}
