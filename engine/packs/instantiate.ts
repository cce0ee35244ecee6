import type { z } from 'zod';
import { HookpointError } from '../contract/error.ts';
import { parseFilled } from './fill-value.ts';
import { labSchema } from './lab-schema.ts';
import type { Lab, LabInstance, StepsSource } from './pack.ts';
import { drawParameters, fillText, type ParameterValues } from './parameters.ts';
import { placed, schemaFindings } from './schema-problems.ts';
import { mistakeSchema, solutionSchema } from './steps-schema.ts';
import type { YamlSource } from './yaml-source.ts';

/** The lab as one seed makes it: the same seed gives the same lab. PACK_INVALID where the drawn values do not fit. */
export function instantiate(lab: Lab, seed: number): LabInstance {
  const params = drawParameters(lab.parameters, seed);
  const { parameters: _, ...document } = fillOrThrow(labSchema, lab.source, params);
  const steps = <S extends z.ZodType>(schema: S, { name, source }: StepsSource) => ({
    ...(fillOrThrow(schema, source, params) as z.output<S> & object),
    name,
  });
  return {
    ...document,
    pack: lab.pack,
    seed,
    params,
    guide: fillText(lab.guide, params),
    solutions: lab.solutions.map((source) => steps(solutionSchema, source)),
    mistakes: lab.mistakes.map((source) => steps(mistakeSchema, source)),
  };
}

function fillOrThrow<S extends z.ZodType>(schema: S, source: YamlSource, params: ParameterValues): z.output<S> {
  const result = parseFilled(schema, source.value, params);
  if (result.success) return result.data;
  throw new HookpointError('PACK_INVALID', `${source.file} does not fit together with its drawn parameters.`, {
    remedy: 'Correct what is named above, or take another --seed.',
    problems: schemaFindings(schema, result.error, source.value).map((finding) => placed(source, finding)),
  });
}
