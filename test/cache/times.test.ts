import { OptionsError } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { gate, scene } from './build.js';

describe('ttl', () => {
  it(
    'is what is left of freshness; 0 for what is stale; undefined where no value is held',
    scene({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot();
      cache.put('a', 'A', { ttl: '10s' });
      cache.put('short', 'S', { ttl: '10s', expiresAt: Date.now() + 4000 });
      cache.revoke('r');
      await w.advance('3s');
      expect([cache.ttl('a'), cache.ttl('short'), cache.ttl('r'), cache.ttl('x')]).toEqual([
        7000,
        1000,
        undefined,
        undefined,
      ]);
      await w.advance('7s');
      expect([cache.ttl('a'), cache.ttl('short')]).toEqual([0, undefined]);
      // It is no question to the source, and no answer that is counted.
      expect(cache.stats()).toMatchObject({ fresh: 0, stale: 0, unknown: 0, loads: 0 });
    }),
  );

  it(
    'of what the key guard refuses is undefined, and nothing is changed',
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot({ key: (key) => key !== 'bad' });
      expect([
        cache.ttl('bad'),
        cache.expire('bad', 1),
        cache.expireAt('bad', 1),
        cache.touch('bad'),
      ]).toEqual([undefined, false, false, false]);
    }),
  );
});

describe('expire, expireAt', () => {
  it(
    'serve it no longer than that, and no longer fresh than its ttl; earlier or later; and say whether it was held',
    scene({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot();
      expect([cache.expire('a', '1s'), cache.expireAt('a', 1)]).toEqual([false, false]);
      cache.put('a', 'A', { ttl: '10s', staleFor: '1h', version: 3, tags: ['t'] });
      await w.advance('2s');
      expect(cache.expire('a', '3s')).toBe(true);
      expect(cache.ttl('a')).toBe(3000);
      expect(cache.expire('a', '1m')).toBe(true);
      expect(cache.lookup('a')).toEqual({
        status: 'fresh',
        value: 'A',
        age: 2000,
        expiresAt: Date.now() + 60_000,
      });
      expect(cache.ttl('a')).toBe(8000);
      await w.advance('59s');
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', value: 'A' });
      expect(cache.expireAt('a', Date.now() + 500)).toBe(true);
      await w.advance(500);
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(cache.expire('a', '1h')).toBe(false);
    }),
  );

  it(
    'into the past: over at once, and a wall clock that is set back before anybody looks does not bring it back',
    scene({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot();
      cache.putMany([
        ['a', 'A'],
        ['b', 'B'],
      ]);
      cache.expire('a', 0);
      cache.expireAt('b', Date.now() - 1);
      w.jumpWall(-60_000);
      expect([cache.get('a'), cache.get('b')]).toEqual([undefined, undefined]);
    }),
  );

  it(
    'stand against an answer that began before, and give way to the next pass',
    scene({ has: [] }, async ({ boot, w }) => {
      const answer = gate<string>();
      let loads = 0;
      const { cache } = await boot({
        source: {
          load: async (key) => ({ key, value: loads++ === 0 ? await answer.promise : 'loaded' }),
          async *scan() {
            yield { rows: [{ key: 'a', value: 'scanned' }] };
          },
        },
        ttl: '1s',
      });
      await cache.warmed();
      await w.advance('2s');
      void cache.read('a');
      await w.settle();
      cache.expire('a', '10s');
      answer.open('older');
      await w.settle();
      expect(cache.get('a')).not.toBe('older');
      cache.put('a', 'mine');
      cache.expire('a', '10s');
      await cache.warm();
      await w.advance('11s');
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', value: 'scanned' });
    }),
  );

  it(
    'stand against a pass whose page was asked for before',
    scene({ has: [] }, async ({ boot, w }) => {
      const page = gate();
      let passes = 0;
      const { cache } = await boot({
        source: {
          load: async () => undefined,
          async *scan() {
            if (passes++ > 0) await page.promise;
            yield { rows: [{ key: 'a', value: 'A' }] };
          },
        },
      });
      await cache.warmed();
      const pass = cache.warm();
      await w.settle();
      cache.expire('a', '10s');
      page.open();
      await pass;
      await w.advance('10s');
      expect(cache.lookup('a').status).toBe('unknown');
    }),
  );

  it.each<[unknown, RegExp]>([
    ['soon', /"duration"/],
    [-1, /"duration"/],
    [Number.NaN, /"duration"/],
  ])('expire by %s is an error by name', (duration, message) =>
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      cache.put('a', 'A');
      expect(() => cache.expire('a', duration as number)).toThrow(message);
      expect(cache.ttl('a')).toBe(600_000);
    })(),
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '2024-01-01', new Date(0), undefined])(
    'expireAt %s is an error by name',
    (at) =>
      scene({ has: [] }, async ({ boot }) => {
        const { cache } = await boot();
        cache.put('a', 'A');
        expect(() => cache.expireAt('a', at as number)).toThrow(OptionsError);
        expect(() => cache.expireAt('a', at as number)).toThrow(/"at" must be a number: ms/);
        expect(cache.has('a')).toBe(true);
      })(),
  );
});

