import type { CheckResult } from '../../engine/contract/report.ts';
import { gradingText } from '../strings/grading.ts';

/** A piece of evidence as it is shown: lines of text, or code as it stands. */
export interface EvidencePart {
  readonly heading: string;
  readonly kind: 'lines' | 'code';
  readonly lines: readonly string[];
}

/** What a check rests on, in words where its form is known, else as JSON. Reports are kept for long: an older form is no fault. */
export function evidenceParts({ type, evidence }: Pick<CheckResult, 'type' | 'evidence'>): readonly EvidencePart[] {
  if (evidence === undefined || evidence === null) return [];
  if (type === 'rule' && isRecord(evidence)) return ruleParts(evidence);
  if (type === 'probe' && isRecord(evidence) && Array.isArray(evidence.attempts)) return [probePart(evidence.attempts)];
  if (isTexts(evidence)) return linesPart(gradingText.differences, evidence);
  return [{ heading: gradingText.evidence, kind: 'code', lines: JSON.stringify(evidence, null, 2).split('\n') }];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

function linesPart(heading: string, lines: readonly string[], kind: EvidencePart['kind'] = 'lines'): EvidencePart[] {
  return lines.length === 0 ? [] : [{ heading, kind, lines }];
}

function ruleParts({ near, rules }: Readonly<Record<string, unknown>>): readonly EvidencePart[] {
  const close = (Array.isArray(near) ? near : []).filter(isRecord);
  return [
    ...linesPart(
      gradingText.nearRules,
      close.map(({ place, text, differs }) => `${String(place)}: ${String(text)} (${String(differs)})`),
    ),
    ...(isTexts(rules) ? linesPart(gradingText.rulesNow, rules, 'code') : []),
  ];
}

function probePart(attempts: readonly unknown[]): EvidencePart {
  const lines = attempts.filter(isRecord).map(({ reply, outcome, elapsedMs, seen }, index) => {
    const sightings = (Array.isArray(seen) ? seen : []).filter(isRecord);
    const at = sightings.map((one) => gradingText.seen(String(one.node), String(one.source), String(one.interface)));
    const answer = reply === '' || reply === undefined ? String(outcome ?? gradingText.noReply) : String(reply);
    const time = typeof elapsedMs === 'number' ? ` (${gradingText.milliseconds(elapsedMs)})` : '';
    return `${gradingText.attempt(index + 1)}: ${answer}${time}. ${at.length > 0 ? at.join('; ') : gradingText.notSeen}`;
  });
  return { heading: gradingText.attempts, kind: 'lines', lines };
}
