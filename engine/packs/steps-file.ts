import { HookpointError } from '../contract/error.ts';
import { fillValue, parseFilled } from './fill-value.ts';
import { labNames, referenceFindings } from './lab-findings.ts';
import type { LabInstance } from './pack.ts';
import type { Parameters } from './parameters.ts';
import { placed, schemaFindings } from './schema-problems.ts';
import { stepsFindings } from './steps-findings.ts';
import { type Step, stepsFileSchema } from './steps-schema.ts';
import { parseYamlSource } from './yaml-source.ts';

/** The steps of a file that belongs to no pack, with the lab's parameters filled in. BAD_INPUT with every problem and its place. */
export function parseStepsFile(text: string, file: string, lab: LabInstance, parameters: Parameters): readonly Step[] {
  const source = parseYamlSource(text, file);
  const result = parseFilled(stepsFileSchema, source.value, lab.params);
  const findings =
    source.problems.length > 0
      ? []
      : [
          ...(result.success ? [] : schemaFindings(stepsFileSchema, result.error, source.value)),
          ...stepsFindings(fillValue(source.value, lab.params), labNames(lab), parameters),
          ...referenceFindings(source.value, lab.params, new Set()),
        ];
  const problems = [...source.problems, ...findings.map((one) => placed(source, one))];
  if (result.success && problems.length === 0) return result.data.steps;
  throw new HookpointError('BAD_INPUT', `${file} is no list of steps for the lab ${lab.pack}/${lab.id}.`, {
    remedy: 'Correct what is named above.',
    problems,
  });
}
