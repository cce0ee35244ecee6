import type { OpenLab, StandingCriterion } from '../../contract/procedures/lab.ts';
import { formOf } from '../../grading/index.ts';
import { answerQuestion } from '../../sessions/answer.ts';
import { checkSession } from '../../sessions/check.ts';
import { readGuideImage } from '../../sessions/guide-image.ts';
import { guideValues } from '../../sessions/guide-values.ts';
import { openedHints, openNextHint } from '../../sessions/hints.ts';
import { findAnySession, findSession } from '../../sessions/session.ts';
import { watchValue } from '../changes.ts';
import type { Host } from '../host.ts';
import { implementer } from './base.ts';
import { sessionListOf } from './sessions.ts';

async function openLabOf(host: Host, text: string, signal: AbortSignal | undefined): Promise<OpenLab> {
  const { store } = host;
  const row = findAnySession(store, text);
  const { sessions } = await sessionListOf(host, true, signal);
  const session = sessions.find(({ id }) => id === row.id);
  if (!session) throw new Error(`session ${row.id} is in the store and not in the list`);
  const { summary, level, minutes, needs, guide, questions, hints, criteria, explain } = row.instance;
  const opened = openedHints(store, row);
  const answers = store.answers(row.id);
  const latest = store.reports(row.id)[0] ?? null;
  return {
    session,
    summary,
    level,
    minutes,
    needs: [...needs],
    guide,
    values: (await guideValues(row)).map(([name, value]) => ({ name, value })),
    questions: questions.map((question) => {
      const answer = answers.findLast((one) => one.question === question.id);
      return {
        id: question.id,
        ask: question.ask,
        kind: question.kind,
        choices: question.choices ?? null,
        form: formOf(question),
        answer: answer ? { value: answer.value, time: answer.time } : null,
      };
    }),
    hints: { total: hints.length, opened: [...opened], nextCost: hints[opened.length]?.cost ?? null },
    criteria: criteria.map(({ id, title, points, after }) => ({ id, title, points, after: [...after] })),
    latest: latest && { time: latest.time, report: latest.report },
    explain: latest?.report.passed ? (explain ?? null) : null,
  };
}

/** Those that are otherwise than they were told before. */
async function* standings(
  host: Host,
  text: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StandingCriterion[], void> {
  const told = new Map<string, string>();
  for await (const all of host.live.criteria(findSession(host.store, text), signal)) {
    const news = all
      .map((one) => ({ ...one, checks: [...one.checks] }))
      .filter((one) => {
        const words = JSON.stringify(one);
        if (told.get(one.id) === words) return false;
        told.set(one.id, words);
        return true;
      });
    if (news.length > 0) yield news;
  }
}

export const lab = {
  get: implementer.lab.get.handler(({ context: { host }, input, signal }) => openLabOf(host, input.session, signal)),
  watch: implementer.lab.watch.handler(({ context: { host }, input, signal }) =>
    watchValue(host.changes, signal, () => openLabOf(host, input.session, signal)),
  ),
  live: implementer.lab.live.handler(({ context: { host }, input, signal }) => standings(host, input.session, signal)),
  answer: implementer.lab.answer.handler(async ({ context: { host }, input, signal }) => {
    const session = findSession(host.store, input.session);
    await answerQuestion(await host.workspace(), session, input.question, input.value, signal);
  }),
  openHint: implementer.lab.openHint.handler(({ context: { host }, input }) =>
    openNextHint(host.store, findSession(host.store, input.session)),
  ),
  check: implementer.lab.check.handler(async ({ context: { host }, input, signal }) =>
    checkSession(await host.workspace(), findSession(host.store, input.session), signal),
  ),
  image: implementer.lab.image.handler(({ context: { host }, input }) =>
    readGuideImage(findAnySession(host.store, input.session), input.path),
  ),
};
