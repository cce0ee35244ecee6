import { type LabNames, oneOfNames, unknownNode } from './lab-findings.ts';
import type { Parameters } from './parameters.ts';
import type { Finding } from './schema-problems.ts';
import { asList, asMapping, valueAt } from './walk-data.ts';
import type { Path } from './yaml-source.ts';

/** What a solution's or mistake's steps name that the lab does not have. */
export function stepsFindings(document: unknown, names: LabNames, parameters: Parameters): readonly Finding[] {
  const findings: Finding[] = [];
  const needs = (kind: string, known: ReadonlySet<string>, path: Path, name: unknown) => {
    if (typeof name !== 'string' || known.has(name)) return;
    findings.push({ path, message: `There is no ${kind} '${name}'.`, expected: oneOfNames(known, kind) });
  };
  for (const [index, step] of asList(valueAt(document, ['steps'])).entries()) {
    for (const path of [['node'], ['wait', 'node'], ['restart']]) {
      const name = valueAt(step, path);
      if (typeof name === 'string' && names.nodes.size > 0 && !names.nodes.has(name)) {
        findings.push(unknownNode(['steps', index, ...path], name, names));
      }
    }
    needs('question', names.questions, ['steps', index, 'answer'], valueAt(step, ['answer']));
    for (const id of Object.keys(asMapping(valueAt(step, ['check'])) ?? {})) {
      if (names.criteria.has(id)) continue;
      const expected = oneOfNames(names.criteria, 'criterion');
      findings.push({
        path: ['steps', index, 'check', id],
        atKey: true,
        message: `There is no criterion '${id}'.`,
        expected,
      });
    }
  }
  for (const [index, id] of asList(valueAt(document, ['fails'])).entries()) {
    needs('criterion', names.criteria, ['fails', index], id);
  }
  const each = valueAt(document, ['each']);
  if (typeof each === 'string') {
    const parameter = parameters[each];
    if (!parameter || !('choice' in parameter)) {
      const choices = Object.entries(parameters).flatMap(([name, one]) => ('choice' in one ? [name] : []));
      findings.push({
        path: ['each'],
        message: `'${each}' is no choice parameter of the lab.`,
        expected: choices.length > 0 ? `one of ${choices.join(', ')}` : 'no `each`: the lab has no choice parameter',
      });
    }
  }
  return findings;
}
