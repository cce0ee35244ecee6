import type { z } from 'zod';
import type { Problem } from '../contract/error.ts';
import { fillValue, parseFilled } from './fill-value.ts';
import { readGuide } from './guide.ts';
import { guideReferences } from './guide-references.ts';
import { expectedReference, type LabNames, labFindings, labNames, referenceFindings } from './lab-findings.ts';
import { type LabDocument, labSchema } from './lab-schema.ts';
import type { Lab, StepsSource } from './pack.ts';
import { displayPath, fileProblem, type PackFiles, readPackText } from './pack-files.ts';
import {
  drawParameters,
  findReferences,
  type Parameters,
  type ParameterValues,
  parameterSchema,
  referenceProblem,
} from './parameters.ts';
import { type Finding, placed, schemaFindings } from './schema-problems.ts';
import { seedsToTry } from './seeds.ts';
import { stepsFindings } from './steps-findings.ts';
import { mistakeSchema, solutionSchema } from './steps-schema.ts';
import { asList, asMapping, textsOf, valueAt } from './walk-data.ts';
import { parseYamlSource, type YamlSource } from './yaml-source.ts';

interface LabInspection {
  readonly lab: Lab | null;
  readonly errors: readonly Problem[];
  readonly lint: readonly Problem[];
}

/** Reads one lab's folder: lab.yaml, guide.md, solutions/ and mistakes/. */
export async function inspectLab(files: PackFiles, id: string, pack: string): Promise<LabInspection> {
  const errors: Problem[] = [];
  const lint: Problem[] = [];
  const read = await readPackText(files, `${id}/lab.yaml`);
  if ('problem' in read) return { lab: null, errors: [read.problem], lint };
  const source = parseYamlSource(read.text, displayPath(files.folder, `${id}/lab.yaml`));
  errors.push(...source.problems);
  if (source.value === undefined) return { lab: null, errors, lint };

  const { parameters, broken } = soundParameters(source.value);
  const findings = new Map<string, Finding>();
  let document: LabDocument | null = null;
  const asText = new Set<string>();
  for (const seed of seedsToTry(parameters)) {
    const values = drawParameters(parameters, seed);
    // First of all: what names no parameter is told as that, not as the wrong value that it also is.
    for (const found of referenceFindings(source.value, values, broken)) keep(findings, found);
    const result = parseFilled(labSchema, source.value, values, asText);
    if (result.success) document ??= result.data;
    else for (const found of schemaFindings(labSchema, result.error, source.value)) keep(findings, found);
    const filled = fillValue(source.value, values);
    for (const found of labFindings(filled, labNames(filled))) keep(findings, found);
  }
  const values = drawParameters(parameters, 0);
  if (document && document.id !== id) {
    keep(findings, { path: ['id'], message: `The lab '${document.id}' lies in the folder ${id}.`, expected: id });
  }
  errors.push(
    ...[...findings.values()]
      .filter((found) => !restsOn(source, found, broken, values))
      .map((found) => placed(source, found)),
  );

  const names = labNames(fillValue(source.value, values));
  const guide = await inspectGuide(files, id, { names, values, broken }, errors);
  const context = { names, parameters, values, broken };
  const solutions = await inspectSteps(files, `${id}/solutions`, solutionSchema, context, errors);
  const mistakes = await inspectSteps(files, `${id}/mistakes`, mistakeSchema, context, errors);
  const all = [source, ...solutions.map((one) => one.source), ...mistakes.map((one) => one.source)];
  lint.push(
    ...incomplete(source, names, solutions, mistakes),
    ...unused(source, parameters, all, guide),
    ...drawnSummary(source),
  );

  if (!document || errors.length > 0) return { lab: null, errors, lint };
  const { title, level, minutes, summary, needs, after } = document;
  const points = document.criteria.reduce((sum, criterion) => sum + criterion.points, 0);
  const nodes = Object.keys(document.topology.nodes);
  return {
    lab: {
      pack,
      id,
      folder: files.folder,
      source,
      parameters,
      summary: { title, level, minutes, summary, needs, after, points, nodes },
      guide,
      solutions,
      mistakes,
    },
    errors,
    lint,
  };
}

/** The parameters that can be drawn, and the names of those that cannot: what uses these is not judged. */
function soundParameters(document: unknown): { parameters: Parameters; broken: ReadonlySet<string> } {
  const parameters: Record<string, Parameters[string]> = {};
  const broken = new Set<string>();
  for (const [name, value] of Object.entries(asMapping(valueAt(document, ['parameters'])) ?? {})) {
    const result = parameterSchema.safeParse(value);
    if (result.success) parameters[name] = result.data;
    else broken.add(name);
  }
  return { parameters, broken };
}

/** One finding a place and message, however many seeds show it. */
function keep(findings: Map<string, Finding>, found: Finding): void {
  const key = JSON.stringify([found.path, found.atKey]);
  if (!findings.has(key)) findings.set(key, found);
}

/** A value that only looks wrong because the parameter in it is: that one is reported itself. */
function restsOn(source: YamlSource, found: Finding, broken: ReadonlySet<string>, values: ParameterValues): boolean {
  const value = valueAt(source.value, found.path);
  if (typeof value !== 'string' || /parameter/.test(found.message)) return false;
  return findReferences(value).some(({ name }) => broken.has(name) || values[name] === undefined);
}

