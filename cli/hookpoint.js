#!/usr/bin/env node
// Starts the command line with the Node that came with the packages where the system's is older. Plain JavaScript that any Node
// of the last years runs.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const bundle = join(folder, 'hookpoint.mjs');
const program = existsSync(bundle) ? bundle : join(folder, 'cli/main.ts');

if (Number(process.versions.node.split('.')[0]) >= 24) await runHere();
else runWith(join(folder, 'node_modules/node/bin/node'));

async function runHere() {
  // node:sqlite and type stripping announce themselves as experimental on stderr, which belongs to the command.
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (rest[0] !== 'ExperimentalWarning') emitWarning.call(process, warning, ...rest);
  };
  // Compiling the sources anew takes longer than most commands do.
  module.enableCompileCache?.(join(folder, 'node_modules/.cache/hookpoint'));
  const { runProgram } = await import(program);
  await runProgram();
}

function runWith(node) {
  if (!existsSync(node)) {
    console.error(
      `error: Node ${process.versions.node} is too old and Node 24 is not installed here. Run \`npm install\` first.`,
    );
    process.exit(3);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself, through the terminal; whatever else ends us is passed on.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
