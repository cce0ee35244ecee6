import { type Evidence, fileKey, probeKey } from '../../engine/grading/evidence.ts';
import { judge } from '../../engine/grading/judge.ts';
import { criterionSchema, questionSchema } from '../../engine/grading/schema.ts';
import { parseSave } from '../../engine/netfilter/index.ts';
import type { ConntrackEntry, NodeSnapshot } from '../../engine/observe/snapshot.ts';
import type { Timeline, TimelineState } from '../../engine/observe/timeline.ts';

/** Evidence made by hand, for tests of judging. */

export function snapshot(save = '', more: Partial<NodeSnapshot> = {}): NodeSnapshot {
  return {
    node: 'host',
    time: 1000,
    generation: 1,
    rulesets:
      save === '' ? [] : [{ family: 'ipv4', backend: 'nft', ruleset: parseSave(save, { family: 'ipv4' }), text: save }],
    nftTables: [],
    ipsets: [],
    links: [{ name: 'eth0', mac: '02:00:00:00:00:01', mtu: 1500, up: true }],
    addresses: [
      { interface: 'lo', address: '127.0.0.1', prefix: 8 },
      { interface: 'eth0', address: '10.0.0.1', prefix: 24 },
    ],
    routes: [],
    policyRules: [],
    sysctls: {},
    listeners: [],
    conntrack: [],
    problems: [],
    ...more,
  };
}

/** A filter table with these lines. */
export const filter = (lines = '', policies: { input?: string; forward?: string } = {}): string =>
  `*filter\n:INPUT ${policies.input ?? 'ACCEPT'} [0:0]\n:FORWARD ${policies.forward ?? 'ACCEPT'} [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines === '' ? '' : `${lines.trim()}\n`}COMMIT\n`;

export const nat = (lines = ''): string =>
  `*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${lines === '' ? '' : `${lines.trim()}\n`}COMMIT\n`;

export interface Story {
  readonly now?: NodeSnapshot | { readonly failure: string };
  readonly baseline?: NodeSnapshot;
  /** One a second from 101 on; provisioning ended at 100. */
  readonly states?: readonly (NodeSnapshot | { snapshot: NodeSnapshot; probing?: boolean; provisioning?: boolean })[];
  readonly timeline?: Partial<Timeline>;
  readonly lost?: string;
  readonly answers?: Readonly<Record<string, { value: string; at?: NodeSnapshot }>>;
  readonly probes?: readonly (readonly [unknown, Evidence['probes'][string]])[];
  readonly files?: Readonly<Record<string, Evidence['files'][string]>>;
  readonly kernelLog?: Evidence['kernelLog'];
}

export function evidenceOf(story: Story): Evidence {
  const states: TimelineState[] = (story.states ?? []).map((one, index) => {
    const { snapshot, probing = false, provisioning = false } = 'snapshot' in one ? one : { snapshot: one };
    return { index, time: 101 + index, node: 'host', process: null, nodes: { host: snapshot }, provisioning, probing };
  });
  const last = states.at(-1)?.nodes.host;
  const now = story.now ?? last ?? snapshot();
  const timeline: Timeline = {
    states,
    flows: [],
    log: [],
    marks: [{ time: 100, name: 'provisioned' }],
    gaps: [],
    ...story.timeline,
  };
  return {
    session: 's',
    time: 101 + states.length,
    now: 'failure' in now ? now : { value: { host: now } },
    baseline: { value: { host: story.baseline ?? snapshot() } },
    timeline: story.lost === undefined ? { value: timeline } : { failure: story.lost },
    probes: Object.fromEntries((story.probes ?? []).map(([spec, result]) => [probeKey(spec), result])),
    files: Object.fromEntries(Object.entries(story.files ?? {}).map(([path, file]) => [fileKey('host', path), file])),
    answers: Object.fromEntries(
      Object.entries(story.answers ?? {}).map(([id, { value, at }]) => [
        id,
        { value, time: 105, nodes: { value: { host: at ?? snapshot() } } },
      ]),
    ),
    kernelLog: story.kernelLog ?? { value: true },
  };
}

/** Verdicts of criteria by id, for a story. `criteria` as in lab.yaml. */
export function judged(criteria: readonly object[], story: Story, questions: readonly object[] = []) {
  const lab = {
    lab: 'test/lab',
    criteria: criteria.map((one, index) =>
      criterionSchema.parse({ id: `c${index}`, title: 'a title', points: 10, ...one }),
    ),
    questions: questions.map((one) => questionSchema.parse(one)),
  };
  return judge(lab, evidenceOf(story));
}

/** The verdict of one criterion with one check (and the text of its first result). */
export function verdictOf(check: object, story: Story, more: object = {}, questions: readonly object[] = []) {
  const report = judged([{ all: [check], ...more }], story, questions);
  const [criterion] = report.criteria;
  const [first] = criterion?.checks ?? [];
  return { verdict: criterion?.verdict, message: first?.message ?? '', walk: first?.walk };
}

export function flow(more: Partial<ConntrackEntry> = {}): ConntrackEntry {
  return {
    family: 'ipv4',
    protocol: 'tcp',
    state: 'ESTABLISHED',
    original: { source: '127.0.0.1', destination: '127.0.0.1', sourcePort: 40000, destinationPort: 8888 },
    reply: { source: '127.0.0.1', destination: '127.0.0.1', sourcePort: 80, destinationPort: 40000 },
    replied: true,
    assured: true,
    mark: 0,
    ...more,
  };
}
