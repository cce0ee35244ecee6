/** Opens a terminal on a node as the engine does, says so and stays, until it is killed: `hold-node-terminal.ts CONTAINER NODE`. */
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { openNodeTerminal } from '../../engine/terminals/node-terminal.ts';

const [container = '', node = ''] = process.argv.slice(2);
const runtime = await connectDocker();
const terminal = await openNodeTerminal(runtime.container(container), node, {
  size: { columns: 80, rows: 24 },
  onOutput: (data) => {
    if (data.includes('# ')) process.stdout.write('open\n');
  },
});
await terminal.exited;
