/** A change feed that is complete, read to its end without a gap, confirms all that is held: in one number. */
import type { Cache, Row, Source } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { gate, scene } from './build.js';

type Change = { readonly key: string; readonly row: Row<string> | undefined };

/** A table with a log of its changes. */
function logged(given: Record<string, string>) {
  const rows = new Map<string, Row<string>>(
    Object.entries(given).map(([key, value]) => [key, { key, value }]),
  );
  const log: Change[] = [];
  const state = {
    lost: false,
    hold: undefined as Promise<void> | undefined,
    slowLoad: undefined as Promise<void> | undefined,
  };
  const change = (key: string, row: Row<string> | undefined): void => {
    if (row === undefined) rows.delete(key);
    else rows.set(key, row);
    log.push({ key, row });
  };
  const source: Source<string> & { changesComplete: boolean } = {
    changesComplete: true,
    async load(key) {
      const row = rows.get(key);
      await state.slowLoad;
      return row;
    },
    async *changes(since) {
      const reset = since !== undefined && state.lost;
      state.lost = false;
      const from = since === undefined || reset ? log.length : Number(since);
      await state.hold;
      const changes = log.slice(from);
      yield {
        gone: changes.filter(({ row }) => row === undefined).map(({ key }) => key),
        changed: changes.flatMap(({ row }) => (row === undefined ? [] : [row])),
        cursor: String(from + changes.length),
        reset,
      };
    },
  };
  return {
    source,
    state,
    write: (key: string, value: string, more: object = {}) => change(key, { key, value, ...more }),
    erase: (key: string) => change(key, undefined),
    corrupt: (key: string) => change(key, { key, value: undefined }),
    withScan: {
      ...source,
      async *scan() {
        yield { rows: [...rows.values()], cursor: String(log.length) };
      },
    } satisfies Source<string>,
  };
}

const calm = {
  ttl: '10s',
  staleFor: '20s',
  sweep: { every: '1h' },
  warm: { every: '1d', backoff: { jitter: false } },
} as const;

