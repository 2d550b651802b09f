/** Removals while the source is away: in the snapshot's outbox, absent at once, delivered when it is back. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineCache, memorySnapshotStore, OutboxFullError, type SnapshotStore } from 'holdfast';
import { scriptedSource } from 'holdfast/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { sqliteSnapshotStore } from '../../src/snapshot/sqlite/index.js';
import { folder } from '../sources/sqlite/sessions-database.js';
import { gate, type Scene, type SceneOptions, scene } from './build.js';

const rows = { a: 'A', b: 'B', c: 'C' };
const removed = { status: 'absent', because: 'removed' };

/** A cache that was warm when its database went away. */
const outage = (
  body: (
    scene: Scene<string> & { readonly one: Awaited<ReturnType<Scene<string>['boot']>> },
  ) => Promise<void>,
  options: SceneOptions<string> = {},
): ReturnType<typeof scene> =>
  scene<string>({ rows, ...options }, async (given) => {
    const one = await given.boot({ snapshot: { store: given.store, every: '1s' }, ...options.options });
    await one.cache.warmed();
    await given.w.advance('2s');
    given.db.become({ mode: 'unreachable' });
    await one.cache.warm().catch(() => {});
    expect(one.cache.state.source).toBe('down');
    await body({ ...given, one });
  });

