import { createWriteStream, mkdirSync, statSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { MessageChannelMain, type MessagePortMain, type UtilityProcess, utilityProcess } from 'electron';
import { RestartPlan } from './restart-plan.ts';

/** A log larger than this is begun anew, in bytes. */
const largestLog = 4 * 1024 * 1024;

/**
 * The engine in a process of its own, started again when it ends. Labs are containers and go on meanwhile. A window learns that it ended from
 * its port, which closes, and asks for another. `onTrouble` is called when starting again does not help; `retry` begins anew.
 */
export class EngineProcess {
  readonly #entry: string;
  readonly #log: string;
  readonly #onTrouble: () => void;
  readonly #plan = new RestartPlan();
  #child: UtilityProcess | null = null;
  #waiting: ((port: MessagePortMain) => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(entry: string, options: { readonly log: string; readonly onTrouble: () => void }) {
    this.#entry = entry;
    this.#log = options.log;
    this.#onTrouble = options.onTrouble;
    this.#start();
  }

  /** Gives a fresh port to the engine, at once or as soon as it is there. */
  connect(give: (port: MessagePortMain) => void): void {
    this.#waiting.push(give);
    this.#giveAll();
  }

  retry(): void {
    this.#plan.forget();
    this.#start();
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#child?.kill();
  }

  #start(): void {
    if (this.#ended) return;
    const log = openLog(this.#log);
    const child = utilityProcess.fork(this.#entry, [], { serviceName: 'Hookpoint engine', stdio: 'pipe' });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.once('spawn', () => {
      this.#child = child;
      this.#giveAll();
    });
    child.once('exit', (code) => {
      log.end(`${new Date().toISOString()} the engine ended with status ${code}\n`);
      this.#child = null;
      if (!this.#ended) this.#startLater();
    });
  }

  #startLater(): void {
    const wait = this.#plan.afterEnd(Date.now());
    if (wait === null) this.#onTrouble();
    else this.#timer = setTimeout(() => this.#start(), wait);
  }

  #giveAll(): void {
    if (!this.#child) return;
    for (const give of this.#waiting.splice(0)) {
      const { port1, port2 } = new MessageChannelMain();
      this.#child.postMessage(null, [port1]);
      give(port2);
    }
  }
}

function openLog(file: string): WriteStream {
  mkdirSync(dirname(file), { recursive: true });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const log = createWriteStream(file, { flags: size > largestLog ? 'w' : 'a' });
  log.on('error', () => undefined); // a full disk costs the log, not the engine
  return log;
}
