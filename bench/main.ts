/**
 * `npm run bench`: every figure as a ratio against the raw way, both measured in turn in this run. Machines are noisy: a ratio over its budget
 * is marked, and is no failure. It has a data folder of its own; whatever ends it, its containers go with it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectDocker } from '../engine/runtime/docker/connect.ts';
import { findHome } from '../engine/sessions/home.ts';
import { appRows } from './app-rows.ts';
import { engineRows } from './engine-rows.ts';
import { liveRows } from './live-rows.ts';
import { formatRow, type Row } from './measure.ts';
import { analyseRow, explainRow, netfilterRows } from './netfilter-rows.ts';
import { terminalRows } from './terminal-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'hookpoint-bench-'));
process.env.HOOKPOINT_HOME = folder;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => void end().then(() => process.exit(130)));
// Whoever reads may stop reading.
process.stdout.on('error', () => void end().then(() => process.exit(141)));

async function end(): Promise<void> {
  await using runtime = await connectDocker();
  const ours = [{ 'dev.hookpoint.home': findHome().hash }, { 'dev.hookpoint.bench': String(process.pid) }];
  const found = await Promise.all(ours.map((labels) => runtime.list(labels)));
  await Promise.all(found.flat().map(({ id }) => runtime.container(id).remove()));
  rmSync(folder, { recursive: true, force: true });
}

console.log(`${''.padEnd(48)}        ours         raw    ratio   budget  runs`);
const report = (row: Row) => console.log(formatRow(row));
try {
  await engineRows(report);
  await terminalRows(report);
  await appRows(report);
  await liveRows(report);
  await explainRow(report);
  await analyseRow(report);
  await netfilterRows(report);
} finally {
  await end();
}
