/** From a database file into memory, beside the shortest loop that does so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { defineCache } from 'holdfast';
import { sqliteSource } from 'holdfast/sqlite';
import { type Session, session, tokens } from '../harness/sessions.js';
import type { Bench } from '../harness/suite.js';
import { timed } from '../harness/thread-time.js';

interface StoredSession {
  readonly token: string;
  readonly user_id: string;
  readonly expires_at: number;
}

export async function warming(bench: Bench, count: number): Promise<void> {
  const title = `warm ${count.toLocaleString('en')} rows from SQLite`;
  await warmedFrom(bench, count, title, (keys) => keys.sort());
  // A pass goes by the keys: where rows stand in another order, it looks up each.
  await warmedFrom(bench, count, `${title}, which lie in no order`, (keys) => keys);
}

async function warmedFrom(
  bench: Bench,
  count: number,
  title: string,
  order: (keys: string[]) => readonly string[],
): Promise<void> {
  if (!bench.wants(title)) return;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    const file = join(folder, 'sessions.db');
    write(file, order(tokens(count)));
    await bench.compare(
      title,
      'ms',
      {
        holdfast: () => warmed(file, count, true),
        'holdfast, thread: false': () => warmed(file, count, false),
        'better-sqlite3 and a Map': async () => (await timed(() => bare(file, count))).took,
      },
      { rounds: 3, aims: [{ is: 'at most', value: 1.5, times: 'better-sqlite3 and a Map' }] },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function write(file: string, keys: readonly string[]): void {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.exec(
    'CREATE TABLE sessions (token TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at INTEGER NOT NULL)',
  );
  const insert = db.prepare('INSERT INTO sessions VALUES (?, ?, ?)');
  db.transaction(() => {
    for (const [nth, token] of keys.entries()) {
      const { userId, expiresAt } = session(nth);
      insert.run(token, userId, expiresAt);
    }
  })();
  db.close();
}

function bare(file: string, count: number): void {
  const db = new Database(file, { readonly: true });
  const map = new Map<string, Session>();
  for (const row of db.prepare<[], StoredSession>('SELECT * FROM sessions').iterate()) {
    map.set(row.token, { userId: row.user_id, expiresAt: row.expires_at });
  }
  db.close();
  if (map.size !== count) throw new Error(`The Map has ${map.size} of ${count} rows.`);
}

async function warmed(file: string, count: number, thread: boolean): Promise<number> {
  const cache = defineCache({
    name: 'bench',
    source: sqliteSource({
      file,
      table: 'sessions',
      key: 'token',
      value: ({ user_id, expires_at }) => ({ userId: user_id, expiresAt: expires_at }),
      expiresAt: 'expires_at',
      thread,
    }),
  });
  const { took } = await timed(async () => {
    await cache.start();
    await cache.warmed();
  });
  if (cache.size !== count) throw new Error(`The cache has ${cache.size} of ${count} rows.`);
  await cache.stop();
  return took;
}