describe('touch', () => {
  it(
    'restarts the age, again and again, but nothing is served past ttl + staleFor after its confirmation',
    scene({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot();
      expect(cache.touch('a')).toBe(false);
      cache.put('a', 'A', { ttl: '10s', staleFor: '20s' });
      await w.advance('9s');
      expect(cache.touch('a')).toBe(true);
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 0 });
      await w.advance('12s');
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'ttl', age: 12_000 });
      cache.touch('a');
      expect(cache.ttl('a')).toBe(9000);
      await w.advance(8999);
      cache.touch('a');
      expect(cache.lookup('a').status).toBe('fresh');
      await w.advance(1);
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(cache.touch('a')).toBe(false);
    }),
  );

  it(
    'nor past its own expiresAt',
    scene({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot();
      const expiresAt = Date.now() + 5000;
      cache.put('a', 'A', { ttl: '10s', expiresAt });
      await w.advance(4999);
      cache.touch('a');
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 0, expiresAt });
      expect(cache.ttl('a')).toBe(1);
      await w.advance(1);
      expect(cache.has('a')).toBe(false);
    }),
  );

  it(
    'does not confirm: what was restored is still that, and one pass makes it fresh',
    scene({ rows: { a: 'A' }, has: ['scan'] }, async ({ boot, store, db, w }) => {
      const first = await boot({ snapshot: { store } });
      await first.cache.warmed();
      await first.stop();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ snapshot: { store } });
      await w.advance('1m');
      cache.touch('a');
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'restored', age: 0 });
      expect(cache.ttl('a')).toBe(0);
      db.become({ mode: 'up' });
      await cache.warm();
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 0 });
    }),
  );

  it(
    'does not confirm: what is suspect for a gap in the change feed is still that',
    scene({ has: [] }, async ({ boot, w }) => {
      let reset = false;
      let away = false;
      const { cache } = await boot({
        source: {
          load: async () => undefined,
          async *scan() {
            if (away) throw new Error('no pass now');
            yield { rows: [{ key: 'a', value: 'A' }], cursor: '1' };
          },
          async *changes() {
            yield { gone: [], changed: [], cursor: '1', reset };
          },
        },
        warm: { every: '1h', backoff: { jitter: false } },
      });
      await cache.warmed();
      await w.advance(10);
      reset = true;
      away = true;
      await cache.sweep();
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect' });
      await w.advance(10);
      cache.touch('a');
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect', age: 0 });
      away = false;
      await cache.warm();
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh' });
    }),
  );

  it(
    'says nothing of the row: a load and a pass that began before bring what they bring',
    scene({ has: [] }, async ({ boot, w }) => {
      const answer = gate<string>();
      const { cache } = await boot({ source: async () => answer.promise, ttl: '1s' });
      cache.put('a', 'A');
      await w.advance('2s');
      const read = cache.read('a');
      await w.settle();
      cache.touch('a');
      answer.open('newer');
      expect(await read).toMatchObject({ value: 'newer' });
      expect(cache.get('a')).toBe('newer');
    }),
  );

  it(
    'is kept over a restart as far as it goes: no longer than before',
    scene({ rows: { a: 'A' }, has: ['scan'] }, async ({ boot, store, db, w }) => {
      const options = { snapshot: { store }, ttl: '10s', staleFor: '50s', warm: { every: '1h' } } as const;
      const first = await boot(options);
      await first.cache.warmed();
      await w.advance('40s');
      first.cache.touch('a');
      await first.stop();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot(options);
      await w.advance(19_000);
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'restored' });
      await w.advance('2s');
      expect(cache.lookup('a').status).toBe('unknown');
    }),
  );
});
