import type { Report } from '../contract/report.ts';
import type { LabInstance } from './pack.ts';

/** Runs labs for tests of packs. The sessions room has one with real containers. */
export interface LabRunner {
  /** Starts a fresh lab; PROVISIONING_FAILED and the like are thrown. */
  start(lab: LabInstance, signal?: AbortSignal): Promise<RunningLab>;
}

export interface ScriptResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** It did not end in its time and was stopped. */
  readonly timedOut: boolean;
}

export interface RunningLab {
  /** A bash script in a node, as the learner, for a limited time. A non-zero exit is a result. */
  run(node: string, script: string, signal?: AbortSignal): Promise<ScriptResult>;
  answer(question: string, value: string, signal?: AbortSignal): Promise<void>;
  check(signal?: AbortSignal): Promise<Report>;
  restart(node: string, signal?: AbortSignal): Promise<void>;
  /** Ends it and leaves nothing behind; also after an abort. */
  stop(): Promise<void>;
}
