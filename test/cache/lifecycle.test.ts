import { child, createRuntime, defineCache, memorySnapshotStore } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { fromCallback } from 'xstate';
import { gate, scene } from './build.js';

const rows = { a: 'A', b: 'B' };
const has = ['scan'] as const;

describe('start and stop', () => {
  it(
    'run it alone; started, stopped, and started again it goes on',
    scene({ rows, has }, async ({ w, db, asked }) => {
      const cache = defineCache({ name: 'alone', source: db });
      expect(await cache.start()).toBe(cache);
      await cache.warmed();
      expect(cache.health().ready).toBe(true);
      await cache.stop();
      await w.settle();
      expect(w.pending).toEqual([]);
      expect(cache.get('a')).toBe('A');
      expect(cache.health().ready).toBe(false);
      const before = asked('scan');
      await cache.start();
      await w.advance('1s');
      expect(asked('scan')).toBeGreaterThan(before);
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A' });
      await cache.stop();
      await cache.stop();
    }),
  );

  it(
    'two starts are one; a start during the stop waits for it; a stop before the start is nothing',
    scene({ rows, has }, async ({ w, db }) => {
      const cache = defineCache({ name: 'alone', source: db });
      await cache.stop();
      const [one, two] = [cache.start(), cache.start()];
      await Promise.all([one, two]);
      const stop = cache.stop();
      const again = cache.start();
      await Promise.all([stop, again]);
      db.write('a', 'A2');
      await cache.warm();
      expect(cache.get('a')).toBe('A2');
      await cache.stop();
      await w.settle();
      expect(w.pending).toEqual([]);
    }),
  );

  it(
    '`await using` stops it',
    scene({ rows, has }, async ({ w, db }) => {
      {
        await using cache = await defineCache({ name: 'alone', source: db }).start();
        await cache.warmed();
      }
      await w.settle();
      expect(w.pending).toEqual([]);
    }),
  );

  it(
    'a tree that gave up is started anew by start(), and who waited is told',
    scene({ rows, has, leaves: true }, async ({ w, db }) => {
      // The child that the source brings dies again and again, and then no more.
      let broken = true;
      const dying = child({
        id: 'source',
        logic: (await import('xstate')).fromPromise(async () => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          if (broken) throw new Error('source child');
          await new Promise(() => {});
        }),
      });
      const cache = defineCache({ name: 'alone', source: { ...db, child: dying } });
      await cache.start();
      await cache.warmed();
      db.become({ mode: 'hang' });
      const warm = cache.warm().catch((error: unknown) => error);
      await w.advance('5s');
      expect(await warm).toMatchObject({ code: 'HOLDFAST_STATE' });
      expect(cache.health().ready).toBe(false);
      await expect(cache.sweep()).rejects.toMatchObject({ code: 'HOLDFAST_STATE' });
      await expect(cache.read('x')).rejects.toMatchObject({ code: 'HOLDFAST_STATE' });
      broken = false;
      db.become({ mode: 'up' });
      await cache.start();
      expect(await cache.warm()).toMatchObject({ rows: 2 });
      await cache.stop();
    }),
  );
});