describe('remove while the source is away', () => {
  it(
    'resolves when the file has it; absent at once; in the source when it is back, and told',
    outage(async ({ w, db, store, one: { cache, told } }) => {
      const removal = cache.remove('a');
      expect(cache.lookup('a')).toMatchObject(removed);
      expect(await removal).toBe('queued');
      expect(await store.waiting()).toMatchObject([{ kind: 'remove', key: 'a' }]);
      expect(await cache.read('a')).toMatchObject(removed);
      expect(db.rows.has('a')).toBe(true);
      await w.advance('10s');
      expect(cache.health()).toMatchObject({ degraded: true, outbox: { waiting: 1, apart: 0 } });
      expect(cache.health().outbox?.oldest).toBeGreaterThanOrEqual(10_000);
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(db.rows.has('a')).toBe(false);
      expect(await store.waiting()).toEqual([]);
      expect(cache.lookup('a').status).toBe('absent');
      expect(cache.health().outbox).toEqual({ waiting: 0, touches: 0, apart: 0 });
      expect(cache.stats()).toMatchObject({ outboxWaiting: 0, outboxDelivered: 1, outboxFailed: 0 });
      expect(told('outbox.queued')).toMatchObject([{ key: 'a', order: 'remove', waiting: 1 }]);
      expect(told('outbox.delivered')).toMatchObject([{ key: 'a', order: 'remove', waiting: 0 }]);
      expect(told('outbox.delivered')[0]?.after).toBeGreaterThanOrEqual(10_000);
      expect(told('outbox.failed')).toEqual([]);
    }),
  );

  it(
    'in the order of giving, each once, however often it was given',
    outage(async ({ w, db, one: { cache } }) => {
      for (const key of ['c', 'a', 'c', 'b', 'a']) expect(await cache.remove(key)).toBe('queued');
      expect(cache.stats().outboxWaiting).toBe(3);
      const before = db.history.next;
      db.become({ mode: 'up' });
      await w.advance('40s');
      const asked = db.history.all
        .slice(before)
        .filter((one) => one.type === 'asked' && one.method === 'remove');
      expect(asked.map((one) => 'key' in one && one.key)).toEqual(['c', 'a', 'b']);
      expect(db.rows.size).toBe(0);
    }),
  );

  it(
    'survives SIGKILL at once: a boot without the source says absent, and the source hears of it later',
    outage(async ({ w, db, store, boot, one }) => {
      expect(await one.cache.remove('a')).toBe('queued');
      one.kill();
      const two = await boot({ snapshot: { store, every: '1s' } });
      expect(two.cache.lookup('a')).toMatchObject(removed);
      expect(two.cache.lookup('b')).toMatchObject({ status: 'stale', because: 'restored' });
      expect(two.cache.stats().outboxWaiting).toBe(1);
      await w.advance('2m');
      two.kill();
      const three = await boot({ snapshot: { store, every: '1s' } });
      expect(await three.cache.read('a')).toMatchObject(removed);
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(db.rows.has('a')).toBe(false);
      expect(await store.waiting()).toEqual([]);
    }),
  );

  it(
    'holds through clear, invalidate, put, passes, rebuilds, a sweep past staleFor, and a load that still finds the row',
    outage(
      async ({ w, db, one: { cache, crash } }) => {
        await cache.remove('a');
        const absent = () => expect(cache.lookup('a')).toMatchObject(removed);
        cache.invalidate('a');
        absent();
        cache.put('a', 'A2');
        absent();
        expect(cache.stats().refused).toBeGreaterThan(0);
        cache.clear();
        absent();
        crash('cache');
        await w.advance('100ms');
        crash('cache');
        await w.advance('1s');
        expect(cache.stats().rebuilds).toBe(1);
        absent();
        await w.advance('5m');
        absent();
        // Everything else answers; removals are refused by a database that is there.
        db.become({ mode: 'readonly' });
        await cache.warm();
        absent();
        expect(await cache.read('a')).toMatchObject(removed);
        expect(cache.get('b')).toBe('B');
        await w.advance('5m');
        await cache.warm();
        absent();
        expect(db.rows.has('a')).toBe(true);
        db.become({ mode: 'up' });
        await w.advance('6m');
        expect((await cache.read('a')).status).toBe('absent');
        expect(db.rows.has('a')).toBe(false);
      },
      { options: { staleFor: '1m', ttl: '1m' } },
    ),
  );

  it(
    'a pass page that was read before the delivery brings nothing back after it',
    outage(async ({ w, db, one: { cache } }) => {
      await cache.remove('b');
      const page = gate();
      const { scan } = db;
      db.scan = async function* (context) {
        const batches = [];
        for await (const batch of scan?.call(db, { ...context, batch: 1 }) ?? []) batches.push(batch);
        const [first, ...others] = batches;
        if (first !== undefined) yield first;
        await page.promise;
        yield* others;
      };
      db.become({ mode: 'up' });
      const pass = cache.warm();
      await w.advance('1s');
      expect(db.rows.has('b')).toBe(false);
      expect(cache.stats().outboxWaiting).toBe(0);
      page.open();
      await pass;
      expect(cache.lookup('b').status).toBe('absent');
    }),
  );

  it(
    'a hanging source: two seconds at most, then it waits in the file; the first try is not forgotten',
    outage(
      async ({ w, db, one: { cache } }) => {
        db.become({ mode: 'up' });
        await cache.warm();
        db.become({ mode: 'hang' });
        const began = w.now;
        expect(await cache.remove('a')).toBe('queued');
        expect(w.now - began).toBeLessThanOrEqual(2_000);
        expect(cache.lookup('a')).toMatchObject(removed);
        db.become({ mode: 'up' });
        await w.advance('1m');
        expect(db.rows.has('a')).toBe(false);
      },
      { leaves: true },
    ),
  );

  it(
    'the limit: beyond it a typed error, and nothing is changed here',
    outage(
      async ({ w, db, one: { cache } }) => {
        await cache.remove('a');
        await cache.remove('b');
        const refused = await cache.remove('c').catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(OutboxFullError);
        expect(refused).toMatchObject({ code: 'HOLDFAST_OUTBOX_FULL', limit: 2 });
        expect(cache.get('c')).toBe('C');
        expect(await cache.remove('a')).toBe('queued');
        db.become({ mode: 'up' });
        await w.advance('40s');
        expect(await cache.remove('c')).toBe('removed');
      },
      { options: { snapshot: { store: memorySnapshotStore(), maxOutbox: 2 } } },
    ),
  );

  it(
    'without a snapshot it rejects, as before; so it does where the outbox is turned off',
    scene({ rows }, async ({ w, db, store, boot }) => {
      for (const snapshot of [undefined, { store, maxOutbox: 0 }]) {
        db.become({ mode: 'up' });
        const one = await boot(snapshot && { snapshot });
        await one.cache.warmed();
        db.become({ mode: 'unreachable' });
        await expect(one.cache.remove('a')).rejects.toMatchObject({
          code: expect.stringMatching(/UNAVAILABLE|OUTBOX_FULL/),
        });
        expect(one.cache.get('a')).toBe('A');
        await expect(one.cache.save('a', 'A2')).rejects.toMatchObject({
          code: 'HOLDFAST_SOURCE_UNAVAILABLE',
        });
        await one.stop();
      }
      await w.advance('1s');
    }),
  );

  it(
    'a disk that refuses it: rejected, gone from memory all the same, and delivered while the process lives',
    scene({ rows }, async ({ w, db, store, boot }) => {
      let full = false;
      const disk: SnapshotStore = {
        ...store,
        enqueue: (orders) => (full ? Promise.reject(new Error('disk full')) : store.enqueue(orders)),
      };
      const { cache } = await boot({ snapshot: { store: disk, every: '1s' } });
      await cache.warmed();
      db.become({ mode: 'unreachable' });
      await cache.warm().catch(() => {});
      full = true;
      await expect(cache.remove('a')).rejects.toMatchObject({ code: 'HOLDFAST_SNAPSHOT' });
      expect(cache.lookup('a')).toMatchObject(removed);
      expect(cache.stats().outboxWaiting).toBe(1);
      await w.advance('10s');
      full = false;
      await w.advance('40s');
      expect(await store.waiting()).toMatchObject([{ key: 'a' }]);
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(db.rows.has('a')).toBe(false);
    }),
  );

  it(
    'over a source with neither scan nor ping the order is the probe: one a step, and it gets through',
    scene({ rows, has: ['remove'] }, async ({ w, db, store, boot, asked }) => {
      const { cache } = await boot({ snapshot: { store } });
      await cache.read('a');
      db.become({ mode: 'unreachable' });
      await cache.read('b');
      expect(await cache.remove('a')).toBe('queued');
      await w.advance('10m');
      expect(asked('remove')).toBeGreaterThan(5);
      expect(asked('remove')).toBeLessThan(40);
      db.become({ mode: 'up' });
      await w.advance('31s');
      expect(db.rows.has('a')).toBe(false);
      expect(cache.state.source).toBe('up');
    }),
  );
});

