import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';

const day = 86_400_000;

/** Where the database's file is while it is pulled away. A restart finds it there, and so does `giveBack`. */
const away = (file: string): string => `${file}.away`;

/** SQLite's file and what it may keep beside it. */
const parts = ['', '-wal', '-shm', '-journal'];

function moveAll(from: string, to: string): void {
  for (const part of parts) if (existsSync(from + part)) renameSync(from + part, to + part);
}

/** Makes the file unreachable for whoever reads it, as an unmounted disk would be. */
export function pullAway(file: string): void {
  if (existsSync(file)) moveAll(file, away(file));
}

/** The file, at its place again. False when there is none to give back. */
export function giveBack(file: string): boolean {
  if (!existsSync(file) && existsSync(away(file))) moveAll(away(file), file);
  return existsSync(file);
}

export const isPulledAway = (file: string): boolean => !existsSync(file) && existsSync(away(file));

/** Makes the database and fills it with sessions, unless it is there, or was there and is pulled away. */
export function createDatabase(file: string, sessions = 10_000): void {
  if (existsSync(file) || existsSync(away(file))) return;
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.new`; // a process killed half-way leaves no half-filled database
  rmSync(unfinished, { force: true });
  const database = new Database(unfinished);
  database.exec(`CREATE TABLE sessions(
    token TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER, updated_at INTEGER NOT NULL)`);
  const insert = database.prepare(
    'INSERT INTO sessions(token, user_id, expires_at, updated_at) VALUES (?, ?, ?, ?)',
  );
  const now = Date.now();
  database.transaction(() => {
    for (let n = 1; n <= sessions; n++)
      insert.run(randomUUID(), `user-${n}`, now + (1 + (n % 30)) * day, now);
  })();
  database.close();
  renameSync(unfinished, file);
}

/** The token of some session, to try the service with. Found in the file that is pulled away, too. */
export function sampleToken(file: string): string | undefined {
  try {
    const database = new Database(isPulledAway(file) ? away(file) : file, {
      readonly: true,
      fileMustExist: true,
    });
    try {
      return database
        .prepare<[number], string>(
          'SELECT token FROM sessions WHERE revoked_at IS NULL AND expires_at > ? LIMIT 1',
        )
        .pluck()
        .get(Date.now() + day);
    } finally {
      database.close();
    }
  } catch {
    return undefined; // there is none to be had: the service does without
  }
}
