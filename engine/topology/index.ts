export { type BuildOptions, buildTopology, restartNode } from './build.ts';
export { checkTopology, type TopologyProblem } from './check-topology.ts';
export { execArgv, loginShell, type NodeExecOptions, outerArgv } from './exec-argv.ts';
export { type LinkEnd, type LinkPlan, macOf, planLinks, segmentNamespace } from './network-plan.ts';
export {
  interfaceName,
  type NodeSpec,
  nodeName,
  nodeSchema,
  type Service,
  serviceSchema,
  type Topology,
  topologySchema,
} from './topology.ts';