describe('an order that the source refuses', () => {
  it(
    'is told, tried again ever more seldom, and set apart; the others go on; it is never dropped',
    outage(async ({ w, db, store, boot, one }) => {
      const { cache, told, log } = one;
      const { remove } = db;
      let poison = true;
      db.remove = (key, context) =>
        poison && key === 'a'
          ? Promise.reject(new TypeError('no such column'))
          : (remove?.call(db, key, context) ?? Promise.resolve());
      await cache.remove('a');
      await cache.remove('b');
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(db.rows.has('b')).toBe(false);
      expect(cache.lookup('a')).toMatchObject(removed);
      await w.advance('10m');
      const failed = told('outbox.failed');
      expect(failed.slice(0, 11).map(({ attempt, apart }) => [attempt, apart])).toEqual([
        ...Array.from({ length: 9 }, (_, nth) => [nth + 1, false]),
        [10, true],
        [11, true],
      ]);
      expect(failed[0]).toMatchObject({
        key: 'a',
        order: 'remove',
        error: expect.any(TypeError),
        lost: false,
      });
      expect(log.some(({ level, message }) => level === 'error' && /refuses an order/.test(message))).toBe(
        true,
      );
      expect(cache.health()).toMatchObject({ degraded: true, outbox: { waiting: 1, apart: 1 } });
      expect(cache.state.source).toBe('up');
      await expect(cache.save('a', 'A2')).rejects.toMatchObject({
        code: 'HOLDFAST_STATE',
        message: expect.stringMatching(/refuses/),
      });
      // Ordered anew, it is tried anew; and a boot tries it at once.
      const before = failed.length;
      expect(await cache.remove('a')).toBe('queued');
      await w.advance('1s');
      expect(told('outbox.failed').length).toBeGreaterThan(before);
      one.kill();
      poison = false;
      const two = await boot({ snapshot: { store } });
      expect(two.cache.lookup('a')).toMatchObject(removed);
      await w.advance('1s');
      expect(db.rows.has('a')).toBe(false);
      expect(two.cache.health().outbox).toEqual({ waiting: 0, touches: 0, apart: 0 });
    }),
  );
});

