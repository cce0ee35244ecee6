import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { attachTerminal } from '../../engine/terminals/attach.ts';
import { execArgv, loginShell } from '../../engine/topology/index.ts';

/** A program for tests of terminals: `attach-to-node.ts CONTAINER NODE`, a login shell there on its own stdin and stdout. */
const [id, node] = process.argv.slice(2);
if (id === undefined || node === undefined) throw new Error('usage: attach-to-node.ts CONTAINER NODE');
const ending = new AbortController();
process.on('SIGHUP', () => ending.abort());
await using runtime = await connectDocker();
process.exitCode = await attachTerminal(
  runtime.container(id),
  execArgv(node, loginShell, { terminal: true }),
  { input: process.stdin, output: process.stdout },
  ending.signal,
);
