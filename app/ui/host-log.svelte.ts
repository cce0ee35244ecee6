import type { Client } from '../../engine/contract/contract.ts';

/** Asks once whether labs may let the host's kernel log hear containers. HostLogDialog.svelte shows the question. */
class HostLogConsent {
  asking = $state(false);
  #answer: ((allowed: boolean | null) => void) | null = null;

  /** What `hostLog` of a start is: as was answered before, else as is answered now; null where the user would rather not start. */
  async ask(client: Client, needs: readonly string[]): Promise<boolean | null> {
    if (!needs.includes('log')) return false;
    const { allowed } = await client.preferences.hostLog();
    if (allowed !== null) return allowed;
    this.answer(null);
    this.asking = true;
    const answer = await new Promise<boolean | null>((resolve) => {
      this.#answer = resolve;
    });
    if (answer !== null) await client.preferences.allowHostLog({ allowed: answer });
    return answer;
  }

  answer(allowed: boolean | null): void {
    this.asking = false;
    this.#answer?.(allowed);
    this.#answer = null;
  }
}

export const hostLogConsent = new HostLogConsent();
