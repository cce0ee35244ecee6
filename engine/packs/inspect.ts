import { HookpointError, type Problem } from '../contract/error.ts';
import { inspectLab } from './inspect-lab.ts';
import { cycleFindings } from './lab-findings.ts';
import { limits } from './limits.ts';
import type { Lab, Pack } from './pack.ts';
import { displayPath, fileProblem, listPackFiles, type PackFiles, readPackText } from './pack-files.ts';
import { type PackManifest, type Permission, packSchema } from './pack-schema.ts';
import { type Finding, placed, schemaFindings } from './schema-problems.ts';
import { asList, valueAt } from './walk-data.ts';
import { parseYamlSource, type YamlSource } from './yaml-source.ts';

/** Everything that there is to say about a pack's folder. */
export interface Inspection {
  /** Null where it cannot be used. */
  readonly pack: Pack | null;
  /** What makes it unusable. */
  readonly errors: readonly Problem[];
  /** What makes it unfit to hand out: mistakes or solutions that are missing, parameters that nothing uses. */
  readonly lint: readonly Problem[];
}

/** Reads a pack and finds every problem in all of its files, not just the first. */
export async function inspectPack(folder: string): Promise<Inspection> {
  const files = await listPackFiles(folder);
  const errors: Problem[] = [...files.problems];
  const lint: Problem[] = [];
  const manifestSource = await readYaml(files, 'pack.yaml', errors);
  if (!manifestSource) return { pack: null, errors, lint };
  const manifest = packSchema.safeParse(manifestSource.value);
  if (!manifest.success && manifestSource.value !== undefined) {
    errors.push(
      ...schemaFindings(packSchema, manifest.error, manifestSource.value).map((found) => placed(manifestSource, found)),
    );
  }
  const place = (found: Finding) => placed(manifestSource, found);
  const listed = asList(valueAt(manifestSource.value, ['labs']));
  const packId = valueAt(manifestSource.value, ['id']);
  const labs: Lab[] = [];
  for (const [index, id] of listed.entries()) {
    if (typeof id !== 'string') continue;
    if (listed.indexOf(id) !== index) {
      errors.push(
        place({ path: ['labs', index], message: `The lab '${id}' is listed twice.`, expected: 'each lab once' }),
      );
      continue;
    }
    if (!files.paths.includes(`${id}/lab.yaml`)) {
      const expected = `a folder ${id} with a lab.yaml`;
      errors.push(place({ path: ['labs', index], message: `There is no lab '${id}' in the pack.`, expected }));
      continue;
    }
    const found = await inspectLab(files, id, typeof packId === 'string' ? packId : '');
    errors.push(...found.errors);
    lint.push(...found.lint);
    if (found.lab) labs.push(found.lab);
  }
  errors.push(...unlisted(files, listed), ...labOrder(labs, listed));
  if (manifest.success) lint.push(...undeclared(manifest.data, labs).map(place));
  const pack = manifest.success && errors.length === 0 ? { folder, manifest: manifest.data, labs } : null;
  return { pack, errors: errors.slice(0, limits.problems), lint: lint.slice(0, limits.problems) };
}

/** Reads a sound pack. PACK_INVALID with every problem otherwise, NOT_FOUND where there is no such folder. */
export async function loadPack(folder: string): Promise<Pack> {
  const { pack, errors } = await inspectPack(folder);
  if (pack) return pack;
  throw invalidPack(folder, errors);
}

/** One lab of a sound pack. NOT_FOUND where the pack has no such lab. */
export function labOf(pack: Pack, id: string): Lab {
  const lab = pack.labs.find((one) => one.id === id);
  if (lab) return lab;
  throw new HookpointError('NOT_FOUND', `The pack ${pack.manifest.id} has no lab '${id}'.`, {
    remedy: `It has ${pack.labs.map((one) => one.id).join(', ')}.`,
  });
}

/** Every problem of a pack, also those that keep it from being handed out only. */
export async function lintPack(folder: string): Promise<readonly Problem[]> {
  const { errors, lint } = await inspectPack(folder);
  return [...errors, ...lint];
}

