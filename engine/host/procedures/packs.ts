import { HookpointError } from '../../contract/error.ts';
import type { BrokenPack, InstalledPack, PackList, PackTestEvent } from '../../contract/procedures/packs.ts';
import { lintPack, type Pack, testPack } from '../../packs/index.ts';
import { installUpload, removeInstalled } from '../../sessions/installed-packs.ts';
import { openLabRunner } from '../../sessions/lab-runner.ts';
import { type PackPlace, packFolders } from '../../sessions/pack-places.ts';
import { readPack, readPacks } from '../../sessions/read-packs.ts';
import { watchValue } from '../changes.ts';
import type { Host } from '../host.ts';
import { streamOf } from '../stream-of.ts';
import { failureOf } from '../wire-failures.ts';
import { implementer } from './base.ts';

async function packListOf({ home }: Host): Promise<PackList> {
  const packs: InstalledPack[] = [];
  const broken: BrokenPack[] = [];
  for (const { place, pack } of await readPacks(home)) {
    const { id, folder, installed } = place;
    if (pack instanceof HookpointError) broken.push({ id, folder, installed, failure: failureOf(pack) });
    else packs.push(installedPack(pack, place));
  }
  return { packs, broken };
}

function installedPack({ manifest, labs, folder }: Pack, { installed, inUse }: PackPlace): InstalledPack {
  const { id, title, summary, version, authors, licence, needs, permissions } = manifest;
  return {
    id,
    title,
    summary: summary ?? null,
    version,
    authors: [...authors],
    licence,
    labs: labs.map((lab) => ({ id: lab.id, title: lab.summary.title })),
    needs: [...needs],
    permissions: [...permissions],
    folder,
    shipped: installed === null,
    inUse,
  };
}

function folderOf({ home }: Host, id: string): string {
  const known = packFolders(home);
  const folder = known.get(id);
  if (folder) return folder;
  throw new HookpointError('NOT_FOUND', `There is no pack "${id}".`, {
    remedy: `Packs here: ${[...known.keys()].join(', ') || 'none'}.`,
  });
}

interface TestRequest {
  readonly pack: string;
  readonly lab?: string | undefined;
  readonly hostLog: boolean;
}

async function test(
  host: Host,
  { pack: id, lab, hostLog }: TestRequest,
  emit: (event: PackTestEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const pack = await readPack(folderOf(host, id));
  if (lab !== undefined && !pack.labs.some((one) => one.id === lab)) {
    throw new HookpointError('NOT_FOUND', `The pack ${id} has no lab '${lab}'.`, {
      remedy: `It has ${pack.labs.map((one) => one.id).join(', ')}.`,
    });
  }
  await using runner = await openLabRunner({ signal, hostLog });
  const { passed, withoutMistake, fewSolutions } = await testPack(pack, runner, {
    ...(lab === undefined ? {} : { labs: [lab] }),
    signal,
    onPlan: (cases) => emit({ kind: 'planned', cases }),
    onResult: ({ kind, messages, verdicts, ...result }) =>
      emit({ ...result, kind: 'case', case: kind, messages: [...messages], verdicts: { ...verdicts } }),
  });
  emit({ kind: 'done', passed, withoutMistake: [...withoutMistake], fewSolutions: [...fewSolutions] });
}

export const packs = {
  list: implementer.packs.list.handler(({ context }) => packListOf(context.host)),
  watch: implementer.packs.watch.handler(({ context: { host }, signal }) =>
    watchValue(host.changes, signal, () => packListOf(host)),
  ),
  lint: implementer.packs.lint.handler(async ({ context: { host }, input }) => [
    ...(await lintPack(folderOf(host, input.pack))).map(({ message, place, expected }) => ({
      message,
      ...(place ? { place } : {}),
      ...(expected === undefined ? {} : { expected }),
    })),
  ]),
  test: implementer.packs.test.handler(({ context: { host }, input, signal }) =>
    streamOf<PackTestEvent>(signal, (emit, stop) => test(host, input, emit, stop)),
  ),
  install: implementer.packs.install.handler(async ({ context: { host }, input }) => {
    const { id, version, already } = await installUpload(host.home, input.name, Buffer.from(input.base64, 'base64'));
    host.changes.fire();
    return { id, version, already };
  }),
  remove: implementer.packs.remove.handler(async ({ context: { host }, input }) => {
    await removeInstalled(host.home, input.pack, input.version);
    host.changes.fire();
  }),
};
