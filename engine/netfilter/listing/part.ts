import type { Option } from '../model.ts';

/** A match or a target with its options, as words of iptables-save have them. */
export interface Part {
  readonly name: string;
  readonly options: readonly Option[];
}