interface GuideContext {
  readonly names: LabNames;
  readonly values: ParameterValues;
  readonly broken: ReadonlySet<string>;
}

async function inspectGuide(files: PackFiles, id: string, context: GuideContext, errors: Problem[]): Promise<string> {
  const path = `${id}/guide.md`;
  if (!files.paths.includes(path)) {
    errors.push(fileProblem(files.folder, path, `The lab has no guide.md.`, 'the lesson as Markdown'));
    return '';
  }
  const read = await readPackText(files, path);
  if ('problem' in read) {
    errors.push(read.problem);
    return '';
  }
  const file = displayPath(files.folder, path);
  const { blocks, problems } = readGuide(read.text);
  const own = new Set(files.paths.flatMap((one) => (one.startsWith(`${id}/`) ? [one.slice(id.length + 1)] : [])));
  for (const { line, column, message, expected } of [...problems, ...guideReferences(read.text, context.names, own)])
    errors.push({ message, place: { file, line, column }, expected });
  for (const { node, line } of blocks) {
    if (context.names.nodes.has(node) || context.names.nodes.size === 0 || node.includes('{{')) continue;
    const column = (read.text.split(/\r?\n/)[line - 1]?.indexOf(`node=${node}`) ?? 0) + 1;
    const expected = `one of ${[...context.names.nodes].join(', ')}`;
    errors.push({ message: `There is no node '${node}'.`, place: { file, line, column }, expected });
  }
  for (const [index, line] of read.text.split(/\r?\n/).entries()) {
    for (const reference of findReferences(line)) {
      const message = context.broken.has(reference.name) ? null : referenceProblem(reference, context.values);
      if (!message) continue;
      const place = { file, line: index + 1, column: reference.index + 1 };
      errors.push({ message, place, expected: expectedReference(context.values, reference) });
    }
  }
  return read.text;
}

interface StepsContext extends GuideContext {
  readonly parameters: Parameters;
}

async function inspectSteps(
  files: PackFiles,
  folder: string,
  schema: z.ZodType,
  context: StepsContext,
  errors: Problem[],
): Promise<StepsSource[]> {
  const found: StepsSource[] = [];
  for (const path of files.paths.filter((one) => one.startsWith(`${folder}/`))) {
    const name = /^([a-z0-9][a-z0-9-]*)\.yaml$/.exec(path.slice(folder.length + 1))?.[1];
    if (!name) {
      errors.push(fileProblem(files.folder, path, 'This file is no list of steps.', 'a lower-case name with .yaml'));
      continue;
    }
    const read = await readPackText(files, path);
    if ('problem' in read) {
      errors.push(read.problem);
      continue;
    }
    const source = parseYamlSource(read.text, displayPath(files.folder, path));
    errors.push(...source.problems);
    if (source.value === undefined) continue;
    const result = parseFilled(schema, source.value, context.values);
    const findings = [
      ...(result.success ? [] : schemaFindings(schema, result.error, source.value)),
      ...stepsFindings(fillValue(source.value, context.values), context.names, context.parameters),
      ...referenceFindings(source.value, context.values, context.broken),
    ];
    errors.push(...findings.map((one) => placed(source, one)));
    found.push({ name, source });
  }
  return found;
}

function incomplete(
  source: YamlSource,
  names: LabNames,
  solutions: readonly StepsSource[],
  mistakes: readonly StepsSource[],
): Problem[] {
  const problems: Problem[] = [];
  if (solutions.length < 2) {
    const message = `The lab has ${solutions.length === 0 ? 'no solution' : 'one solution'}.`;
    problems.push(placed(source, { path: [], message, expected: 'two files or more in solutions/, different ways' }));
  }
  const failed = new Set(mistakes.flatMap((one) => asList(valueAt(one.source.value, ['fails']))));
  for (const [index, criterion] of asList(valueAt(source.value, ['criteria'])).entries()) {
    const id = valueAt(criterion, ['id']);
    if (typeof id !== 'string' || failed.has(id) || !names.criteria.has(id)) continue;
    const message = `No mistake makes the criterion '${id}' fail.`;
    problems.push(
      placed(source, {
        path: ['criteria', index, 'id'],
        message,
        expected: `${id} under fails of a file in mistakes/`,
      }),
    );
  }
  return problems;
}

/** Lists of labs show the summary before any value is drawn. */
function drawnSummary(source: YamlSource): Problem[] {
  const summary = valueAt(source.value, ['summary']);
  const [first] = typeof summary === 'string' ? findReferences(summary) : [];
  if (first === undefined) return [];
  const message = `The summary has {{${first.name}}} in it, which the library shows as it stands: no session has drawn a value there.`;
  return [placed(source, { path: ['summary'], message, expected: 'words without parameters' })];
}

function unused(source: YamlSource, parameters: Parameters, sources: readonly YamlSource[], guide: string): Problem[] {
  const used = new Set(findReferences(guide).map(({ name }) => name));
  for (const { value } of sources) {
    for (const { text } of textsOf(value)) for (const { name } of findReferences(text)) used.add(name);
    const each = valueAt(value, ['each']);
    if (typeof each === 'string') used.add(each);
  }
  return Object.keys(parameters)
    .filter((name) => !used.has(name))
    .map((name) =>
      placed(source, {
        path: ['parameters', name],
        atKey: true,
        message: `Nothing uses the parameter '${name}'.`,
        expected: `{{${name}}} somewhere`,
      }),
    );
}
