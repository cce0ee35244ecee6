/** What one look of the doctor found. */
export interface Finding {
  readonly id: FindingId;
  /** warning: most labs work; failed: none does. */
  readonly status: 'ok' | 'warning' | 'failed';
  /** What was found, a sentence. */
  readonly message: string;
  /** What to do about it; absent where nothing has to be done. */
  readonly remedy?: string;
}

export type FindingId =
  | 'node'
  | 'data-folder'
  | 'docker'
  | 'privileges'
  | 'image'
  | 'kernel'
  | 'kernel-log'
  | 'memory'
  | 'disk';
