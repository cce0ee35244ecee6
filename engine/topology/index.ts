export { buildTopology, failUnlessBuilt, restartNode } from './build.ts';
export { execArgv, loginShell, outerArgv } from './exec-argv.ts';
export { planLinks, segmentNamespace } from './network-plan.ts';
export { linkEnds, type Topology, topologySchema } from './topology.ts';
export { type NodeFiles, restartScript } from './topology-script.ts';
