import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { type SqliteSourceOptions, sqliteSource } from '../../../src/sources/sqlite/index.js';

export const context = { signal: new AbortController().signal };

/** A row of the table that most tests use. */
export interface Session {
  readonly token: string;
  readonly user_id?: string;
  readonly expires_at?: number | null;
  readonly revoked_at?: number | null;
  readonly updated_at?: number;
}

const table = `CREATE TABLE sessions (
  token TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at INTEGER, revoked_at INTEGER, updated_at INTEGER NOT NULL)`;

/** A folder of this test's own, gone after it. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A database file with a connection to write by. Closed and deleted after the test. */
export function database(schema: string = table, file: string = join(folder(), 'some', 'sessions.db')) {
  mkdirSync(join(file, '..'), { recursive: true });
  const writer = new Database(file);
  onTestFinished(() => {
    writer.close();
  });
  writer.exec(schema);
  return { file, writer };
}

/** The table of sessions, and how to fill it. */
export function sessionsDatabase(file?: string) {
  const made = database(table, file);
  const insert = made.writer.prepare(
    `INSERT INTO sessions VALUES (@token, @user_id, @expires_at, @revoked_at, @updated_at)
     ON CONFLICT DO UPDATE SET user_id = excluded.user_id, expires_at = excluded.expires_at,
       revoked_at = excluded.revoked_at, updated_at = excluded.updated_at`,
  );
  const write = (...sessions: readonly Session[]): void => {
    for (const session of sessions) {
      insert.run({
        user_id: `user-${session.token}`,
        expires_at: null,
        revoked_at: null,
        updated_at: 1,
        ...session,
      });
    }
  };
  return { ...made, write };
}

const roles = {
  table: 'sessions',
  key: 'token',
  expiresAt: 'expires_at',
  revokedAt: 'revoked_at',
  updatedAt: 'updated_at',
} as const;

/** A source over the table of sessions. In the test's own thread unless `thread` is true. */
export function sessionsSource(
  file: SqliteSourceOptions['file'],
  options: Partial<Omit<SqliteSourceOptions, 'value' | 'file'>> = {},
) {
  return closing(
    sqliteSource({
      ...roles,
      thread: false,
      value: (row) => String(row.user_id),
      ...options,
      file,
    }),
  );
}

/** The same, with the user's id as the column that is read and saved. */
export function writableSource(
  file: SqliteSourceOptions['file'],
  options: Partial<Omit<SqliteSourceOptions, 'value' | 'file'>> = {},
) {
  return closing(
    sqliteSource({ ...roles, thread: false, value: 'user_id', writable: true, ...options, file }),
  );
}

export function closing<S extends { close(): Promise<void> }>(source: S): S {
  onTestFinished(() => source.close());
  return source;
}

/** What an asynchronous iterable gives, all of it. */
export async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const given: T[] = [];
  for await (const one of iterable) given.push(one);
  return given;
}

export const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
