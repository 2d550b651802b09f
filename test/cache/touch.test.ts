/** `touch` with an `expiresAt`: known here at once, told to the source once in a while, kept for it while it is away. */
import { join } from 'node:path';
import { defineCache, memorySnapshotStore, type Source } from 'holdfast';
import type { ScriptedSource } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { sqliteSnapshotStore } from '../../src/snapshot/sqlite/index.js';
import { folder } from '../sources/sqlite/sessions-database.js';
import { type Booted, gate, type Scene, scene } from './build.js';

const minute = 60_000;
const hour = 60 * minute;
const calm = {
  ttl: '1d',
  sweep: { every: '1h' },
  warm: { every: '1d', backoff: { jitter: false } },
} as const;
const soon = (ms: number): number => Date.now() + ms;

/** Rows that expire in an hour, in a cache that is warm. */
const sessions = (
  body: (scene: Scene<string> & { readonly one: Booted<string> }) => Promise<void>,
  options: Parameters<Scene<string>['boot']>[0] = {},
  snapshots = true,
) =>
  scene<string>({}, async (given) => {
    for (const key of ['a', 'b', 'c']) given.db.write(key, key.toUpperCase(), { expiresAt: soon(hour) });
    const snapshot = { store: given.store, every: '1s' } as const;
    const one = await given.boot({ ...calm, ...(snapshots && { snapshot }), ...options });
    await one.cache.warmed();
    await given.w.advance('2s');
    await body({ ...given, one });
  });

const touchesOf = ({ history }: ScriptedSource<string>, key?: string) =>
  history.all.filter(
    (one) => one.type === 'asked' && one.method === 'touch' && (key === undefined || one.key === key),
  ).length;

async function goAway({ db, one }: { readonly db: ScriptedSource<string>; readonly one: Booted<string> }) {
  db.become({ mode: 'unreachable' });
  await one.cache.warm().catch(() => {});
  expect(one.cache.state.source).toBe('down');
}

