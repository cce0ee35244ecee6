import { HookpointError } from '../../contract/error.ts';
import type { Result, ResultSummary } from '../../contract/procedures/results.ts';
import type { ReportRow, SessionRow } from '../../sessions/store.ts';
import { watchValue } from '../changes.ts';
import type { Host } from '../host.ts';
import { implementer } from './base.ts';

function resultsOf({ store }: Host): ResultSummary[] {
  const sessions = new Map(store.sessions().map((session) => [session.id, session]));
  return store.reports().flatMap((row) => {
    const session = sessions.get(row.session);
    return session ? [summaryOf(row, session)] : [];
  });
}

function summaryOf({ id, time, report }: ReportRow, session: SessionRow): ResultSummary {
  const { score, possible, undecided, passed } = report;
  const { pack, lab, instance } = session;
  return { id, time, session: session.id, pack, lab, title: instance.title, score, possible, undecided, passed };
}

function resultOf({ store }: Host, id: number): Result {
  const row = store.reports().find((one) => one.id === id);
  const session = row && store.session(row.session);
  if (!row || !session) {
    throw new HookpointError('NOT_FOUND', `There is no result ${id}.`, {
      remedy: 'The list of results has all that were kept.',
    });
  }
  return { ...summaryOf(row, session), report: row.report };
}

export const results = {
  list: implementer.results.list.handler(({ context }) => resultsOf(context.host)),
  watch: implementer.results.watch.handler(({ context: { host }, signal }) =>
    watchValue(host.changes, signal, () => resultsOf(host)),
  ),
  get: implementer.results.get.handler(({ context: { host }, input }) => resultOf(host, input.id)),
};
