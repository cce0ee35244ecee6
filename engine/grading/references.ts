import { kindNames, kindOf } from './check-kinds.ts';
import { nodesOfQuestion, type Question } from './question.ts';
import type { CheckSpec, Criterion } from './schema.ts';

/** What is wrong with a lab's criteria and questions beyond their shape; `path` leads to it from the lab's root. */
export interface ReferenceProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly expected: string;
}

/** Every leaf check of a criterion or group, with where it stands. */
export function* leavesOf(
  spec: CheckSpec,
  path: readonly (string | number)[] = [],
): Generator<{ name: (typeof kindNames)[number]; spec: unknown; path: readonly (string | number)[] }> {
  for (const name of kindNames) {
    const one = spec[name];
    if (one !== undefined) yield { name, spec: one, path: [...path, name] };
  }
  for (const name of ['all', 'any', 'not'] as const) {
    for (const [index, child] of (spec[name] ?? []).entries()) yield* leavesOf(child, [...path, name, index]);
  }
}

/** Ids given twice, criteria, questions and nodes that are not there, circles among `after` and `then`. */
export function checkReferences(
  criteria: readonly Criterion[],
  questions: readonly Question[],
  nodes: readonly string[],
): ReferenceProblem[] {
  return [
    ...duplicates('criteria', criteria),
    ...duplicates('questions', questions),
    ...criteria.flatMap((criterion, index) => criterionProblems(criterion, index, criteria, questions, nodes)),
    ...questions.flatMap((question, index) =>
      nodesOfQuestion(question)
        .filter((node) => !nodes.includes(node))
        .map((node) => unknownName(['questions', index, 'truth'], 'node', node, nodes)),
    ),
    ...circles(criteria),
  ];
}

function duplicates(list: 'criteria' | 'questions', entries: readonly { readonly id: string }[]): ReferenceProblem[] {
  return entries.flatMap((one, index) =>
    entries.findIndex((other) => other.id === one.id) < index
      ? [{ path: [list, index, 'id'], message: `The id ${one.id} is given twice.`, expected: 'an id of its own' }]
      : [],
  );
}

function criterionProblems(
  criterion: Criterion,
  index: number,
  criteria: readonly Criterion[],
  questions: readonly Question[],
  nodes: readonly string[],
): ReferenceProblem[] {
  const path = ['criteria', index] as const;
  const ids = criteria.map((one) => one.id);
  const problems = criterion.after.flatMap((id, at) =>
    ids.includes(id) && id !== criterion.id ? [] : [unknownName([...path, 'after', at], 'other criterion', id, ids)],
  );
  if (typeof criterion.when === 'object') {
    const id = criterion.when.then;
    if (!ids.includes(id) || id === criterion.id)
      problems.push(unknownName([...path, 'when', 'then'], 'other criterion', id, ids));
  }
  for (const leaf of leavesOf(criterion, path)) {
    const needs = kindOf(leaf.name).needs(leaf.spec);
    for (const node of needs.nodes.filter((one) => !nodes.includes(one))) {
      problems.push(unknownName(leaf.path, 'node', node, nodes));
    }
    const known = questions.map((one) => one.id);
    for (const id of (needs.answers ?? []).filter((one) => !known.includes(one))) {
      problems.push(unknownName(leaf.path, 'question', id, known));
    }
  }
  return problems;
}

function unknownName(
  path: readonly (string | number)[],
  what: string,
  name: string,
  known: readonly string[],
): ReferenceProblem {
  return {
    path,
    message: `There is no ${what} ${name}.`,
    expected: known.length === 0 ? `a ${what}` : `one of ${known.join(', ')}`,
  };
}

function circles(criteria: readonly Criterion[]): ReferenceProblem[] {
  const after = new Map(criteria.map((one) => [one.id, one.after]));
  return criteria.flatMap((criterion, index) =>
    reaches(after, criterion.id, criterion.id)
      ? [
          {
            path: ['criteria', index, 'after'],
            message: `${criterion.id} comes after itself.`,
            expected: 'criteria in an order without a circle',
          },
        ]
      : [],
  );
}

/** Whether `to` has to be passed, at some remove, before `from` is judged. */
export function reaches(after: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [...(after.get(from) ?? [])];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(after.get(id) ?? []));
  }
  return false;
}
