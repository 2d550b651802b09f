import { existsSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { createDatabase } from '../../docs/examples/session-service/database.js';

/** Does something to the database from outside, as another program would. */
export function withDatabase<T>(file: string, act: (database: Database.Database) => T): T {
  const database = new Database(file, { timeout: 5000 });
  try {
    return act(database);
  } finally {
    database.close();
  }
}

export const fill = (file: string, sessions: number): void => createDatabase(file, sessions);

export const tokensIn = (file: string): string[] =>
  withDatabase(file, (database) =>
    database.prepare<[], string>('SELECT token FROM sessions WHERE revoked_at IS NULL').pluck().all(),
  );

export const revokeIn = (file: string, token: string): void =>
  withDatabase(file, (database) => {
    const now = Date.now();
    database
      .prepare('UPDATE sessions SET revoked_at = ?, updated_at = ? WHERE token = ?')
      .run(now, now, token);
  });

export const deleteIn = (file: string, token: string): void =>
  withDatabase(file, (database) => {
    database.prepare('DELETE FROM sessions WHERE token = ?').run(token);
  });

/** The database is gone for good, with whatever SQLite kept beside it. */
export function destroy(file: string): void {
  for (const part of ['', '-wal', '-shm', '-journal']) if (existsSync(file + part)) rmSync(file + part);
}
