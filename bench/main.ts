/**
 * `npm run bench`: every figure as a ratio against the raw way, both measured in turn in this run. Machines are noisy: a ratio over its budget
 * is marked, and is no failure.
 */
import { engineRows } from './engine-rows.ts';
import { formatRow, type Row } from './measure.ts';
import { analyseRow, explainRow, netfilterRows } from './netfilter-rows.ts';

console.log(`${''.padEnd(46)}        ours         raw    ratio   budget  runs`);
const report = (row: Row) => console.log(formatRow(row));
await engineRows(report);
await explainRow(report);
await analyseRow(report);
await netfilterRows(report);
