import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { HookpointError } from '../contract/error.ts';
import type { SessionRow } from './store.ts';

/** What a guide may show; SVG is drawn by an img element, where it runs no script. */
const mediaTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
};

const largest = 5_000_000;

/** An image from the lab's own folder, by its path relative to it. NOT_FOUND for everything else, wherever the path leads. */
export async function readGuideImage(
  session: Pick<SessionRow, 'source' | 'lab'>,
  path: string,
): Promise<{ readonly mediaType: string; readonly base64: string }> {
  const mediaType = mediaTypes[extname(path).toLowerCase()];
  const folder = await realpath(join(session.source, session.lab)).catch(() => null);
  const file = folder && (await realpath(resolve(folder, path)).catch(() => null));
  if (mediaType === undefined || folder === null || file === null || !file.startsWith(folder + sep))
    throw missing(path);
  const found = await stat(file);
  if (!found.isFile() || found.size > largest) throw missing(path);
  return { mediaType, base64: (await readFile(file)).toString('base64') };
}

function missing(path: string): HookpointError {
  return new HookpointError('NOT_FOUND', `The lab has no image "${path}".`, {
    remedy: 'Images of a guide are PNG, JPEG, GIF, WebP or SVG files of at most 5 MB in the lab’s own folder.',
  });
}