describe('touch with an expiresAt', () => {
  it(
    'is known here at once, and told to the source at most once in `touchEvery`, the last of them',
    sessions(async ({ w, db, one: { cache } }) => {
      for (let second = 1; second <= 50; second++) {
        const expiresAt = soon(hour + minute);
        expect(cache.touch('a', { expiresAt })).toBe(true);
        expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A', expiresAt });
        await w.advance('1s');
      }
      expect(touchesOf(db)).toBe(1);
      const last = soon(hour + minute) - 1000;
      await w.advance('10s');
      expect(touchesOf(db)).toBe(2);
      expect(db.rows.get('a')).toMatchObject({ value: 'A', expiresAt: last });
      expect(db.rows.get('b')?.expiresAt).toBeLessThan(last);
      expect(cache.stats()).toMatchObject({ touches: 2, touchesFailed: 0, touchesDropped: 0 });
      await w.advance('10m');
      expect(touchesOf(db)).toBe(2);
    }),
  );

  it(
    'with `touchEvery` 0 tells each; a save tells as well',
    sessions(
      async ({ w, db, one: { cache } }) => {
        for (let nth = 0; nth < 3; nth++) {
          cache.touch('a', { expiresAt: soon(2 * hour) });
          await w.advance('1s');
        }
        expect(touchesOf(db, 'a')).toBe(3);
        await cache.save('b', 'B2', { expiresAt: soon(hour) });
        cache.touch('b', { expiresAt: soon(2 * hour) });
        await w.settle();
        expect(touchesOf(db, 'b')).toBe(1);
      },
      { touchEvery: 0 },
    ),
  );

  it(
    'is not told for a while after a save, nor is what waited when it was saved',
    sessions(async ({ w, db, one: { cache } }) => {
      cache.touch('a', { expiresAt: soon(2 * hour) });
      await w.advance('1s');
      cache.touch('a', { expiresAt: soon(3 * hour) });
      await cache.save('a', 'A2', { expiresAt: soon(hour) });
      await w.advance('10m');
      expect(touchesOf(db)).toBe(1);
      expect(db.rows.get('a')).toMatchObject({ value: 'A2' });
      expect(db.rows.get('a')?.expiresAt).toBeLessThan(soon(hour));
    }),
  );

  it(
    'makes nothing expire sooner, nor anything expire that never does; of what is not held it says no',
    sessions(async ({ w, db, one: { cache } }) => {
      const { expiresAt } = db.rows.get('a') ?? {};
      cache.put('eternal', 'E');
      expect(cache.touch('a', { expiresAt: soon(minute) })).toBe(true);
      expect(cache.touch('eternal', { expiresAt: soon(minute) })).toBe(true);
      expect(cache.touch('x', { expiresAt: soon(minute) })).toBe(false);
      expect(cache.lookup('a')).toMatchObject({ expiresAt });
      expect(cache.lookup('eternal')).not.toHaveProperty('expiresAt');
      await w.advance('10m');
      expect(touchesOf(db)).toBe(0);
    }),
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 'soon', new Date(0)])(
    'to %s is an error by name',
    (expiresAt) =>
      sessions(async ({ one: { cache } }) => {
        expect(() => cache.touch('a', { expiresAt } as never)).toThrow(/"expiresAt" must be a number: ms/);
        expect(() => cache.touch('a', { expires: 1 } as never)).toThrow(/"expires"/);
      })(),
  );

  it(
    'over a source that can do neither is an error, and one without it still is not',
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      cache.put('a', 'A', { expiresAt: soon(minute) });
      expect(() => cache.touch('a', { expiresAt: soon(hour) })).toThrow(/no `touch` method/);
      expect(cache.touch('a')).toBe(true);
    }),
  );

  it(
    'no answer of the source that was asked for before moves the end back',
    sessions(async ({ w, db, one: { cache } }) => {
      const { load } = db;
      const answer = gate();
      db.load = async (key, context) => {
        const row = await load.call(db, key, context);
        await answer.promise;
        return row;
      };
      const refreshing = cache.refresh('a');
      await w.settle();
      const expiresAt = soon(2 * hour);
      cache.touch('a', { expiresAt });
      await w.settle();
      db.load = load;
      answer.open();
      await refreshing;
      expect(cache.lookup('a')).toMatchObject({ expiresAt });
      // Not told yet: the source's word is the older one.
      const later = soon(3 * hour);
      cache.touch('a', { expiresAt: later });
      await cache.refresh('a');
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', expiresAt: later });
    }),
  );

  it(
    'that the source refuses harms nobody, is told, and is tried again by the next after `touchEvery`',
    sessions(async ({ w, db, one: { cache, told } }) => {
      db.become({ mode: 'throws', what: 'Error' });
      cache.touch('a', { expiresAt: soon(2 * hour) });
      await w.advance('1s');
      expect(told('touch.failed')).toMatchObject([{ key: 'a' }]);
      expect(cache.stats()).toMatchObject({ touches: 0, touchesFailed: 1 });
      db.become({ mode: 'up' });
      await w.advance('10m');
      expect(touchesOf(db)).toBe(1);
      const expiresAt = soon(2 * hour);
      cache.touch('a', { expiresAt });
      await w.settle();
      expect(db.rows.get('a')).toMatchObject({ expiresAt });
    }),
  );

  it(
    'very many at once: a few questions at a time, each told',
    sessions(async ({ w, db, one: { cache } }) => {
      const keys = Array.from({ length: 500 }, (_, nth) => `k${nth}`);
      for (const key of keys) db.write(key, key, { expiresAt: soon(hour) });
      await cache.warm();
      db.become({ mode: 'slow', ms: 100 });
      for (const key of keys) cache.touch(key, { expiresAt: soon(2 * hour) });
      await w.advance('1s');
      expect(touchesOf(db)).toBeLessThanOrEqual(88);
      await w.advance('10s');
      expect(touchesOf(db)).toBe(500);
      expect(cache.stats().touches).toBe(500);
    }),
  );
});

