import { normalForm } from '../grading/answer-value.ts';
import { checkTopology } from '../topology/check-topology.ts';
import { topologySchema } from '../topology/topology.ts';
import { cycles } from './cycles.ts';
import { findReferences, hostsOf, type ParameterValues, type Reference, referenceProblem } from './parameters.ts';
import type { Finding } from './schema-problems.ts';
import { asList, asMapping, textsOf, valueAt } from './walk-data.ts';
import type { Path } from './yaml-source.ts';

/** The names that other parts of a lab's files refer to. */
export interface LabNames {
  readonly nodes: ReadonlySet<string>;
  readonly criteria: ReadonlySet<string>;
  readonly questions: ReadonlySet<string>;
}

/** Reads names out of a lab.yaml that may be wrong elsewhere. */
export function labNames(document: unknown): LabNames {
  const ids = (key: string) => new Set(asList(valueAt(document, [key])).flatMap((item) => textAt(item, ['id']) ?? []));
  return {
    nodes: new Set(Object.keys(asMapping(valueAt(document, ['topology', 'nodes'])) ?? {})),
    criteria: ids('criteria'),
    questions: ids('questions'),
  };
}

/** What is wrong in a lab.yaml between its parts, which no schema sees. `document` has its parameters filled in. */
export function labFindings(document: unknown, names: LabNames): readonly Finding[] {
  return [
    ...duplicateIds(document, 'criteria'),
    ...duplicateIds(document, 'questions'),
    ...unknownNodes(document, names),
    ...questionFindings(document, names),
    ...orderFindings(document, names),
    ...topologyFindings(document),
  ];
}

function duplicateIds(document: unknown, key: 'criteria' | 'questions'): Finding[] {
  const seen = new Set<string>();
  return asList(valueAt(document, [key])).flatMap((item, index) => {
    const id = textAt(item, ['id']);
    if (id === null) return [];
    const again = seen.has(id);
    seen.add(id);
    return again
      ? [
          {
            path: [key, index, 'id'],
            message: `The id '${id}' is taken by an earlier one.`,
            expected: 'ids that differ',
          },
        ]
      : [];
  });
}

function unknownNodes(document: unknown, names: LabNames): Finding[] {
  if (names.nodes.size === 0) return [];
  return ['criteria', 'questions'].flatMap((part) =>
    textsOf(valueAt(document, [part]), [part]).flatMap(({ path, text }) => {
      // Checks name a node under these keys, at whatever depth.
      const isNode = path.at(-1) === 'node' || path.at(-1) === 'from';
      return isNode && !names.nodes.has(text) ? [unknownNode(path, text, names)] : [];
    }),
  );
}

/** What a name could have been; a lab may have none of the kind. */
export function oneOfNames(names: Iterable<string>, kind: string): string {
  const known = [...names];
  return known.length > 0 ? `one of ${known.join(', ')}` : `no ${kind}: the lab has none`;
}

export function unknownNode(path: Path, name: string, names: LabNames): Finding {
  return { path, message: `There is no node '${name}'.`, expected: oneOfNames(names.nodes, 'node') };
}

function questionFindings(document: unknown, names: LabNames): Finding[] {
  const findings: Finding[] = [];
  const graded = new Set<string>();
  for (const { path, text } of textsOf(valueAt(document, ['criteria']), ['criteria']))
    if (path.at(-1) === 'question' && path.at(-2) === 'answer') graded.add(text);
  for (const [index, question] of asList(valueAt(document, ['questions'])).entries()) {
    const id = textAt(question, ['id']);
    if (id !== null && names.criteria.size > 0 && !graded.has(id)) {
      findings.push({
        path: ['questions', index, 'id'],
        message: `No criterion grades the question '${id}'.`,
        expected: `a criterion with the check answer: { question: ${id} }`,
      });
    }
    findings.push(...choiceFindings(question, index));
  }
  for (const { path, text } of textsOf(valueAt(document, ['criteria']), ['criteria'])) {
    const asked = path.at(-1) === 'answer' || (path.at(-1) === 'question' && path.at(-2) === 'answer');
    if (asked && !names.questions.has(text)) {
      const known = [...names.questions].join(', ');
      findings.push({
        path,
        message: `There is no question '${text}'.`,
        expected: known ? `one of ${known}` : 'a question',
      });
    }
  }
  return findings;
}

