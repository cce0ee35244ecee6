import type { DatabaseSync } from 'node:sqlite';

/** Each entry takes the database from user_version N to N + 1. Entries are never edited once released: add another. */
const migrations: readonly string[] = [
  `
  create table sessions (
    id text primary key,
    pack text not null,
    lab text not null,
    seed integer not null,
    -- LabInstance, as it was drawn at the start: a pack edited later changes nothing here
    instance text not null,
    source text not null,
    version text not null,
    container text not null,
    image text not null,
    status text not null check (status in ('running', 'stopped')),
    created real not null,
    ended real,
    ended_because text,
    host_log integer not null,
    -- snapshots of all nodes at the end of provisioning
    baseline text not null
  ) strict;
  create table answers (
    id integer primary key,
    session text not null references sessions (id) on delete cascade,
    question text not null,
    value text not null,
    time real not null,
    -- snapshots of all nodes when it was given: an answer is judged against these
    snapshot text not null
  ) strict;
  create index answers_of_session on answers (session, id);
  create table verdicts (
    id integer primary key,
    session text not null references sessions (id) on delete cascade,
    time real not null,
    report text not null
  ) strict;
  create index verdicts_of_session on verdicts (session, id);
  create table settings (name text primary key, value text not null) strict;
  `,
  `
  -- hints that a learner opened, counted from 1 in the lab's order
  create table hints (
    session text not null references sessions (id) on delete cascade,
    number integer not null,
    time real not null,
    primary key (session, number)
  ) strict;
  `,
  `
  -- what was typed into terminals, as their shells said; numbered from 1, the oldest go first
  create table commands (
    session text not null references sessions (id) on delete cascade,
    number integer not null,
    node text not null,
    terminal text not null,
    text text,
    begun real not null,
    ended real,
    exit_code integer,
    primary key (session, number)
  ) strict, without rowid;
  `,
  `
  -- states of a session that can be brought back; each is a file DIGEST.tar.zst in the session's folder of checkpoints
  create table checkpoints (
    id integer primary key,
    session text not null references sessions (id) on delete cascade,
    name text not null,
    time real not null,
    bytes integer not null,
    -- SHA-256 of the file, hex
    digest text not null,
    -- why it was made where nobody asked for it; null for one that somebody did
    reason text,
    -- by node what it could not keep, JSON
    left_out text not null,
    unique (session, name)
  ) strict;
  -- what is being brought back; stays where that was cut short
  alter table sessions add column restoring text;
  `,
];

export const schemaVersion = migrations.length;

/** The database's version, after bringing it to today's. A database of a newer Hookpoint is left alone: its version is returned. */
export function migrate(database: DatabaseSync): number {
  if (versionOf(database) < schemaVersion) {
    // Another process may be doing the same: the version is read again under the write lock.
    database.exec('begin immediate');
    try {
      for (let version = versionOf(database); version < schemaVersion; version += 1) {
        database.exec(migrations[version] ?? '');
        database.exec(`pragma user_version = ${version + 1}`);
      }
      database.exec('commit');
    } catch (error) {
      database.exec('rollback');
      throw error;
    }
  }
  return versionOf(database);
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('pragma user_version').get()?.user_version ?? 0);
}
