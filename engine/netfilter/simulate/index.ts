export type { Connection, Tuple } from './connection.ts';
export {
  type DecidingRule,
  explainWalk,
  findDecidingRule,
  findDecidingStep,
  rulesVisited,
  verdictWords,
} from './explain.ts';
export { ownTable } from './foreign-tables.ts';
export type { HostAddress, HostIpset, HostLink, HostNftTable, HostRoute, HostState } from './host-state.ts';
export { type Packet, type PacketState, PacketSyntaxError, packetFamily, parsePacket } from './packet.ts';
export { simulate, simulateChain } from './simulate.ts';
export {
  type Hook,
  hooks,
  type Outcome,
  type Rewrites,
  type Simulation,
  type SimulationInput,
  type Verdict,
  type WalkStep,
} from './simulation.ts';