describe('in one place at a time', () => {
  it(
    'under a user’s supervisor: start() of its own is refused, and works once that one has stopped',
    scene({ rows, has }, async ({ boot }) => {
      const { cache, stop } = await boot();
      await expect(cache.start()).rejects.toMatchObject({
        code: 'HOLDFAST_START',
        cause: { message: expect.stringMatching(/"test" runs already.*one place at a time/) },
      });
      await cache.warmed();
      expect(cache.health().ready).toBe(true);
      await stop();
      await cache.start();
      expect(await cache.warm()).toMatchObject({ rows: 2 });
      await cache.stop();
    }),
  );

  it(
    'a second runtime is refused; the first is not harmed',
    scene({ rows, has }, async ({ w, boot }) => {
      const { cache, incarnations } = await boot();
      const second = createRuntime({ children: [child({ id: 'again', logic: cache.supervisor })] });
      await expect(second.start()).rejects.toMatchObject({ code: 'HOLDFAST_START' });
      await w.advance('10m');
      expect(cache.state).toEqual({ data: 'complete', source: 'up', warmer: 'idle' });
      expect(incarnations('cache')).toBe(1);
    }),
  );

  it(
    'a second runtime is refused; who waits for a pass of the first is not told that it was stopped',
    scene({ rows, has }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      db.become({ mode: 'slow', ms: 1_000 });
      const warm = cache.warm();
      const second = createRuntime({ children: [child({ id: 'again', logic: cache.supervisor })] });
      await expect(second.start()).rejects.toMatchObject({ code: 'HOLDFAST_START' });
      await w.advance('10s');
      expect(await warm).toMatchObject({ rows: 2 });
    }),
  );

  it(
    'what the source brings is the first child, under the name of the cache',
    scene({ rows, has }, async ({ db, boot }) => {
      const pool = child({ id: 'pool', name: 'pool', logic: fromCallback(() => {}), restart: 'transient' });
      const { runtime } = await boot({ source: { ...db, child: pool } });
      expect(runtime.tree().children?.[0]?.children?.map(({ id, name }) => [id, name])).toEqual([
        ['source', 'test/source'],
        ['cache', 'test/cache'],
        ['warmer', 'test/warmer'],
        ['janitor', 'test/janitor'],
      ]);
    }),
  );

  it(
    'the children, in order, by their names',
    scene({ rows, has }, async ({ boot }) => {
      const { runtime } = await boot({ snapshot: { store: memorySnapshotStore() } });
      const [tree] = runtime.tree().children ?? [];
      expect(tree?.children?.map(({ id, name, status }) => [id, name, status])).toEqual([
        ['cache', 'test/cache', 'running'],
        ['snapshotter', 'test/snapshotter', 'running'],
        ['warmer', 'test/warmer', 'running'],
        ['janitor', 'test/janitor', 'running'],
      ]);
    }),
  );
});

describe('an order to stop', () => {
  it(
    'while a pass, a sweep and loads hang: it stops, and nothing starts afterwards',
    scene({ rows, leaves: true }, async ({ w, db, boot }) => {
      const { cache, stop, events } = await boot({ sweep: { every: '1s' } });
      await cache.warmed();
      db.become({ mode: 'hang', deaf: true });
      const read = gate<unknown>();
      cache.read('x').then(read.open, read.open);
      const warm = cache.warm().catch((error: unknown) => error);
      await w.advance('1500ms');
      await stop();
      expect(await warm).toMatchObject({ code: 'HOLDFAST_STATE' });
      expect(await read.promise).toMatchObject({ code: 'HOLDFAST_STATE' });
      const [told, asked] = [events.length, db.history.all.filter(({ type }) => type === 'asked').length];
      db.become({ mode: 'up' });
      await w.advance('1h');
      expect(events.slice(told)).toEqual([]);
      expect(db.history.all.filter(({ type }) => type === 'asked')).toHaveLength(asked);
    }),
  );

  it(
    'while the source hangs at boot: start() has not waited for it, and stop() does not either',
    scene({ rows, leaves: true }, async ({ w, db, boot }) => {
      db.become({ mode: 'hang', deaf: true });
      const { stop } = await boot();
      await w.advance('1s');
      const began = w.now;
      await stop();
      expect(w.now).toBe(began);
    }),
  );
});

describe('warm.every and sweep.every', () => {
  it(
    'longer than a timer holds: no pass comes before its time',
    scene({ rows, has }, async ({ w, boot, asked }) => {
      const { cache } = await boot({ ttl: '90d', warm: { every: '30d' }, sweep: { every: '30d' } });
      await cache.warmed();
      await w.advance('26d');
      expect(asked('scan')).toBe(1);
      await w.advance('8d');
      expect(asked('scan')).toBe(2);
    }),
  );
});
