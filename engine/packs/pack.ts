import type { LabDocument } from './lab-schema.ts';
import type { Feature, PackManifest } from './pack-schema.ts';
import type { Parameters, ParameterValues } from './parameters.ts';
import type { Mistake, Solution } from './steps-schema.ts';
import type { YamlSource } from './yaml-source.ts';

/** A pack that was read and is sound. */
export interface Pack {
  readonly folder: string;
  readonly manifest: PackManifest;
  /** In the order of pack.yaml. */
  readonly labs: readonly Lab[];
}

/** A lab before its parameters are drawn. */
export interface Lab {
  readonly pack: string;
  readonly id: string;
  readonly folder: string;
  /** lab.yaml as it was parsed, {{names}} and all. */
  readonly source: YamlSource;
  readonly parameters: Parameters;
  /** What does not depend on parameters, for lists. */
  readonly summary: LabSummary;
  readonly guide: string;
  readonly solutions: readonly StepsSource[];
  readonly mistakes: readonly StepsSource[];
}

export interface LabSummary {
  readonly title: string;
  readonly level: LabDocument['level'];
  readonly minutes: number;
  readonly summary: string;
  readonly needs: readonly Feature[];
  readonly after: readonly string[];
  readonly points: number;
  readonly nodes: readonly string[];
}

/** One file of solutions/ or mistakes/, before parameters. */
export interface StepsSource {
  /** The file's name without `.yaml`. */
  readonly name: string;
  readonly source: YamlSource;
}

/** A lab with its parameters drawn: what a session runs. Plain data. */
export interface LabInstance extends Omit<LabDocument, 'parameters'> {
  readonly pack: string;
  readonly seed: number;
  readonly params: ParameterValues;
  readonly guide: string;
  readonly solutions: readonly (Solution & { readonly name: string })[];
  readonly mistakes: readonly (Mistake & { readonly name: string })[];
}
