import type { Client } from '../../../engine/contract/contract.ts';
import type { Failure } from '../../../engine/contract/failures.ts';
import type { DoctorFinding } from '../../../engine/contract/procedures/doctor.ts';
import { failureOf } from '../../client/failure.ts';

/** One look at the machine, or one try to mend it, with its findings as they come. */
export class Examination {
  findings = $state.raw<readonly DoctorFinding[]>([]);
  /** What is done now; null when nothing is. */
  doing = $state<'examine' | 'fix' | null>(null);
  stage = $state<{ readonly stage: string; readonly detail: string | null } | null>(null);
  failure = $state.raw<Failure | null>(null);
  #left: AbortController | null = null;

  /** Begins anew, whatever goes on. */
  async run(client: Client, what: 'examine' | 'fix'): Promise<void> {
    this.cancel();
    const left = new AbortController();
    this.#left = left;
    this.doing = what;
    this.findings = [];
    this.failure = null;
    this.stage = null;
    try {
      for await (const event of await client.doctor[what](undefined, { signal: left.signal })) {
        if (left.signal.aborted) return;
        if (event.kind === 'finding') {
          this.findings = [...this.findings, event];
          this.stage = null;
        } else this.stage = { stage: event.stage, detail: event.detail ?? null };
      }
    } catch (thrown) {
      if (!left.signal.aborted) this.failure = failureOf(thrown);
    } finally {
      if (this.#left === left) {
        this.doing = null;
        this.stage = null;
      }
    }
  }

  cancel(): void {
    this.#left?.abort();
    this.doing = null;
    this.stage = null;
  }
}