describe('a complete change feed', () => {
  it(
    'that is current confirms what it does not name, as of the moment it began, and keeps it in memory',
    scene({ has: [] }, async ({ boot, w }) => {
      const db = logged({ a: 'A', b: 'B' });
      const { cache } = await boot({ ...calm, source: db.withScan });
      await cache.warmed();
      for (let time = 0; time < 10; time++) {
        await w.advance('9s');
        await cache.sweep();
        expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 0 });
      }
      db.write('b', 'B2');
      await w.advance('4s');
      expect(cache.get('b')).toBe('B');
      const began = gate();
      db.state.hold = began.promise;
      const sweep = cache.sweep();
      await w.advance('3s');
      began.open();
      await sweep;
      // Of what came while it was read it may have missed a part.
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 3000 });
      expect(cache.lookup('b')).toEqual({ status: 'fresh', value: 'B2', age: 0 });
      expect([cache.ttl('a'), cache.stats().stale]).toEqual([7000, 0]);
      await w.advance('7s');
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'ttl' });
      await w.advance('20s');
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
      await cache.sweep();
      // What had its time before the feed was read is gone; b had not.
      expect([cache.size, cache.has('b')]).toEqual([1, true]);
    }),
  );

  it(
    'counts what it confirms as fresh on the fast path, too',
    scene({ has: [] }, async ({ boot, w }) => {
      const db = logged({ a: 'A' });
      const { cache } = await boot({ ...calm, source: db.withScan });
      await cache.warmed();
      await w.advance('9s');
      await cache.sweep();
      await w.advance('9s');
      expect(cache.get('a')).toBe('A');
      expect(cache.stats()).toMatchObject({ fresh: 1, stale: 0 });
    }),
  );

  it(
    'does not confirm: a feed that does not say that it is complete; one that ends in an error',
    scene({ has: [] }, async ({ boot, w }) => {
      const db = logged({ a: 'A' });
      const { changesComplete: _, ...plain } = db.withScan;
      const { cache } = await boot({ ...calm, source: plain });
      await cache.warmed();
      await w.advance('11s');
      await cache.sweep();
      expect(cache.lookup('a').status).toBe('stale');
      const other = await boot({
        ...calm,
        name: 'other',
        source: {
          ...db.withScan,
          async *changes(since, context) {
            yield* db.source.changes?.(since, context) ?? [];
            throw new Error('half-way');
          },
        },
      });
      await other.cache.warmed();
      await w.advance('11s');
      await expect(other.cache.sweep()).rejects.toThrow('half-way');
      expect(other.cache.lookup('a').status).toBe('stale');
    }),
  );

  it(
    'does not confirm what was put or derived here: nothing says that the source has it',
    scene({ has: [] }, async ({ boot, w }) => {
      const db = logged({ a: 'A', b: 'B' });
      const { cache } = await boot({ ...calm, source: db.withScan });
      await cache.warmed();
      cache.put('mine', 'M');
      cache.update('a', (held) => `${held}!`);
      await w.advance('11s');
      await cache.sweep();
      expect(cache.lookup('b').status).toBe('fresh');
      expect(cache.lookup('mine')).toMatchObject({ status: 'stale', age: 11_000 });
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', value: 'A!', age: 11_000 });
      await w.advance('20s');
      expect([cache.has('mine'), cache.has('a'), cache.has('b')]).toEqual([false, false, true]);
    }),
  );

  it(
    'does not confirm a quarantined row, until it reads back',
    scene({ has: [] }, async ({ boot, w }) => {
      const db = logged({ a: 'A', b: 'B' });
      const { cache } = await boot({ ...calm, source: db.withScan });
      await cache.warmed();
      db.corrupt('a');
      await cache.sweep();
      for (let time = 0; time < 4; time++) {
        await w.advance('9s');
        await cache.sweep();
      }
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'quarantined' });
      expect(cache.lookup('b').status).toBe('fresh');
      db.write('a', 'A2');
      await cache.sweep();
      await w.advance('9s');
      await cache.sweep();
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A2', age: 0 });
    }),
  );

  it(
    'does not confirm what is from before a gap, by however many readings after it; a pass does',
    scene({ has: [] }, async ({ boot, w }) => {
      const db = logged({ a: 'A' });
      let away = false;
      const { cache } = await boot({
        ...calm,
        source: {
          ...db.withScan,
          async *scan() {
            if (away) throw new Error('no pass now');
            yield* db.withScan.scan();
          },
        },
      });
      await cache.warmed();
      away = true;
      db.state.lost = true;
      await w.advance('5s');
      await cache.sweep();
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect', age: 5000 });
      await cache.sweep();
      await cache.sweep();
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect', age: 5000 });
      away = false;
      await cache.warm();
      await w.advance('9s');
      await cache.sweep();
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 0 });
    }),
  );

  it(
    'does not confirm what a snapshot brought: what that quarantined is not known any more',
    scene({ has: [] }, async ({ boot, store, w }) => {
      const db = logged({ a: 'A' });
      const first = await boot({ ...calm, source: db.withScan, snapshot: { store } });
      await first.cache.warmed();
      await first.stop();
      const { cache } = await boot({
        ...calm,
        snapshot: { store },
        source: { ...db.source, scan: undefined } as never,
      });
      await w.advance('2s');
      await cache.sweep();
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'restored', age: 2000 });
    }),
  );

  it(
    'a load that read before a change that the feed told lands after it: it is not believed, held or not',
    scene({ has: [] }, async ({ boot, w }) => {
      for (const held of [true, false]) {
        const db = logged({ a: 'old' });
        const { cache } = await boot({ ...calm, name: `held ${held}`, source: db.source });
        await cache.sweep();
        if (held) cache.put('a', 'held', { ttl: 0 });
        const slow = gate();
        db.state.slowLoad = slow.promise;
        const read = cache.read('a');
        await w.settle();
        db.write('a', 'new');
        await cache.sweep();
        db.state.slowLoad = undefined;
        slow.open();
        expect(await read).toMatchObject({ value: 'new' });
        await cache.sweep();
        expect(cache.get('a')).toBe('new');
      }
    }),
  );

  it(
    'is read on from where it was, not from where a pass began: what a load brought back meanwhile is told gone',
    scene({ has: [] }, async ({ boot, w }) => {
      const db = logged({ a: 'A', b: 'B' });
      let page: Promise<void> | undefined;
      const { cache } = await boot({
        ...calm,
        source: {
          ...db.withScan,
          async *scan() {
            for await (const batch of db.withScan.scan()) {
              await page;
              yield batch;
            }
          },
        },
      });
      await cache.warmed();
      cache.invalidate('a');
      const slow = gate();
      db.state.slowLoad = slow.promise;
      const read = cache.read('a');
      await w.settle();
      db.erase('a');
      const hold = gate();
      page = hold.promise;
      const pass = cache.warm();
      await w.settle();
      slow.open();
      await read;
      hold.open();
      await pass;
      expect(cache.get('a')).toBe('A');
      await cache.sweep();
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'source' });
    }),
  );

  it(
    'over a source without passes: what was loaded before the first cursor may have changed unnoticed',
    scene({ has: [] }, async ({ boot, w }) => {
      const db = logged({ a: 'A', b: 'B' });
      const { cache } = await boot({ ...calm, source: db.source });
      await cache.fetch('a');
      db.write('a', 'changed before anybody listened');
      const slow = gate();
      db.state.slowLoad = slow.promise;
      const read = cache.read('b');
      await w.settle();
      db.write('b', 'so did b');
      await cache.sweep();
      slow.open();
      await read;
      db.state.slowLoad = undefined;
      await w.advance('11s');
      await cache.sweep();
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', value: 'A' });
      expect(cache.lookup('b')).toMatchObject({ status: 'stale', value: 'B' });
      expect([await cache.fetch('a'), await cache.fetch('b')]).toEqual([
        'changed before anybody listened',
        'so did b',
      ]);
      await w.advance('9s');
      await cache.sweep();
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', age: 0 });
    }),
  );
});

