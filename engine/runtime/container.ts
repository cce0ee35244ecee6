import type { Readable, Writable } from 'node:stream';

/** A place where session containers run. Docker is the first; nothing above this room knows which it is. */
export interface ContainerRuntime extends AsyncDisposable {
  /** Where it is, for messages: "Docker 20.10.24 at unix:///var/run/docker.sock". */
  readonly description: string;
  /** How containers get their privileges here: plain `--privileged`, or CapAdd where the host lacks a capability. */
  readonly privileges: 'privileged' | 'cap-add';
  /** Makes sure the lab node's image is there, building it once; its tag. */
  ensureImage(options: { progress?: Progress; signal?: AbortSignal }): Promise<string>;
  /** The image's tag if it is there already. */
  findImage(): Promise<string | undefined>;
  /** Creates and starts a container. On any failure or abort nothing is left behind. */
  start(spec: ContainerSpec, signal?: AbortSignal): Promise<Container>;
  /** Every container, running or not, that carries all of these labels. */
  list(labels: Readonly<Record<string, string | true>>, signal?: AbortSignal): Promise<readonly ContainerState[]>;
  /**
   * What happens to containers with these labels from the moment that this resolves: started, paused, ended, removed. Ends with a failure
   * when the engine does.
   */
  events(labels: Readonly<Record<string, string | true>>, signal: AbortSignal): Promise<AsyncIterable<ContainerEvent>>;
  /** Resolves when the engine answers at all; fails where it does not before the signal is aborted. */
  answers(signal: AbortSignal): Promise<void>;
  /** A handle for a container that exists. Does not ask Docker. */
  container(id: string): Container;
  /** Runs a command as root in the network namespace of the host's first process, from a container that carries `helperLabel`. */
  runOnHost(argv: readonly string[], signal?: AbortSignal): Promise<ExecResult>;
}

/** On containers that are done within seconds; one that is older was left by a process that was killed. */
export const helperLabel = 'dev.hookpoint.host';

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly argv: readonly string[];
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly limits: Limits;
  /** Folders on a size-limited tmpfs. */
  readonly tmpfs: Readonly<Record<string, { readonly megabytes: number; readonly exec?: boolean }>>;
  /** Anonymous volumes, removed with the container. */
  readonly volumes: readonly string[];
}

export interface Limits {
  readonly memoryMegabytes: number;
  readonly pids: number;
  readonly cpus: number;
}

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: 'running' | 'paused' | 'stopped';
  readonly created: Date;
}

/** `action` is Docker's word: create, start, die, pause, unpause, destroy. */
export interface ContainerEvent {
  readonly container: string;
  readonly action: string;
}

export interface Container {
  readonly id: string;
  /** Runs a command to its end and collects what it wrote. A non-zero exit is a result, not an error. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Starts a command with its streams in our hands. */
  attach(argv: readonly string[], options?: AttachOptions): Promise<AttachedExec>;
  /** Unpacks a tar archive below a folder. */
  put(path: string, archive: Readable | Buffer, signal?: AbortSignal): Promise<void>;
  /** A file or folder as a tar archive. */
  get(path: string, signal?: AbortSignal): Promise<Readable>;
  state(signal?: AbortSignal): Promise<ContainerState | null>;
  pause(signal?: AbortSignal): Promise<void>;
  unpause(signal?: AbortSignal): Promise<void>;
  /** Removes it with its volumes, whatever its state; done when it is gone. No error if it was not there. */
  remove(signal?: AbortSignal): Promise<void>;
}

export interface ExecOptions {
  readonly stdin?: string | Buffer;
  readonly signal?: AbortSignal;
  /** Milliseconds after which the command is given up with TIMED_OUT. */
  readonly timeout?: number;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AttachOptions {
  readonly terminal?: { readonly columns: number; readonly rows: number };
  readonly signal?: AbortSignal;
}

export interface AttachedExec {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Empty when there is a terminal: it has one stream. */
  readonly stderr: Readable;
  resize(size: { columns: number; rows: number }): Promise<void>;
  /** The command's exit code, after its streams ended. */
  readonly exited: Promise<number>;
}

/** Runs one bash script in the outer container and collects what it wrote; a non-zero exit is a result, not an error. */
export type RunScript = (
  script: string,
  options?: { readonly signal?: AbortSignal; readonly timeout?: number },
) => Promise<ExecResult>;

/** What is going on now, for people. */
export type Progress = (event: { readonly stage: string; readonly detail?: string }) => void;
