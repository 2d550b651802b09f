import { execFile } from 'node:child_process';
import { renameSync } from 'node:fs';
import { promisify } from 'node:util';
import { defineCache } from 'holdfast';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Source } from '../../../src/sources/index.js';
import { folder, sessionsDatabase, sessionsSource, writableSource } from './sessions-database.js';

const run = promisify(execFile);

/** A process of its own that writes to the file, and ends. */
const elsewhere = (file: string, sql: string) =>
  run(process.execPath, [
    '-e',
    `const Database = require('better-sqlite3'); const db = new Database(process.argv[1]); db.exec(process.argv[2]); db.close();`,
    file,
    sql,
  ]);

/** How often it was told that something was written. */
async function watched(source: Source<unknown>) {
  const giving = new AbortController();
  const told = { opened: 0, changed: 0 };
  const ended = source.subscribe!({
    signal: giving.signal,
    onOpen: () => {
      told.opened++;
    },
    onChange: () => {
      told.changed++;
    },
    onGap: () => {},
  });
  onTestFinished(async () => {
    giving.abort();
    await ended;
  });
  await vi.waitFor(() => expect(told.opened).toBe(1), 10_000);
  return told;
}

describe('what another process commits', () => {
  it('is noticed: by the source in its thread, and by the cache over it, long before a sweep', async () => {
    const { file, write } = sessionsDatabase();
    write({ token: 'a', updated_at: Date.now() });
    const source = sessionsSource(file, { thread: true });
    const cache = defineCache<string>({
      name: 'sessions',
      source,
      sweep: { every: '1h' },
      warm: { every: '1h' },
    });
    onTestFinished(() => cache.stop());
    await cache.start();
    await cache.warmed();
    expect(cache.get('a')).toBe('user-a');
    const now = Date.now();
    await elsewhere(file, `UPDATE sessions SET user_id = 'changed', updated_at = ${now} WHERE token = 'a'`);
    await vi.waitFor(() => expect(cache.get('a')).toBe('changed'), 10_000);
    await elsewhere(file, `INSERT INTO sessions VALUES ('b', 'new', NULL, NULL, ${now})`);
    await vi.waitFor(() => expect(cache.get('b')).toBe('new'), 10_000);
    await elsewhere(file, "DELETE FROM sessions WHERE token = 'a'");
    await vi.waitFor(() => expect(cache.lookup('a').status).toBe('absent'), 10_000);
    expect(cache.lookup('b').status).toBe('fresh');
    expect(cache.stats().passes).toBe(1);
  });

  it('is told once for many commits at once; what the source itself writes is not told', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { file, write } = sessionsDatabase();
    const source = writableSource(file);
    const told = await watched(source);
    for (let nth = 0; nth < 20; nth++) write({ token: `k${nth}` });
    await vi.advanceTimersByTimeAsync(250);
    expect(told.changed).toBe(1);
    await source.save!({ key: 'mine', value: 'm' }, { signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told.changed).toBe(1);
  });

  it('is noticed when the file was away, or is another; and while it is away it is looked at on', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const file = `${folder()}/late/sessions.db`;
    const told = await watched(sessionsSource(file));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual({ opened: 1, changed: 0 });
    sessionsDatabase(file);
    await vi.advanceTimersByTimeAsync(250);
    expect(told.changed).toBe(1);
    renameSync(file, `${file}.away`);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told.changed).toBe(1);
    renameSync(`${file}.away`, file);
    await vi.advanceTimersByTimeAsync(250);
    expect(told.changed).toBe(2);
  });

  it('is not looked for in memory', () => {
    expect(sessionsSource(':memory:')).not.toHaveProperty('subscribe');
  });
});
