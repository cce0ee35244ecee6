import { chmodSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { HookpointError } from '../contract/error.ts';
import type { Report } from '../contract/report.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';
import type { LabInstance } from '../packs/index.ts';
import { createHome, type Home } from './home.ts';
import { migrate, schemaVersion } from './schema.ts';
import { storeFailure } from './store-failure.ts';

export type Snapshots = Readonly<Record<string, NodeSnapshot>>;

export interface SessionRow {
  readonly id: string;
  readonly pack: string;
  readonly lab: string;
  readonly seed: number;
  readonly instance: LabInstance;
  /** The folder that the pack was loaded from. */
  readonly source: string;
  /** The pack's version when it was started. */
  readonly version: string;
  readonly container: string;
  readonly image: string;
  /** What the store knows; whether the container still runs is Docker's to say. */
  readonly status: 'running' | 'stopped';
  readonly created: Date;
  readonly ended: Date | null;
  readonly endedBecause: string | null;
  /** The session reads the kernel log: the host's setting for it is put back after the last such session. */
  readonly hostLog: boolean;
  /** What is being brought back at this moment; where nobody is doing that, it was cut short. */
  readonly restoring: string | null;
}

/** stop: a session was stopped. time: some minutes had passed, or the engine ended. restore: something else was about to be brought back. */
export type CheckpointReason = 'stop' | 'time' | 'restore';

export interface CheckpointRow {
  readonly id: number;
  readonly session: string;
  readonly name: string;
  /** Unix seconds. */
  readonly time: number;
  readonly bytes: number;
  /** SHA-256 of its file. */
  readonly digest: string;
  /** null: somebody asked for it. */
  readonly reason: CheckpointReason | null;
  /** By node: what it could not keep. */
  readonly leftOut: Readonly<Record<string, readonly string[]>>;
}

export interface AnswerRow {
  readonly question: string;
  readonly value: string;
  /** Unix seconds. */
  readonly time: number;
  readonly snapshot: Snapshots;
}

/** One check that was made. */
export interface ReportRow {
  readonly id: number;
  readonly session: string;
  /** Unix seconds. */
  readonly time: number;
  readonly report: Report;
}

/** A command that was typed into a terminal, as its shell said: the learner's word, which no verdict rests on. */
export interface CommandRow {
  /** Counted from 1 in the session; the oldest are dropped, so that the first may be another. */
  readonly number: number;
  readonly node: string;
  readonly terminal: string;
  /** null where its shell did not say. */
  readonly text: string | null;
  /** Unix seconds. */
  readonly begun: number;
  /** null while it runs, and for one whose end nobody saw. */
  readonly ended: number | null;
  readonly exitCode: number | null;
}

/** Commands that are kept of a session. */
export const mostCommands = 10_000;

type NewSession = Omit<SessionRow, 'status' | 'ended' | 'endedBecause' | 'restoring'> & {
  readonly baseline: Snapshots;
};
type Row = Record<string, unknown>;

/** Other processes write in short transactions; this is far longer than any of them. */
const busyMilliseconds = 10_000;

/** Opens the user's database, making it if it is not there. Every failure of it is one sentence: DISK_FULL or STORE_FAILED. */
export function openStore(home: Home): Store {
  createHome(home);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(home.database, { timeout: busyMilliseconds });
    chmodSync(home.database, 0o600);
    database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on');
    const version = migrate(database);
    if (version > schemaVersion) {
      throw new HookpointError('STORE_FAILED', `The database ${home.database} was written by a newer Hookpoint.`, {
        remedy: 'Use that version, or set HOOKPOINT_HOME to another folder.',
      });
    }
    return new Store(home, database);
  } catch (error) {
    database?.close();
    throw storeFailure(home.database, error);
  }
}

/** What Hookpoint remembers between commands. Every change is one transaction. */
export class Store implements Disposable {
  readonly home: Home;
  readonly #database: DatabaseSync;
  /** Called after every change that this process made; what others made shows in `dataVersion`. */
  onChange: () => void = () => undefined;

