export { explainWalk, stepName } from './explain.ts';
export type { HostState } from './host.ts';
export { type Packet, PacketSyntaxError, parsePacket, tcpFlagBits } from './packet.ts';
export { type PossibleOutcome, type Rewrites, type Simulation, type SimulationInput, simulate } from './simulate.ts';
export type { Hook, Verdict, WalkStep } from './way.ts';
