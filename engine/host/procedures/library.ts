import type { LabCard, Library } from '../../contract/procedures/library.ts';
import type { Report } from '../../contract/report.ts';
import type { Lab, Pack } from '../../packs/index.ts';
import { readPacksInUse } from '../../sessions/read-packs.ts';
import type { SessionRow } from '../../sessions/store.ts';
import { watchValue } from '../changes.ts';
import type { Host } from '../host.ts';
import { failureOf } from '../wire-failures.ts';
import { implementer } from './base.ts';

async function libraryOf({ home, store }: Host): Promise<Library> {
  const { packs, broken } = await readPacksInUse(home);
  const sessions = store.sessions();
  const reports = store.reports().map(({ report }) => report);
  return {
    packs: packs.map((pack) => shelfOf(pack, sessions, reports)),
    broken: broken.map(failureOf),
  };
}

function shelfOf({ manifest, labs }: Pack, sessions: readonly SessionRow[], reports: readonly Report[]) {
  return {
    id: manifest.id,
    title: manifest.title,
    summary: manifest.summary ?? null,
    version: manifest.version,
    labs: labs.map((lab) => cardOf(lab, sessions, reports)),
  };
}

function cardOf({ pack, id, summary }: Lab, sessions: readonly SessionRow[], reports: readonly Report[]): LabCard {
  const own = sessions.filter((session) => session.pack === pack && session.lab === id);
  const made = reports.filter(({ lab }) => lab === `${pack}/${id}`);
  const running = own.find(({ status }) => status === 'running');
  const state = made.some(({ passed }) => passed) ? 'passed' : own.length > 0 ? 'started' : 'new';
  const best = made.length > 0 ? Math.max(...made.map(({ score }) => score)) : null;
  return {
    pack,
    id,
    ...summary,
    nodes: [...summary.nodes],
    needs: [...summary.needs],
    after: [...summary.after],
    progress: { state, best, session: running?.id ?? null },
  };
}

export const library = {
  list: implementer.library.list.handler(({ context }) => libraryOf(context.host)),
  watch: implementer.library.watch.handler(({ context: { host }, signal }) =>
    watchValue(host.changes, signal, () => libraryOf(host)),
  ),
};
