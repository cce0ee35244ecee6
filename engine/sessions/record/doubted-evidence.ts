import type { CriterionResult, Report } from '../../contract/report.ts';
import type { Evidence } from '../../grading/index.ts';
import type { Ruleset } from '../../netfilter/model.ts';
import type { NodeSnapshot, SnapshotSection } from '../../observe/snapshot.ts';
import type { LabInstance } from '../../packs/index.ts';

/** What of the nodes was not made as a file has it, by node. */
export type LeftOut = ReadonlyMap<string, ReadonlySet<SnapshotSection>>;

const why = 'a session file cannot show it';

/**
 * The evidence as it would be at its best had every packet come that a file cannot bring again: rules have counted, and connections, log lines and
 * files are not known. What fails even so has failed by its rules.
 */
export function atItsBest(evidence: Evidence, instance: LabInstance, left: LeftOut): Evidence {
  const known = new WeakMap<NodeSnapshot, NodeSnapshot>();
  const best = (snapshot: NodeSnapshot): NodeSnapshot => {
    const made = known.get(snapshot) ?? counted(snapshot, left.get(snapshot.node) ?? new Set());
    known.set(snapshot, made);
    return made;
  };
  const all = (nodes: Readonly<Record<string, NodeSnapshot>>) =>
    Object.fromEntries(Object.entries(nodes).map(([name, snapshot]) => [name, best(snapshot)]));
  const { now, timeline, answers, files } = evidence;
  const ofCounters = new Set(instance.questions.filter(({ truth }) => truth['busiest-rule']).map(({ id }) => id));
  return {
    ...evidence,
    now: 'failure' in now ? now : { value: all(now.value) },
    timeline:
      'failure' in timeline
        ? timeline
        : {
            value: {
              ...timeline.value,
              states: timeline.value.states.map((state) => ({
                ...state,
                probing: false,
                get nodes() {
                  return all(state.nodes);
                },
              })),
              gaps: [
                ...timeline.value.gaps,
                { what: 'flows', node: null, from: evidence.time, to: evidence.time, reason: why },
              ],
            },
          },
    files: Object.fromEntries(Object.keys(files).map((key) => [key, { failure: `${why}.` }])),
    answers: Object.fromEntries(
      Object.entries(answers).map(([question, answer]) => [
        question,
        ofCounters.has(question) ? { ...answer, nodes: { failure: `${why}.` } } : answer,
      ]),
    ),
    kernelLog: { failure: `${why}.` },
  };
}

function counted(snapshot: NodeSnapshot, left: ReadonlySet<SnapshotSection>): NodeSnapshot {
  const sections: readonly SnapshotSection[] = ['conntrack', ...left];
  return {
    ...snapshot,
    rulesets: snapshot.rulesets.map((one) => ({ ...one, ruleset: moved(one.ruleset) })),
    problems: [...snapshot.problems, ...sections.map((section) => ({ section, message: why }))],
  };
}

const many = { packets: 1_000_000, bytes: 1_000_000_000 };

const moved = (ruleset: Ruleset): Ruleset => ({
  ...ruleset,
  tables: ruleset.tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => ({
      ...chain,
      rules: chain.rules.map((rule) => ({ ...rule, counters: many })),
    })),
  })),
});

/** A criterion that failed, and would not have with the packets of the session, could not be checked. What passed was earned in the fresh lab. */
export function withDoubts(report: Report, best: Report): Report {
  const criteria = report.criteria.map((one): CriterionResult => {
    if (one.verdict !== 'failed' && one.verdict !== 'not-reached') return one;
    const other = best.criteria.find(({ id }) => id === one.id);
    if (other?.verdict !== 'passed' && other?.verdict !== 'could-not-check') return one;
    const checks = one.checks.map((check) =>
      check.outcome === 'unmet'
        ? {
            ...check,
            outcome: 'unknown' as const,
            message: `This could not be checked from a file, which proves no packets: ${check.message}`,
          }
        : check,
    );
    return { ...one, verdict: 'could-not-check', checks };
  });
  const undecided = criteria
    .filter(({ verdict }) => verdict === 'could-not-check')
    .reduce((sum, { possible }) => sum + possible, 0);
  return { ...report, undecided, criteria };
}