describe('a touch while the source is away', () => {
  it(
    'waits in the outbox, one for each row; it is told when the source is back, the last of them',
    sessions(async (given) => {
      const { w, db, store, one } = given;
      await goAway(given);
      let last = 0;
      for (let times = 0; times < 10; times++) {
        last = soon(2 * hour);
        for (const key of ['a', 'b']) one.cache.touch(key, { expiresAt: last });
        await w.advance('1m');
      }
      expect(await store.waiting()).toMatchObject([
        { kind: 'touch', key: 'a', expiresAt: last },
        { kind: 'touch', key: 'b', expiresAt: last },
      ]);
      expect(one.cache.health().outbox).toMatchObject({ waiting: 2, touches: 2, apart: 0 });
      const before = touchesOf(db);
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(touchesOf(db) - before).toBe(2);
      for (const key of ['a', 'b']) expect(db.rows.get(key)).toMatchObject({ expiresAt: last });
      expect(await store.waiting()).toEqual([]);
      expect(one.cache.stats()).toMatchObject({ outboxWaiting: 0, outboxDelivered: 2 });
      expect(one.told('outbox.delivered')).toMatchObject([
        { key: 'a', order: 'touch' },
        { key: 'b', order: 'touch' },
      ]);
    }),
  );

  it.each(['memory', 'file'] as const)('survives SIGKILL, by a snapshot in a %s', (kind) => {
    const file = join(folder(), 'sessions.snapshot');
    const make = () => sqliteSnapshotStore({ file, thread: false });
    return sessions(async (given) => {
      const { w, db, boot, store } = given;
      const mine = kind === 'memory' ? undefined : make();
      const one =
        mine === undefined ? given.one : await boot({ ...calm, name: 'filed', snapshot: { store: mine } });
      await one.cache.warmed();
      await goAway({ db, one });
      const expiresAt = soon(5 * hour);
      one.cache.touch('a', { expiresAt });
      await w.advance('1s');
      one.kill();
      await mine?.close();
      const two = await boot({
        ...calm,
        ...(kind === 'memory' ? { snapshot: { store } } : { name: 'filed', snapshot: { store: make() } }),
      });
      expect(two.cache.health().outbox).toMatchObject({ touches: 1 });
      // By the source's word it has been over for an hour when that is back.
      await w.advance('2h');
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(db.rows.get('a')).toMatchObject({ expiresAt });
      expect(db.rows.get('b')?.expiresAt).toBeLessThan(Date.now());
      expect((await two.cache.read('a')).status).toBe('fresh');
    })();
  });

  it(
    'nobody who was active is logged out by an outage longer than a session: neither by a pass, a load nor a sweep after it',
    sessions(
      async (given) => {
        const { w, db, one } = given;
        db.become({ mode: 'unreachable' });
        await one.cache.warm().catch(() => {});
        for (let times = 0; times < 9; times++) {
          await w.advance('10m');
          expect(one.cache.touch('a', { expiresAt: soon(hour) })).toBe(true);
        }
        expect(one.cache.has('b')).toBe(false);
        // The rows are read before the source is told, and what it says then must not end them.
        const { touch } = db;
        const delivery = gate();
        db.touch = async (...asked) => {
          await delivery.promise;
          return touch?.apply(db, asked);
        };
        const rows = expiring(db);
        await one.cache.warm();
        expect(rows()).toBe(0);
        await one.cache.sweep();
        expect((await one.cache.refresh('a')).status).not.toBe('absent');
        expect(one.cache.get('a')).toBe('A');
        delivery.open();
        await w.advance('40s');
        expect(rows()).toBe(1);
        await one.cache.warm();
        expect(one.cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A' });
      },
      { load: { timeout: '1h' } },
    ),
  );

  it(
    'and a row that somebody else removed meanwhile is not brought back, though it was touched',
    sessions(async (given) => {
      const { w, db, one } = given;
      await goAway(given);
      one.cache.touch('a', { expiresAt: soon(2 * hour) });
      await w.advance('1m');
      db.erase('a');
      db.become({ mode: 'up' });
      await w.advance('40s');
      await one.cache.warm();
      expect(db.rows.has('a')).toBe(false);
      expect((await one.cache.read('a')).status).toBe('absent');
    }),
  );

  it(
    'a removal of the row drops it, whichever came first; a touch after it says no',
    sessions(async (given) => {
      const { w, db, store, one } = given;
      await goAway(given);
      one.cache.touch('a', { expiresAt: soon(2 * hour) });
      await w.advance('1s');
      expect(await one.cache.remove('a')).toBe('queued');
      expect(one.cache.touch('a', { expiresAt: soon(3 * hour) })).toBe(false);
      await w.advance('1s');
      expect(await store.waiting()).toMatchObject([{ kind: 'remove', key: 'a' }]);
      // In memory only, and no longer told either.
      one.cache.touch('b', { expiresAt: soon(2 * hour) });
      one.cache.revoke('b');
      await w.advance('1s');
      expect(await store.waiting()).toMatchObject([{ kind: 'remove', key: 'a' }]);
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(touchesOf(db)).toBe(0);
      expect(db.rows.has('a')).toBe(false);
      expect(one.cache.stats()).toMatchObject({ outboxWaiting: 0, outboxDelivered: 1 });
    }),
  );

  it(
    'removals are refused for no number of touches, nor touches for removals; those beyond their bound are dropped, and counted',
    sessions(
      async (given) => {
        const { w, db, one } = given;
        await goAway(given);
        for (const key of ['a', 'b', 'c']) {
          one.cache.touch(key, { expiresAt: soon(2 * hour) });
          await w.advance('1s');
        }
        expect(one.cache.health().outbox).toMatchObject({ waiting: 2, touches: 2 });
        expect(one.cache.stats()).toMatchObject({ touchesDropped: 1 });
        expect(await one.cache.remove('c')).toBe('queued');
        expect(await one.cache.remove('a')).toBe('queued');
        await expect(one.cache.remove('b')).rejects.toMatchObject({ code: 'HOLDFAST_OUTBOX_FULL' });
        db.become({ mode: 'up' });
        await w.advance('40s');
        expect([...db.rows.keys()]).toEqual(['b']);
      },
      { snapshot: { store: memorySnapshotStore(), every: '1s', maxOutbox: 2 } },
    ),
  );

  it.each<[string, object, boolean]>([
    ['there is no snapshot', {}, false],
    ['the outbox is turned off', { snapshot: { store: memorySnapshotStore(), maxOutbox: 0 } }, true],
  ])('waits in memory where %s', (_, options, snapshots) =>
    sessions(
      async (given) => {
        const { w, db, one } = given;
        await goAway(given);
        const expiresAt = soon(2 * hour);
        one.cache.touch('a', { expiresAt });
        one.crash('cache');
        await w.advance('10m');
        db.become({ mode: 'up' });
        await w.advance('40s');
        expect(db.rows.get('a')).toMatchObject({ expiresAt });
        expect(touchesOf(db)).toBe(1);
      },
      options,
      snapshots,
    )(),
  );

  it(
    'over a source that nothing else asks it is the probe, one a backoff step',
    scene<string>({ has: ['touch'] }, async ({ w, db, boot }) => {
      db.write('a', 'A', { expiresAt: soon(hour) });
      const { cache } = await boot({ ...calm });
      await cache.fetch('a');
      db.become({ mode: 'unreachable' });
      cache.touch('a', { expiresAt: soon(2 * hour) });
      await w.advance('10m');
      expect(cache.state.source).toBe('down');
      expect(touchesOf(db)).toBeGreaterThan(10);
      expect(touchesOf(db)).toBeLessThan(40);
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(db.rows.get('a')?.expiresAt).toBeGreaterThan(soon(hour));
    }),
  );
});

describe('the end of a process', () => {
  it(
    'what waited in memory for its turn goes into the outbox, and is told by the next',
    sessions(async ({ w, db, boot, store, one }) => {
      one.cache.touch('a', { expiresAt: soon(2 * hour) });
      await w.advance('1s');
      const expiresAt = soon(3 * hour);
      one.cache.touch('a', { expiresAt });
      await one.stop();
      expect(db.rows.get('a')?.expiresAt).toBeLessThan(expiresAt);
      expect(await store.open({ cache: 'test', signal: new AbortController().signal })).toBeDefined();
      expect(await store.waiting()).toMatchObject([{ kind: 'touch', key: 'a', expiresAt }]);
      await store.close();
      await boot({ ...calm, snapshot: { store } });
      await w.advance('1s');
      expect(db.rows.get('a')).toMatchObject({ expiresAt });
    }),
  );

  it(
    'a crash of the cache actor while it tells: the next one tells again, and once',
    sessions(async ({ w, db, one }) => {
      db.become({ mode: 'slow', ms: 500 });
      const expiresAt = soon(2 * hour);
      one.cache.touch('a', { expiresAt });
      await w.advance('100ms');
      one.crash('cache');
      await w.advance('2s');
      expect(touchesOf(db)).toBe(2);
      expect(db.rows.get('a')).toMatchObject({ expiresAt });
      expect(one.cache.stats().touches).toBe(1);
    }),
  );
});

describe('beside a save or a removal of the same row', () => {
  it(
    'one that is being told comes first, and none is told meanwhile',
    sessions(async ({ w, db, one: { cache } }) => {
      db.become({ mode: 'slow', ms: 500 });
      cache.touch('a', { expiresAt: soon(2 * hour) });
      cache.touch('b', { expiresAt: soon(2 * hour) });
      await w.advance('100ms');
      const saving = cache.save('a', 'A2', { expiresAt: soon(hour) });
      const removing = cache.remove('b');
      await w.advance('2s');
      await saving;
      expect(await removing).toBe('removed');
      await w.advance('10m');
      const told = db.history.all.flatMap((one) =>
        one.type === 'answered' && ['touch', 'save', 'remove'].includes(one.method) ? [one.method] : [],
      );
      expect(told).toEqual(['touch', 'touch', 'save', 'remove']);
      expect(db.rows.get('a')).toMatchObject({ value: 'A2' });
      expect(db.rows.has('b')).toBe(false);
    }),
  );
});

describe('over a source that can only save', () => {
  const saving = (db: ScriptedSource<string>): Source<string> => {
    const { touch: _, ...others } = db;
    return others;
  };

  it(
    'the whole row is saved, once in `touchEvery`, with its tags and version',
    scene<string>({}, async ({ w, db, boot }) => {
      const saved: unknown[] = [];
      const source: Source<string> = {
        ...saving(db),
        save: async (row) => {
          saved.push(row);
        },
      };
      const { cache } = await boot({ ...calm, source });
      await cache.warmed();
      cache.put('a', 'A', { expiresAt: soon(hour), version: 3, tags: ['t'] });
      for (let nth = 0; nth < 5; nth++) cache.touch('a', { expiresAt: soon(2 * hour + nth) });
      await w.advance('10s');
      expect(saved).toMatchObject([{ key: 'a', value: 'A', version: 3, tags: ['t'] }]);
      await w.advance('1m');
      expect(saved).toHaveLength(2);
    }),
  );

  it(
    'but not what may be out of date, over what others may have written',
    scene<string>({}, async ({ w, db, boot, asked }) => {
      db.write('a', 'A', { expiresAt: soon(hour) });
      const { cache } = await boot({ ...calm, source: saving(db), ttl: '1s', staleFor: '1h' });
      await cache.warmed();
      await w.advance('2s');
      db.write('a', 'of somebody else', { expiresAt: soon(hour) });
      expect(cache.lookup('a').status).toBe('stale');
      expect(cache.touch('a', { expiresAt: soon(2 * hour) })).toBe(true);
      await w.advance('10m');
      expect(asked('save')).toBe(0);
      expect(db.rows.get('a')?.value).toBe('of somebody else');
    }),
  );
});

describe('secret keys', () => {
  it(
    'are kept nowhere: what comes too soon is left out, what finds the source away waits in the sealed file',
    sessions(
      async (given) => {
        const { w, db, store, one } = given;
        one.cache.touch('a', { expiresAt: soon(2 * hour) });
        await w.advance('1s');
        one.cache.touch('a', { expiresAt: soon(3 * hour) });
        await w.advance('10m');
        expect(touchesOf(db)).toBe(1);
        expect(one.cache.stats()).toMatchObject({ touches: 1, touchesDropped: 1 });
        await goAway(given);
        const expiresAt = soon(4 * hour);
        one.cache.touch('a', { expiresAt });
        await w.advance('1s');
        expect(await store.waiting()).toMatchObject([{ kind: 'touch', key: 'a', expiresAt }]);
        db.become({ mode: 'up' });
        await w.advance('40s');
        expect(db.rows.get('a')).toMatchObject({ expiresAt });
        expect(JSON.stringify(one.told('outbox.delivered'))).not.toContain('"a"');
      },
      { secretKeys: true },
    ),
  );

  it(
    'with a source that is away and no snapshot none waits',
    sessions(
      async (given) => {
        const { w, db, one } = given;
        await goAway(given);
        one.cache.touch('a', { expiresAt: soon(2 * hour) });
        await w.advance('1m');
        db.become({ mode: 'up' });
        await w.advance('40s');
        expect(touchesOf(db)).toBe(0);
        expect(one.cache.stats()).toMatchObject({ touchesDropped: 1 });
      },
      { secretKeys: true },
      false,
    ),
  );

  it('a snapshot that would hold them needs a secret', () => {
    const source: Source<string> = { load: async () => undefined, touch: async () => {} };
    const file = join(folder(), 'sessions.snapshot');
    const make = () => defineCache({ name: 'secret', source, secretKeys: true, snapshot: { file } });
    expect(make).toThrow(/"snapshot.secret" is missing/);
  });
});

/** From now on the source has only rows that have not expired, as a database's queries do. How many there are. */
function expiring(db: ScriptedSource<string>): () => number {
  const { load, scan } = db;
  const lives = ({ expiresAt = Number.POSITIVE_INFINITY }: { readonly expiresAt?: number }) =>
    expiresAt > Date.now();
  db.load = async (key, context) => {
    const row = await load.call(db, key, context);
    return row !== undefined && lives(row) ? row : undefined;
  };
  db.scan = async function* (context) {
    for await (const { rows, ...batch } of scan?.call(db, context) ?? []) {
      yield { ...batch, rows: rows.filter(lives) };
    }
  };
  db.missing = async (keys) => {
    const there = [...db.rows.values()].filter(lives).map(({ key }) => key);
    return keys.filter((key) => !there.includes(key));
  };
  delete db.changes;
  if (db.mode.mode !== 'up') db.become({ mode: 'up' });
  return () => [...db.rows.values()].filter(lives).length;
}
