import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findReferences } from '../packs/parameters.ts';
import type { SessionRow } from './store.ts';

/** The file with a session's lesson. */
const guideFile = ({ source, lab }: Pick<SessionRow, 'source' | 'lab'>): string => join(source, lab, 'guide.md');

/** The drawn values that the guide speaks of. The others may be the lab's secret: which fault, what is right. */
export async function guideValues(session: SessionRow): Promise<readonly (readonly [name: string, value: string])[]> {
  const text = await readFile(guideFile(session), 'utf8').catch(() => ''); // the pack may have been removed since
  const names = new Set(findReferences(text).map(({ name }) => name));
  return Object.entries(session.instance.params).flatMap(([name, value]) =>
    names.has(name) ? [[name, String(value)] as const] : [],
  );
}