describe('a save after a removal', () => {
  it(
    'waits for the delivery, and no redelivery undoes it: not after a crash, not after a kill',
    outage(async ({ w, db, store, boot, one }) => {
      const { cache } = one;
      await cache.remove('a');
      await expect(cache.save('a', 'new')).rejects.toMatchObject({ code: 'HOLDFAST_SOURCE_UNAVAILABLE' });
      const acknowledged = gate();
      const { acknowledge } = store;
      store.acknowledge = async (ids) => {
        await acknowledged.promise;
        return acknowledge(ids);
      };
      db.become({ mode: 'slow', ms: 100 });
      await cache.warm();
      let saved = false;
      const save = cache.save('a', 'new').then(() => {
        saved = true;
      });
      await w.advance('10s');
      // The source has done it; the file does not know yet, so a boot would do it again.
      expect(db.rows.has('a')).toBe(false);
      expect(saved).toBe(false);
      acknowledged.open();
      await save;
      expect(db.rows.get('a')?.value).toBe('new');
      expect(cache.get('a')).toBe('new');
      one.crash('snapshotter');
      await w.advance('10s');
      one.kill();
      const two = await boot({ snapshot: { store } });
      await w.advance('1m');
      expect(db.rows.get('a')?.value).toBe('new');
      expect(two.cache.get('a')).toBe('new');
    }),
  );

  it(
    'waits for a try that was given up and may still take effect',
    outage(async ({ w, db, one: { cache } }) => {
      db.become({ mode: 'up' });
      await cache.warm();
      db.become({ mode: 'slow', ms: 15_000, deaf: true });
      expect(await cache.remove('a')).toBe('queued');
      db.become({ mode: 'up' });
      await w.advance('2s');
      expect(cache.stats().outboxWaiting).toBe(0);
      const save = cache.save('a', 'new');
      await w.advance('5s');
      expect(db.rows.has('a')).toBe(false);
      await save;
      await w.advance('30s');
      expect(db.rows.get('a')?.value).toBe('new');
    }),
  );

  it(
    'that is under way: a removal that is ordered meanwhile comes after it',
    outage(async ({ w, db, one: { cache } }) => {
      db.become({ mode: 'up' });
      await cache.warm();
      db.become({ mode: 'slow', ms: 10_000 });
      const save = cache.save('a', 'slow');
      await w.advance('10ms');
      expect(await cache.remove('a')).toBe('queued');
      db.become({ mode: 'up' });
      await w.advance('5s');
      expect(cache.lookup('a')).toMatchObject(removed);
      await save;
      expect(cache.lookup('a')).toMatchObject(removed);
      await w.advance('10s');
      expect(db.rows.has('a')).toBe(false);
      expect(cache.lookup('a').status).toBe('absent');
    }),
  );
});

