import Database from 'better-sqlite3';
import { isUnavailable, type Source } from 'holdfast';
import type { SqliteValue } from 'holdfast/sqlite';
import { simulatedSource, world } from 'holdfast/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { defineCache } from '../../../src/define-cache.js';
import { sessionsDatabase, writableSource } from '../../sources/sqlite/sessions-database.js';

/** Where a scenario is played: what its cache asks, who locks that, and the clock that it waits by. */
interface Place {
  readonly source: Source<SqliteValue>;
  lock(): void;
  unlock(): void;
  /** Resolves once it holds. */
  until(condition: () => boolean): Promise<void>;
}

const signal = new AbortController().signal;

/** What a rejection tells: of Holdfast's errors the code, of drivers' too, and whether it means "away". */
const told = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => ({ value }),
    (error: Error & { code?: string; cause?: { code?: string } }) => ({
      code: error.code,
      cause: error.cause?.code,
      away: isUnavailable(error),
    }),
  );

const collected = async <T>(pages: AsyncIterable<T>): Promise<readonly T[]> => {
  const all: T[] = [];
  for await (const page of pages) all.push(page);
  return all;
};

/** Every question that changes nothing. */
const read = async (source: Place['source']): Promise<object> => ({
  loaded: await told(source.load('ada', { signal }).then((row) => row?.value)),
  missing: await told(source.missing!(['ada', 'nobody'], { signal })),
  scanned: await told(
    collected(source.scan!({ signal, batch: 9 })).then((pages) =>
      pages.flatMap(({ rows }) => rows.map(({ key, value }) => [key, value])),
    ),
  ),
  changes: await told(
    collected(source.changes!(undefined, { signal, batch: 9 })).then((pages) =>
      pages.flatMap(({ gone, changed }) => [gone, changed]),
    ),
  ),
});

/** Every write, and that nothing of it was done. */
const written = async (source: Place['source']): Promise<object> => ({
  saved: await told(source.save!({ key: 'bob', value: 'b' }, { signal })),
  removed: await told(source.remove!('ada', { signal })),
  removedNobody: await told(source.remove!('nobody', { signal })),
  pinged: await told(source.ping!({ signal })),
  ...(await read(source)),
});

/** A cache whose database is locked by somebody else, and let go: what it tells before, meanwhile and after. No times. */
async function lockedAndLetGo({ source, lock, unlock, until }: Place): Promise<readonly unknown[]> {
  const cache = defineCache<SqliteValue>({
    name: 'sessions',
    source,
    ttl: '1h',
    warm: { every: '100ms', backoff: { min: '10ms', max: '40ms' } },
    load: { timeout: '5s', retries: 1 },
  });
  const states: string[] = [];
  cache.bus.subscribe('*', () => {
    const state = `${cache.state.data}, source ${cache.state.source}`;
    if (state !== states.at(-1)) states.push(state);
  });
  const answer = async (key: string): Promise<unknown> => {
    const { age: _, ...rest } = (await cache.read(key)) as { readonly age?: number };
    return rest;
  };
  const phase = async (name: string): Promise<unknown> => ({
    name,
    known: await answer('ada'),
    unasked: await answer(`asked ${name}`),
    looked: cache.lookup('ada').status,
    degraded: cache.health().degraded,
    source: cache.health().sourceHealth.reachable,
    saved: await told(source.save!({ key: 'bob', value: name }, { signal })),
    removed: await told(source.remove!('nobody', { signal })),
    pinged: await told(source.ping!({ signal })),
    ...(await read(source)),
  });
  await cache.start();
  await until(() => cache.state.data === 'complete');
  const before = await phase('before');
  lock();
  await until(() => cache.state.source === 'down' && cache.state.warmer === 'backoff');
  const meanwhile = await phase('meanwhile');
  unlock();
  await until(() => cache.state.source === 'up' && !cache.health().degraded);
  const after = await phase('after');
  await until(() => cache.lookup('bob').status === 'fresh');
  await cache.stop();
  return [before, meanwhile, after, states];
}

/** As a scenario is played. */
function simulated(): Promise<readonly unknown[]> {
  return world({}, (w) => {
    const source = simulatedSource<SqliteValue>({ rows: { ada: 'user-ada' } });
    return lockedAndLetGo({
      source,
      lock: () => source.become({ mode: 'locked' }),
      unlock: () => source.up(),
      until: (condition) => w.eventually('what is waited for', '1m', condition),
    });
  });
}

/** In real time, on a file that a second connection locks. */
function real(thread: boolean): Promise<readonly unknown[]> {
  const { file, writer, write } = sessionsDatabase();
  write({ token: 'ada' });
  const source = writableSource(file, { thread });
  onTestFinished(() => {
    if (writer.inTransaction) writer.exec('COMMIT');
  });
  return lockedAndLetGo({
    source,
    lock: () => writer.exec('BEGIN EXCLUSIVE'),
    unlock: () => writer.exec('COMMIT'),
    until: (condition) => vi.waitUntil(condition, { timeout: 15_000, interval: 5 }).then(() => {}),
  });
}

describe.each([false, true])('a locked SQLite file, in real time (thread: %s)', (thread) => {
  test('does to a cache what a simulated source does whose mode is "locked"', async () => {
    expect(await simulated()).toEqual(await real(thread));
  });
});

describe('a read-only SQLite file', () => {
  test('does what a simulated source does whose mode is "readonly": it answers, and takes nothing', async () => {
    const simulated = await world({}, () => {
      const source = simulatedSource<SqliteValue>({ rows: { ada: 'user-ada' } });
      source.become({ mode: 'readonly' });
      return written(source);
    });
    const { file, write } = sessionsDatabase();
    write({ token: 'ada' });
    const connection = new Database(file, { readonly: true });
    onTestFinished(() => {
      connection.close();
    });
    expect(simulated).toEqual(await written(writableSource(connection)));
    expect(simulated).toMatchObject({
      saved: { code: 'HOLDFAST_SOURCE_CONFIGURATION', cause: 'SQLITE_READONLY', away: false },
    });
  });
});