export function invalidPack(folder: string, problems: readonly Problem[]): HookpointError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new HookpointError('PACK_INVALID', `The pack ${displayPath(folder, '')} has ${count}.`, {
    remedy: 'Correct what is named above; `hookpoint pack lint` checks it again.',
    problems,
  });
}

async function readYaml(files: PackFiles, path: string, errors: Problem[]): Promise<YamlSource | null> {
  if (!files.paths.includes(path)) {
    if (!files.problems.some((problem) => problem.place?.file.endsWith(path))) {
      errors.push(fileProblem(files.folder, path, `The pack has no ${path}.`, 'a pack.yaml'));
    }
    return null;
  }
  const read = await readPackText(files, path);
  if ('problem' in read) {
    errors.push(read.problem);
    return null;
  }
  const source = parseYamlSource(read.text, displayPath(files.folder, path));
  errors.push(...source.problems);
  return source;
}

/** A lab that pack.yaml forgets would be graded by nobody. */
function unlisted(files: PackFiles, listed: readonly unknown[]): Problem[] {
  return files.paths.flatMap((path) => {
    const [lab, file, ...deeper] = path.split('/');
    if (file !== 'lab.yaml' || deeper.length > 0 || listed.includes(lab)) return [];
    return [
      fileProblem(files.folder, path, `pack.yaml does not list the lab '${lab}'.`, `${lab} under labs of pack.yaml`),
    ];
  });
}

function labOrder(labs: readonly Lab[], listed: readonly unknown[]): Problem[] {
  const problems: Problem[] = [];
  const edges = new Map(
    labs.map((lab) => [lab.id, lab.summary.after.map((to, index) => ({ to, path: [lab.id, 'after', index] }))]),
  );
  const sourceOf = (id: unknown) => labs.find((lab) => lab.id === id)?.source;
  for (const lab of labs) {
    for (const [index, to] of lab.summary.after.entries()) {
      if (listed.includes(to)) continue;
      const expected = `one of ${listed.join(', ')}`;
      problems.push(
        placed(lab.source, { path: ['after', index], message: `There is no lab '${to}' in the pack.`, expected }),
      );
    }
  }
  for (const { path, ...found } of cycleFindings(edges, 'labs')) {
    const source = sourceOf(path[0]);
    if (source) problems.push(placed(source, { ...found, path: path.slice(1) }));
  }
  return problems;
}

function undeclared(manifest: PackManifest, labs: readonly Lab[]): Finding[] {
  const findings: Finding[] = [];
  const needs = new Set(labs.flatMap((lab) => lab.summary.needs));
  for (const need of needs) {
    if (manifest.needs.includes(need)) continue;
    const message = `The labs need '${need}', which the pack does not say.`;
    findings.push({ path: ['needs'], atKey: true, message, expected: `needs: [${[...needs].join(', ')}]` });
  }
  const permissions = new Set<Permission>(labs.flatMap(permissionsOf));
  for (const permission of permissions) {
    if (manifest.permissions.includes(permission)) continue;
    const message = `The labs take the permission '${permission}', which the pack does not say.`;
    findings.push({
      path: ['permissions'],
      atKey: true,
      message,
      expected: `permissions: [${[...permissions].join(', ')}]`,
    });
  }
  return findings;
}

function permissionsOf(lab: Lab): Permission[] {
  const nodes = Object.values(valueAt(lab.source.value, ['topology', 'nodes']) ?? {});
  return [
    ...(lab.summary.needs.includes('log') ? (['kernel-log'] as const) : []),
    ...(lab.summary.needs.includes('kube') ? (['kube'] as const) : []),
    ...(nodes.some((node) => valueAt(node, ['tun']) === true) ? (['tun'] as const) : []),
    ...(nodes.some((node) => valueAt(node, ['sysAdmin']) === true) ? (['sys-admin'] as const) : []),
  ];
}