  constructor(home: Home, database: DatabaseSync) {
    this.home = home;
    this.#database = database;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** Newest first. */
  sessions(): readonly SessionRow[] {
    return this.#all(`select * from sessions order by created desc, id`).map(readSession);
  }

  session(id: string): SessionRow | null {
    const row = this.#all('select * from sessions where id = ?', id)[0];
    return row ? readSession(row) : null;
  }

  baseline(id: string): Snapshots {
    return parse(this.#all('select baseline from sessions where id = ?', id)[0]?.baseline ?? '{}');
  }

  addSession(session: NewSession): void {
    this.#run(
      `insert into sessions (id, pack, lab, seed, instance, source, version, container, image, status, created, host_log, baseline)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?)`,
      session.id,
      session.pack,
      session.lab,
      session.seed,
      JSON.stringify(session.instance),
      session.source,
      session.version,
      session.container,
      session.image,
      session.created.getTime() / 1000,
      session.hostLog ? 1 : 0,
      JSON.stringify(session.baseline),
    );
  }

  /**
   * A session that was lost or stopped runs again in a new container. `afresh`: what was answered in the old one is of the past, and so are the
   * checkpoints that nobody asked for; else it goes on where a checkpoint left it.
   */
  restartSession(
    session: Pick<NewSession, 'id' | 'container' | 'image' | 'hostLog' | 'baseline'> & { readonly afresh: boolean },
  ): void {
    this.#transaction(() => {
      if (session.afresh) {
        this.#run('delete from answers where session = ?', session.id);
        this.#run('delete from commands where session = ?', session.id);
        this.#run('delete from checkpoints where session = ? and reason is not null', session.id);
      }
      this.#run(
        `update sessions set container = ?, image = ?, host_log = ?, baseline = ?, status = 'running', ended = null, ended_because = null,
         restoring = null where id = ?`,
        session.container,
        session.image,
        session.hostLog ? 1 : 0,
        JSON.stringify(session.baseline),
        session.id,
      );
    });
  }

  endSession(id: string, because: string): void {
    this.#run(
      `update sessions set status = 'stopped', ended = ?, ended_because = ? where id = ? and status = 'running'`,
      Date.now() / 1000,
      because,
      id,
    );
  }

  /** Says what is being brought back, or with null that it is done. */
  changeRestoring(id: string, what: string | null): void {
    this.#run('update sessions set restoring = ? where id = ?', what, id);
  }

  /** Of one session, newest first. */
  checkpoints(session: string): readonly CheckpointRow[] {
    return this.#all('select * from checkpoints where session = ? order by time desc, id desc', session).map(
      readCheckpoint,
    );
  }

  /** Adds one and drops others, in one transaction. */
  addCheckpoint(checkpoint: Omit<CheckpointRow, 'id'>, dropped: readonly number[]): void {
    this.#transaction(() => {
      for (const id of dropped) this.#run('delete from checkpoints where id = ?', id);
      this.#run(
        'insert into checkpoints (session, name, time, bytes, digest, reason, left_out) values (?, ?, ?, ?, ?, ?, ?)',
        checkpoint.session,
        checkpoint.name,
        checkpoint.time,
        checkpoint.bytes,
        checkpoint.digest,
        checkpoint.reason,
        JSON.stringify(checkpoint.leftOut),
      );
    });
  }

  removeCheckpoint(id: number): void {
    this.#run('delete from checkpoints where id = ?', id);
  }

  addAnswer(session: string, answer: AnswerRow): void {
    this.#run(
      'insert into answers (session, question, value, time, snapshot) values (?, ?, ?, ?, ?)',
      session,
      answer.question,
      answer.value,
      answer.time,
      JSON.stringify(answer.snapshot),
    );
  }

  /** In the order given. */
  answers(session: string): readonly AnswerRow[] {
    return this.#all('select question, value, time, snapshot from answers where session = ? order by id', session).map(
      (row) => ({
        question: String(row.question),
        value: String(row.value),
        time: Number(row.time),
        snapshot: parse<Snapshots>(row.snapshot),
      }),
    );
  }

  /** How often something was answered. */
  answerCount(session: string): number {
    return Number(this.#all('select count(*) as count from answers where session = ?', session)[0]?.count);
  }

  /** What was answered, without the states that it is judged against. */
  givenAnswers(session: string): readonly Omit<AnswerRow, 'snapshot'>[] {
    return this.#all('select question, value, time from answers where session = ? order by id', session).map((row) => ({
      question: String(row.question),
      value: String(row.value),
      time: Number(row.time),
    }));
  }

  /** Opens the next of so many hints: its number, counted from 1, or null where all are open. */
  openHint(session: string, total: number): number | null {
    let number: number | null = null;
    this.#transaction(() => {
      const next = this.openedHints(session).length + 1;
      if (next > total) return;
      this.#run('insert into hints (session, number, time) values (?, ?, ?)', session, next, Date.now() / 1000);
      number = next;
    });
    return number;
  }

  /** When each was opened, in Unix seconds, in the lab's order. Resuming a session closes none: they were read. */
  openedHints(session: string): readonly number[] {
    return this.#all('select time from hints where session = ? order by number', session).map(({ time }) =>
      Number(time),
    );
  }

  /** Its number. The oldest goes where there are too many. */
  beginCommand(session: string, command: Pick<CommandRow, 'node' | 'terminal' | 'text' | 'begun'>): number {
    let number = 0;
    this.#transaction(() => {
      const last = this.#all('select max(number) as last from commands where session = ?', session)[0]?.last;
      number = Number(last ?? 0) + 1;
      const { node, terminal, text, begun } = command;
      this.#run(
        'insert into commands (session, number, node, terminal, text, begun) values (?, ?, ?, ?, ?, ?)',
        session,
        number,
        node,
        terminal,
        text,
        begun,
      );
      this.#run('delete from commands where session = ? and number <= ?', session, number - mostCommands);
    });
    return number;
  }

  endCommand(session: string, number: number, end: { readonly time: number; readonly exitCode: number | null }): void {
    this.#run(
      'update commands set ended = ?, exit_code = ? where session = ? and number = ?',
      end.time,
      end.exitCode,
      session,
      number,
    );
  }

  /** Those that are kept, in the order in which they began. */
  commands(session: string): readonly CommandRow[] {
    return this.#all('select * from commands where session = ? order by number', session).map((row) => ({
      number: Number(row.number),
      node: String(row.node),
      terminal: String(row.terminal),
      text: row.text === null ? null : String(row.text),
      begun: Number(row.begun),
      ended: row.ended === null ? null : Number(row.ended),
      exitCode: row.exit_code === null ? null : Number(row.exit_code),
    }));
  }

  addVerdict(session: string, report: Report): void {
    this.#run(
      'insert into verdicts (session, time, report) values (?, ?, ?)',
      session,
      Date.now() / 1000,
      JSON.stringify(report),
    );
  }

  /** The latest report of each session, by its id. */
  latestVerdicts(): ReadonlyMap<string, Report> {
    const rows = this.#all(
      'select session, report from verdicts where id in (select max(id) from verdicts group by session)',
    );
    return new Map(rows.map((row) => [String(row.session), parse<Report>(row.report)]));
  }

  /** A number that changes with every commit of another process. */
  dataVersion(): number {
    return Number(this.#all('pragma data_version')[0]?.data_version);
  }

  /** Every check that was made, of one session or of all, newest first. */
  reports(session?: string): readonly ReportRow[] {
    const which = session === undefined ? '' : 'where session = ?';
    const rows = this.#all(
      `select id, session, time, report from verdicts ${which} order by id desc`,
      ...(session === undefined ? [] : [session]),
    );
    return rows.map((row) => ({
      id: Number(row.id),
      session: String(row.session),
      time: Number(row.time),
      report: parse<Report>(row.report),
    }));
  }

  /** Those whose names begin so. */
  settings(prefix: string): readonly { readonly name: string; readonly value: string }[] {
    return this.#all('select name, value from settings where substr(name, 1, ?) = ?', prefix.length, prefix).map(
      ({ name, value }) => ({ name: String(name), value: String(value) }),
    );
  }

  setting(name: string): string | null {
    const value = this.#all('select value from settings where name = ?', name)[0]?.value;
    return typeof value === 'string' ? value : null;
  }

  changeSetting(name: string, value: string | null): void {
    if (value === null) this.#run('delete from settings where name = ?', name);
    else
      this.#run(
        'insert into settings (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
        name,
        value,
      );
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    try {
      return this.#database.prepare(sql).all(...values);
    } catch (error) {
      throw storeFailure(this.home.database, error);
    }
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    try {
      this.#database.prepare(sql).run(...values);
      if (!this.#database.isTransaction) this.onChange();
    } catch (error) {
      throw storeFailure(this.home.database, error);
    }
  }

  #transaction(work: () => void): void {
    this.#run('begin immediate');
    try {
      work();
      this.#run('commit');
    } catch (error) {
      // SQLite has already rolled back after some failures (a full disk among them); a second rollback would hide the cause.
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }
}

function readSession(row: Row): SessionRow {
  return {
    id: String(row.id),
    pack: String(row.pack),
    lab: String(row.lab),
    seed: Number(row.seed),
    instance: parse<LabInstance>(row.instance),
    source: String(row.source),
    version: String(row.version),
    container: String(row.container),
    image: String(row.image),
    status: row.status === 'running' ? 'running' : 'stopped',
    created: new Date(Number(row.created) * 1000),
    ended: row.ended === null ? null : new Date(Number(row.ended) * 1000),
    endedBecause: row.ended_because === null ? null : String(row.ended_because),
    hostLog: row.host_log === 1,
    restoring: row.restoring === null ? null : String(row.restoring),
  };
}

function readCheckpoint(row: Row): CheckpointRow {
  return {
    id: Number(row.id),
    session: String(row.session),
    name: String(row.name),
    time: Number(row.time),
    bytes: Number(row.bytes),
    digest: String(row.digest),
    reason: row.reason === null ? null : (String(row.reason) as CheckpointReason),
    leftOut: parse(row.left_out),
  };
}

/** JSON that this file wrote itself: trusted to have the shape it was written with. */
function parse<T>(text: unknown): T {
  return JSON.parse(String(text)) as T;
}
