import type { Client } from '../../../engine/contract/contract.ts';
import type { Failure } from '../../../engine/contract/failures.ts';
import type { Result } from '../../../engine/contract/procedures/results.ts';
import { failureOf } from '../../client/failure.ts';

/** One result, which never changes once it is there. */
export class OneResult {
  value = $state.raw<Result | null>(null);
  failure = $state.raw<Failure | null>(null);

  async read(client: Client, id: number): Promise<void> {
    try {
      this.value = await client.results.get({ id });
      this.failure = null;
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }
}