it(
  'two changes of one key in one batch: the last is taken; gone and changed in one: nothing is known',
  scene({ has: [] }, async ({ boot }) => {
    const db = logged({ a: 'A', b: 'B' });
    const { cache } = await boot({ ...calm, source: db.withScan });
    await cache.warmed();
    db.write('a', 'A2');
    db.write('a', 'A3');
    db.erase('b');
    db.write('b', 'B2');
    await cache.sweep();
    expect(cache.get('a')).toBe('A3');
    expect(cache.lookup('b')).toEqual({ status: 'unknown', because: 'not-loaded' });
    expect(await cache.fetch('b')).toBe('B2');
  }),
);

it(
  'a changed row that is past its own end takes the entry with it',
  scene({ has: [] }, async ({ boot }) => {
    const db = logged({ a: 'A' });
    const one = await boot({ ...calm, source: db.withScan });
    await one.cache.warmed();
    db.write('a', 'A', { expiresAt: Date.now() - 1 });
    await one.cache.sweep();
    expect(one.cache.lookup('a')).toMatchObject({ status: 'absent', because: 'source' });
    expect(one.told('invalidated')).toMatchObject([{ keys: ['a'], because: 'source' }]);
  }),
);

describe('what was read before the feed began to tell', () => {
  it.each([
    ['expireAt', (cache: Cache<string>) => cache.expireAt('a', Date.now() + 3_600_000)],
    ['touch', (cache: Cache<string>) => cache.touch('a', { expiresAt: Date.now() + 3_600_000 })],
  ] as const)('is not confirmed by it for an %s', (_, move) =>
    scene<string>({ has: [] }, async ({ w, boot }) => {
      let row = { key: 'a', value: 'old', expiresAt: Date.now() + 60_000 };
      const told = gate<string>();
      const { cache } = await boot({
        ttl: '1s',
        sweep: { every: '1h' },
        source: {
          changesComplete: true,
          load: async () => row,
          touch: async () => {},
          async *changes(since) {
            yield { gone: [], changed: [], cursor: since ?? (await told.promise) };
          },
        },
      });
      await cache.fetch('a');
      const sweep = cache.sweep();
      await w.settle();
      // After it was read, and before the feed tells.
      row = { ...row, value: 'new' };
      told.open('1');
      await sweep;
      expect(move(cache)).toBe(true);
      for (let time = 0; time < 4; time++) {
        await w.advance(500);
        await cache.sweep();
      }
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'ttl', value: 'old' });
    })(),
  );
});