/** A right answer that is no choice could be given by nobody. */
function choiceFindings(question: unknown, index: number): Finding[] {
  const value = valueAt(question, ['truth', 'value']);
  const choices = asList(valueAt(question, ['choices'])).filter((choice) => typeof choice === 'string');
  if (textAt(question, ['kind']) !== 'choice' || value === undefined || choices.length === 0) return [];
  const right = normalForm('choice', String(value));
  if (choices.some((choice) => normalForm('choice', choice) === right)) return [];
  const message = `The truth '${String(value)}' is not among the choices.`;
  return [{ path: ['questions', index, 'truth', 'value'], message, expected: `one of ${choices.join(', ')}` }];
}

/** `after` and `then` name criteria of the lab, and do not lead in a circle. */
function orderFindings(document: unknown, names: LabNames): Finding[] {
  const findings: Finding[] = [];
  const edges = new Map<string, { to: string; path: Path }[]>();
  for (const [index, criterion] of asList(valueAt(document, ['criteria'])).entries()) {
    const base: Path = ['criteria', index];
    const after = asList(valueAt(criterion, ['after'])).map((to, place) => ({ to, path: [...base, 'after', place] }));
    const then = { to: valueAt(criterion, ['when', 'then']), path: [...base, 'when', 'then'] };
    const targets = [...after, then].flatMap(({ to, path }) => (typeof to === 'string' ? [{ to, path }] : []));
    for (const { to, path } of targets) {
      if (!names.criteria.has(to)) {
        const expected = oneOfNames(names.criteria, 'criterion');
        findings.push({ path, message: `There is no criterion '${to}'.`, expected });
      }
    }
    const id = textAt(criterion, ['id']);
    if (id !== null) edges.set(id, targets);
  }
  return [...findings, ...cycleFindings(edges, 'criteria')];
}

export function cycleFindings(
  edges: ReadonlyMap<string, readonly { to: string; path: Path }[]>,
  what: string,
): Finding[] {
  return cycles(edges).map(({ path, names }) => ({
    path,
    message: `These ${what} wait for each other: ${names.join(' -> ')}.`,
    expected: 'an order without a circle',
  }));
}

function topologyFindings(document: unknown): Finding[] {
  const topology = topologySchema.safeParse(valueAt(document, ['topology']));
  if (!topology.success) return [];
  return checkTopology(topology.data).map(({ path, message, expected }) => ({
    path: ['topology', ...path],
    message,
    expected,
  }));
}

/** References to parameters that do not exist, anywhere but in `parameters` itself. */
export function referenceFindings(document: unknown, values: ParameterValues, broken: ReadonlySet<string>): Finding[] {
  const findings: Finding[] = [];
  for (const { path, text } of textsOf(document)) {
    if (path[0] === 'parameters') continue;
    for (const reference of findReferences(text)) {
      const message = broken.has(reference.name) ? null : referenceProblem(reference, values);
      if (message) findings.push({ path, message, expected: expectedReference(values, reference) });
    }
  }
  return findings;
}

/** What a reference could have been; of a subnet that there is, which hosts it has. */
export function expectedReference(values: ParameterValues, { name, part }: Reference): string {
  const hosts = part === null ? null : hostsOf(values, name);
  if (hosts !== null) return `{{${name}.prefix}}, {{${name}.network}} or {{${name}.1}} to {{${name}.${hosts}}}`;
  if (part !== null && values[name] !== undefined) return `{{${name}}}`;
  const names = Object.keys(values);
  return names.length > 0
    ? `one of ${names.map((one) => `{{${one}}}`).join(', ')}`
    : 'no {{...}}: the lab has no parameters';
}

function textAt(value: unknown, path: Path): string | null {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : null;
}
