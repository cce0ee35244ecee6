export { buildTopology, restartNode } from './build.ts';
export { execArgv, loginShell, outerArgv } from './exec-argv.ts';
export { type Topology, topologySchema } from './topology.ts';
