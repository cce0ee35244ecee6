import type { Failure } from '../../engine/contract/failures.ts';
import type { PacketTrace } from '../../engine/contract/procedures/trace.ts';
import type { EngineLink } from '../client/engine-link.svelte.ts';
import { failureOf } from '../client/failure.ts';

export type PacketKind = 'tcp' | 'udp' | 'icmp';

/** What to send, as the form has it, and what became of the last packet. It outlives the panel that shows it. */
export class PacketTracer {
  from = $state('');
  to = $state('');
  kind = $state<PacketKind>('tcp');
  port = $state('80');
  family = $state<'any' | 'ipv4' | 'ipv6'>('any');
  sending = $state(false);
  trace = $state.raw<PacketTrace | null>(null);
  failure = $state.raw<Failure | null>(null);
  readonly portWrong = $derived(this.kind !== 'icmp' && !isPort(this.port));
  readonly #link: EngineLink;
  readonly #session: string;

  constructor(link: EngineLink, session: string, nodes: readonly string[]) {
    this.#link = link;
    this.#session = session;
    this.from = nodes[0] ?? '';
    this.to = nodes.at(-1) ?? '';
  }

  async send(): Promise<void> {
    const { client } = this.#link;
    if (!client || this.sending || this.portWrong) return;
    this.sending = true;
    this.failure = null;
    try {
      this.trace = await client.trace.send({
        session: this.#session,
        from: this.from,
        to: this.to.trim(),
        protocol: this.kind,
        port: this.kind === 'icmp' ? null : Number(this.port),
        family: this.family === 'any' ? null : this.family,
      });
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
    this.sending = false;
  }
}

function isPort(text: string): boolean {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  return port >= 1 && port <= 65_535;
}