describe('the snapshotter', () => {
  it(
    'dies between the source’s word and the file’s: known to be done, it is not done again; killed, it is, to no effect',
    outage(async ({ w, db, store, boot, one, asked }) => {
      await one.cache.remove('a');
      const { acknowledge } = store;
      store.acknowledge = () => new Promise<void>(() => {});
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(asked('remove', 'a')).toBe(1);
      store.acknowledge = acknowledge;
      one.crash('snapshotter');
      await w.advance('10s');
      expect(asked('remove', 'a')).toBe(1);
      expect(await store.waiting()).toEqual([]);

      db.write('b', 'B2');
      db.become({ mode: 'unreachable' });
      await one.cache.warm().catch(() => {});
      await one.cache.remove('b');
      store.acknowledge = () => new Promise<void>(() => {});
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(asked('remove', 'b')).toBe(1);
      one.kill();
      store.acknowledge = acknowledge;
      const two = await boot({ snapshot: { store } });
      expect(two.cache.lookup('b')).toMatchObject(removed);
      await w.advance('10s');
      expect(asked('remove', 'b')).toBe(2);
      expect(db.rows.has('b')).toBe(false);
      expect(await store.waiting()).toEqual([]);
    }),
  );

  it(
    'dies at any moment of an outage: what waits is neither lost nor doubled',
    outage(async ({ w, db, store, one }) => {
      for (const [nth, key] of ['a', 'b', 'c'].entries()) {
        const removal = one.cache.remove(key);
        if (nth === 1) one.crash('snapshotter', 'error');
        await removal;
        one.crash('snapshotter');
        await w.advance('3s');
      }
      expect((await store.waiting()).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
      db.become({ mode: 'up' });
      await w.advance('40s');
      expect(db.rows.size).toBe(0);
    }),
  );
});

describe('a file that was set aside under a running cache, and its outbox with it', () => {
  for (const secretKeys of [false, true]) {
    it(
      secretKeys
        ? 'of secret keys nobody else has them: told as lost, and still absent here'
        : 'is given the orders anew',
      scene({ rows }, async ({ w, db, store, boot }) => {
        const { cache, crash, told } = await boot({ secretKeys, snapshot: { store, every: '1s' } });
        await cache.warmed();
        db.become({ mode: 'unreachable' });
        await cache.warm().catch(() => {});
        await cache.remove('a');
        // What a new file would hold: nothing.
        await store.acknowledge((await store.waiting()).map(({ id }) => id));
        crash('snapshotter');
        await w.advance('3s');
        expect(cache.lookup('a')).toMatchObject(removed);
        expect(await store.waiting()).toHaveLength(secretKeys ? 0 : 1);
        expect(cache.stats()).toMatchObject({
          outboxLost: secretKeys ? 1 : 0,
          outboxWaiting: secretKeys ? 0 : 1,
        });
        expect(told('outbox.failed')).toMatchObject(
          secretKeys ? [{ lost: true, error: { code: 'HOLDFAST_SNAPSHOT' } }] : [],
        );
        db.become({ mode: 'up' });
        await w.advance('40s');
        expect(db.rows.has('a')).toBe(secretKeys);
      }),
    );
  }
});

describe('secret keys', () => {
  const source = scriptedSource<string>();

  it('need a secret where removals may wait: an error that says so', () => {
    const define =
      (snapshot: object, of: object = source) =>
      () =>
        defineCache({ name: 'x', source: of as never, secretKeys: true, snapshot: snapshot as never });
    expect(define({ file: 'x' })).toThrow(/"snapshot\.secret" is missing/);
    expect(define({ file: 'x' })).toThrow(
      expect.objectContaining({ code: 'HOLDFAST_OPTIONS', option: 'snapshot.secret' }),
    );
    expect(define({ store: sqliteSnapshotStore({ file: 'x' }) })).toThrow(/keepsSecrets/);
    expect(define({ file: 'x', secret: 'sesame' })).not.toThrow();
    expect(define({ store: memorySnapshotStore() })).not.toThrow();
    expect(define({ file: 'x' }, { load: source.load })).not.toThrow();
  });

  it('come back from the sealed file, and stand in no byte of it, nor in what is told', async () => {
    const place = folder();
    const db = scriptedSource<string>({ rows: { 'token-do-not-tell': 'S', 'token-other-do-not-tell': 'O' } });
    const told: unknown[] = [];
    const start = async () => {
      const cache = defineCache<string>({
        name: 'tokens',
        source: db,
        secretKeys: true,
        warm: { backoff: { min: '10ms', max: '50ms' } },
        snapshot: { file: join(place, 'sessions.snapshot'), secret: 'sesame', every: '50ms' },
      });
      onTestFinished(() => cache.stop());
      cache.bus.subscribe('*', (event) => told.push(event));
      return cache.start();
    };
    const one = await start();
    await one.warmed();
    await vi.waitFor(() => expect(one.stats().snapshots).toBeGreaterThan(0));
    db.become({ mode: 'unreachable' });
    await one.warm().catch(() => {});
    expect(await one.remove('token-do-not-tell')).toBe('queued');
    for (const name of readdirSync(place)) {
      const bytes = readFileSync(join(place, name), 'latin1');
      expect([name, bytes.includes('do-not-tell')]).toEqual([name, false]);
    }
    await one.stop();
    const two = await start();
    expect(two.lookup('token-do-not-tell')).toMatchObject(removed);
    expect(two.get('token-other-do-not-tell')).toBe('O');
    db.become({ mode: 'up' });
    await vi.waitFor(() => expect([...db.rows.keys()]).toEqual(['token-other-do-not-tell']));
    await vi.waitFor(() => expect(two.health().outbox).toEqual({ waiting: 0, touches: 0, apart: 0 }));
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'outbox.delivered', key: expect.stringMatching(/^[0-9a-f]{64}$/) }),
    );
    expect(JSON.stringify(told)).not.toMatch(/do-not-tell/);
  });
});
