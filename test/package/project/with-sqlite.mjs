import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { defineCache } from 'holdfast';
import { sqliteSource } from 'holdfast/sqlite';

const db = new Database('sessions.db');
db.exec('create table sessions (token text primary key, user_id text not null)');
db.prepare('insert into sessions values (?, ?)').run('t1', 'ada');
db.close();

const open = () =>
  defineCache({
    name: 'sessions',
    source: sqliteSource({ file: 'sessions.db', table: 'sessions', key: 'token' }),
    snapshot: { file: 'sessions.snapshot' },
    load: { timeout: '1s' },
  });

const first = await open().start();
await first.warmed({ timeout: 10_000 });
const found = first.lookup('t1');
console.log(found.status, found.value.user_id);
await first.stop();

rmSync('sessions.db');
const second = await open().start();
const stale = second.lookup('t1');
console.log(stale.status, stale.because, stale.value.user_id);
await second.stop();
