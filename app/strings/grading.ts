import type { Verdict, Walk } from '../../engine/contract/report.ts';
import { counted } from './counted.ts';
import { scoreText } from './score.ts';

const marks: Readonly<Record<Verdict | 'unchecked' | 'ready', string>> = {
  passed: 'Passed',
  failed: 'Failed',
  'not-reached': 'Not reached',
  'could-not-check': 'Could not check',
  unchecked: 'Not checked yet',
  ready: 'Ready to check',
};

const fates: Readonly<Record<Walk['verdict'], string>> = {
  accept: 'accepted',
  drop: 'dropped',
  reject: 'rejected',
  continue: 'goes on',
  unknown: 'not known',
};

const fields: Readonly<Record<Walk['rewrites'][number]['field'], string>> = {
  src: 'source address',
  sport: 'source port',
  dst: 'destination address',
  dport: 'destination port',
};

/** What the criteria and a report say. */
export const gradingText = {
  marks,
  ourFault: 'This is not your doing: Hookpoint or this machine could not find it out.',
  metNow: 'True now. A check counts it.',
  noLonger: 'It was true when you checked, and is no longer.',
  readyNow: 'What can be seen is right; a check finds out the rest.',
  points: scoreText.brief,
  pointsNamed: scoreText.named,
  worth: (possible: number) => counted(possible, 'point'),
  expected: 'Expected',
  found: 'Found',
  outcomes: { met: 'Met', unmet: 'Not met', unknown: 'Not known' },
  metChecks: (count: number) => `${counted(count, 'check')} ${count === 1 ? 'was' : 'were'} met`,
  evidence: 'Evidence',
  rulesNow: 'Rules of the chain',
  nearRules: 'Close to it',
  attempts: 'What the probe got',
  attempt: (number: number) => `Attempt ${number}`,
  milliseconds: (ms: number) => `${Math.round(ms)} ms`,
  noReply: 'no answer',
  seen: (node: string, source: string, device: string) => `${node} saw it come from ${source} on ${device}`,
  notSeen: 'No watched node saw it come in',
  differences: 'What differs',
  walk: 'The packet’s way',
  walkOn: (node: string) => `on ${node}`,
  rule: (number: number) => `rule ${number}`,
  policy: 'policy',
  routing: 'routing decision',
  hook: (name: string) => `hook ${name}`,
  matched: 'matched',
  notMatched: 'did not match',
  matchUnknown: 'may have matched',
  decided: (fate: Walk['verdict']) => `${fates[fate]} here`,
  folded: (count: number) => `${count} rules did not match`,
  noSteps: 'No rule was in its way.',
  outcome: (fate: Walk['verdict']) => `The packet is ${fates[fate]}`,
  rewritten: (field: Walk['rewrites'][number]['field'], value: string | null) =>
    `${fields[field]} becomes ${value ?? 'a value that is not known'}`,
  turned: (title: string, mark: keyof typeof marks) => `${marks[mark]}: ${title}.`,
  checked: (score: number, possible: number) => `Checked: ${scoreText.named(score, possible)}.`,
  nothingTurned: 'Nothing changed since the last check.',
} as const;
