/**
 * `npm run bench [-- WORD]`: every figure as a ratio against the raw way, both measured in turn in this run; with a word those parts alone whose
 * name has it. Machines are noisy: a ratio over its budget is marked, and is no failure; what cannot be measured is one, and the rest goes on. It
 * has a data folder of its own; whatever ends it, its containers and processes go with it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectDocker } from '../engine/runtime/docker/connect.ts';
import { findHome } from '../engine/sessions/home.ts';
import { buildApp } from '../scripts/build-app.ts';
import { appRows } from './app-rows.ts';
import { engineRows } from './engine-rows.ts';
import { interruptRow } from './interrupt-row.ts';
import { liveRows } from './live-rows.ts';
import { Bench, heading } from './measure.ts';
import { analyseRow, explainRow, netfilterRows } from './netfilter-rows.ts';
import { endStartedHosts } from './started-host.ts';
import { terminalRows } from './terminal-rows.ts';

const parts: readonly (readonly [name: string, measure: (bench: Bench) => Promise<void>])[] = [
  ['engine', engineRows],
  ['terminals', terminalRows],
  ['app', appRows],
  ['app: Ctrl-C', interruptRow],
  ['live', liveRows],
  ['explain', explainRow],
  ['analyse', analyseRow],
  ['netfilter', netfilterRows],
];
const word = process.argv[2] ?? '';

const folder = mkdtempSync(join(tmpdir(), 'hookpoint-bench-'));
process.env.HOOKPOINT_HOME = folder;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => void end().finally(() => process.exit(130)));
// Whoever reads may stop reading.
process.stdout.on('error', () => void end().finally(() => process.exit(141)));

async function end(): Promise<void> {
  endStartedHosts();
  try {
    await using runtime = await connectDocker();
    const ours = [{ 'dev.hookpoint.home': findHome().hash }, { 'dev.hookpoint.bench': String(process.pid) }];
    const found = await Promise.all(ours.map((labels) => runtime.list(labels)));
    await Promise.all(found.flat().map(({ id }) => runtime.container(id).remove()));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const bench = new Bench();
try {
  buildApp();
  console.log(heading);
  for (const [name, measure] of parts) {
    if (name.includes(word)) await bench.group(name, () => measure(bench));
  }
} finally {
  await end();
}
// What hangs would keep the process.
process.exit(bench.failed ? 1 : 0);
