import { HookpointError } from '../../contract/error.ts';
import type { PacketEnds, PacketTrace, TracedHop } from '../../contract/procedures/trace.ts';
import { explainPath, type Probe } from '../../netfilter/index.ts';
import type { ObservedHop } from '../../observe/observed-walk.ts';
import type { TracedHeader } from '../../observe/packet-trace.ts';
import { findSession } from '../../sessions/session.ts';
import { type Traced, traceSession } from '../../sessions/trace.ts';
import { implementer } from './base.ts';

export const trace = {
  send: implementer.trace.send.handler(async ({ context: { host }, input, signal }) => {
    const { from, to, protocol, port, family } = input;
    const session = findSession(host.store, input.session);
    const question = { from, to, probe: probeOf(protocol, port), ...(family ? { family } : {}) };
    return traceOf(await traceSession(await host.workspace(), session, question, signal));
  }),
};

function probeOf(protocol: Probe['protocol'], port: number | null): Probe {
  if (protocol === 'icmp') return { protocol };
  if (port !== null) return { protocol, port };
  throw new HookpointError('BAD_INPUT', `A ${protocol} packet needs a port.`, { remedy: 'Give one from 1 to 65535.' });
}

const traceOf = ({ predicted, legs, partings, untold, ...rest }: Traced): PacketTrace => ({
  ...rest,
  legs: legs.map(({ name, hops }) => ({ name, hops: hops.map(hopOf) })),
  predicted: explainPath(predicted),
  partings: [...partings],
  untold: [...untold],
});

const hopOf = (hop: ObservedHop): TracedHop => ({
  ...hop,
  before: endsOf(hop.before),
  after: endsOf(hop.after),
  steps: [...hop.steps],
});

const endsOf = ({ source, sourcePort, destination, destinationPort, ttl, mark }: TracedHeader): PacketEnds => ({
  source,
  sourcePort,
  destination,
  destinationPort,
  ttl,
  mark,
});
