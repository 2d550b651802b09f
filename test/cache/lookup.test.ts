import { defineCache } from 'holdfast';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { scene } from './build.js';

const rows = { a: 'A', b: 'B' };

describe('lookup says what it knows, and how', () => {
  it(
    'fresh within ttl, stale for staleFor after it, then unknown; ages are told',
    scene({ rows, has: [] }, async ({ w, boot }) => {
      const { cache } = await boot({ ttl: '1m', staleFor: '5m' });
      await cache.fetch('a');
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 0 });
      await w.advance(59_999);
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 59_999 });
      await w.advance(1);
      expect(cache.lookup('a')).toEqual({ status: 'stale', value: 'A', age: 60_000, because: 'ttl' });
      await w.advance(299_999);
      expect(cache.lookup('a').status).toBe('stale');
      expect(cache.get('a')).toBe('A');
      await w.advance(1);
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(cache.get('a')).toBeUndefined();
      expect(cache.has('a')).toBe(false);
    }),
  );

  it(
    'never past its own expiresAt, whether or not the janitor came by: unknown, somebody may have extended it',
    scene({ rows, has: ['scan'] }, async ({ w, db, boot }) => {
      db.write('a', 'A', { expiresAt: Date.now() + 10_000 });
      const { cache } = await boot({ sweep: { every: '1h' } });
      await cache.warmed();
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', expiresAt: Date.now() + 10_000 });
      await w.advance('10s');
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(cache.get('a')).toBeUndefined();
      db.write('a', 'A', { expiresAt: Date.now() + 10_000 });
      expect(await cache.read('a')).toMatchObject({ status: 'fresh', value: 'A' });
    }),
  );

  it(
    'the same of a stale one: `until-expiry` is until its own, and an hour where it has none',
    scene({ rows, has: [] }, async ({ w, db, boot }) => {
      db.write('a', 'A', { expiresAt: Date.now() + 3 * 3_600_000 });
      const { cache } = await boot({ ttl: '1m', staleFor: 'until-expiry', sweep: { every: '1h' } });
      await cache.fetch('a');
      await cache.fetch('b');
      db.become({ mode: 'unreachable' });
      await w.advance('60m');
      expect(cache.lookup('b').status).toBe('stale');
      await w.advance('1m');
      expect(cache.lookup('b').status).toBe('unknown');
      expect(cache.lookup('a').status).toBe('stale');
      await w.advance('2h');
      expect(cache.lookup('a').status).toBe('unknown');
    }),
  );

  it(
    'an entry’s own ttl, staleFor and expiresAt go before the cache’s',
    scene({ has: [] }, async ({ w, boot }) => {
      const { cache } = await boot({ ttl: '1h', staleFor: '1h' });
      cache.put('a', 'A', { ttl: '1s', staleFor: '2s' });
      cache.put('b', 'B', { expiresAt: Date.now() + 2_000 });
      await w.advance('1s');
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'ttl' });
      expect(cache.lookup('b')).toMatchObject({ status: 'fresh', expiresAt: Date.now() + 1_000 });
      await w.advance('1s');
      expect(cache.lookup('b').status).toBe('unknown');
      await w.advance('1s');
      expect(cache.lookup('a').status).toBe('unknown');
    }),
  );

  it(
    'because of unknown: quarantined > cold > source-unreachable > not-loaded',
    scene({ rows, has: ['scan'] }, async ({ w, db, boot }) => {
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ ttl: '10h' });
      await w.advance('1s');
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'cold' });
      db.write('bad', 'B');
      db.corrupt('bad');
      db.become({ mode: 'partial', batches: 1 });
      await cache.warm().catch(() => {});
      expect(cache.lookup('bad')).toEqual({ status: 'unknown', because: 'quarantined' });
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'cold' });
      db.become({ mode: 'up' });
      await cache.warm();
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'not-loaded' });
      db.become({ mode: 'unreachable' });
      await cache.warm().catch(() => {});
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      expect(cache.lookup('bad')).toEqual({ status: 'unknown', because: 'quarantined' });
      // A quarantined key is asked for again by whoever reads it.
      db.become({ mode: 'up' });
      await cache.warm();
      expect(await cache.read('bad')).toEqual({ status: 'unknown', because: 'quarantined' });
      db.write('bad', 'mended');
      expect(await cache.read('bad')).toMatchObject({ status: 'fresh', value: 'mended' });
    }),
  );

  it(
    'absent because: the source said so, it was removed here, a pass no longer saw it, the guard refuses the key',
    scene({ rows, has: ['scan', 'remove'] }, async ({ w, db, boot }) => {
      const { cache } = await boot({ key: (key) => key !== 'malformed' });
      await cache.warmed();
      await cache.read('x');
      cache.revoke('a');
      db.erase('b');
      await w.advance('2s');
      await cache.warm();
      await w.advance('3s');
      expect(cache.lookup('x')).toEqual({ status: 'absent', age: 5_000, because: 'source' });
      expect(cache.lookup('b')).toEqual({ status: 'absent', age: 3_000, because: 'pass' });
      expect(cache.lookup('malformed')).toEqual({ status: 'absent', age: 0, because: 'key' });
      await cache.read('c');
      cache.revoke('c');
      expect(cache.lookup('c')).toEqual({ status: 'absent', age: 0, because: 'removed' });
      db.write('d', 'D');
      await cache.remove('d');
      await w.advance('1s');
      expect(cache.lookup('d')).toEqual({ status: 'absent', age: 1_000, because: 'removed' });
    }),
  );

  it(
    'never asks the source',
    scene({ rows, has: [] }, async ({ boot, asked }) => {
      const { cache } = await boot();
      for (const key of ['a', 'x']) {
        cache.lookup(key);
        cache.get(key);
        cache.has(key);
      }
      expect(asked('load')).toBe(0);
    }),
  );
});

describe('the two clocks', () => {
  const hour = 3_600_000;
  it.each([hour, -hour])('a wall clock that jumps by %i ms ages nothing', (by) =>
    scene({ rows, has: [] }, async ({ w, boot }) => {
      const { cache } = await boot({ ttl: '10m', staleFor: '10m' });
      await cache.fetch('a');
      await cache.read('x');
      w.jumpWall(by);
      await w.advance('20s');
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 20_000 });
      expect(cache.lookup('x')).toEqual({ status: 'absent', age: 20_000, because: 'source' });
      await w.advance('10m');
      expect(cache.lookup('a').status).toBe('stale');
      await w.advance('10m');
      expect(cache.lookup('a').status).toBe('unknown');
    })(),
  );

  it(
    'its own expiresAt is judged by the wall, and latched: once seen expired it never comes back',
    scene({ has: [] }, async ({ w, boot }) => {
      const { cache } = await boot();
      const expiresAt = Date.now() + 60_000;
      cache.put('a', 'A', { expiresAt });
      cache.put('unseen', 'U', { expiresAt });
      w.jumpWall(hour);
      expect(cache.lookup('a').status).toBe('unknown');
      w.jumpWall(-hour);
      expect(cache.lookup('a').status).toBe('unknown');
      expect(cache.get('a')).toBeUndefined();
      expect(cache.has('a')).toBe(false);
      expect(cache.lookup('unseen').status).toBe('fresh');
      // What is stored anew is judged anew.
      cache.put('a', 'A2', { expiresAt });
      expect(cache.get('a')).toBe('A2');
    }),
  );

  it(
    'get sees it expire too, and latches it',
    scene({ has: [] }, async ({ w, boot }) => {
      const { cache } = await boot();
      cache.put('a', 'A', { expiresAt: Date.now() + 60_000 });
      expect(cache.get('a')).toBe('A');
      w.jumpWall(hour);
      await w.settle();
      expect(cache.get('a')).toBeUndefined();
      w.jumpWall(-hour);
      await w.settle();
      expect(cache.get('a')).toBeUndefined();
    }),
  );

  it(
    'a laptop sleeps for an hour: one pass, one sweep',
    scene({ rows, has: ['scan'] }, async ({ w, boot, asked }) => {
      const { cache, told } = await boot();
      await cache.warmed();
      await w.advance('1m');
      const [scans, sweeps] = [asked('scan'), told('swept').length];
      w.pause('1h');
      await w.advance('10s');
      expect(asked('scan') - scans).toBe(1);
      expect(told('swept').length - sweeps).toBe(1);
      expect(cache.lookup('a').status).toBe('fresh');
    }),
  );
});

describe('keys', () => {
  const odd: readonly string[] = [
    '__proto__',
    'constructor',
    'toString',
    '',
    ' ',
    '\0',
    '\ud800',
    '\udfff\ud800',
    'x'.repeat(1 << 20),
  ];
  it.each(odd)('%.12j is an ordinary key', (key) =>
    scene<string>({ has: ['scan', 'save', 'remove'] }, async ({ db, boot }) => {
      for (const secretKeys of [false, true]) {
        const { cache, stop } = await boot({ secretKeys, name: `test-${secretKeys}` });
        await cache.warmed();
        expect(cache.lookup(key)).toEqual({ status: 'unknown', because: 'not-loaded' });
        expect((await cache.read(key)).status).toBe('absent');
        db.write(key, 'V');
        cache.invalidate(key);
        expect(await cache.fetch(key)).toBe('V');
        cache.put(key, 'W');
        expect(cache.get(key)).toBe('W');
        await cache.warm();
        expect(cache.get(key)).toBe('V');
        cache.revoke(key);
        expect(cache.lookup(key).status).toBe('absent');
        await cache.save(key, 'X');
        expect(cache.lookup(key)).toMatchObject({ status: 'fresh', value: 'X' });
        await cache.remove(key);
        expect(cache.size).toBe(0);
        await stop();
      }
    })(),
  );

  it.each([false, true])('no two of them are one (secretKeys: %s)', (secretKeys) =>
    scene<string>({ has: [] }, async ({ boot }) => {
      const { cache } = await boot({ secretKeys });
      const keys = [...odd, '\ufffd', '\ud801', '\udfff', '\ufffd\ufffd', '%EF%BF%BD', 'X'.repeat(1 << 20)];
      for (const key of keys) cache.put(key, key);
      expect(cache.size).toBe(keys.length);
      for (const key of keys) expect(cache.get(key) === key).toBe(true);
    })(),
  );

  it.each([undefined, null, 7, {}, Symbol('s')])('%s is none: an error that says so', (key) =>
    scene({ has: ['save', 'remove'] }, async ({ boot }) => {
      for (const secretKeys of [false, true]) {
        const { cache, stop } = await boot({ secretKeys, name: `test-${secretKeys}` });
        const bad = key as never;
        const calls = [
          () => cache.lookup(bad),
          () => cache.get(bad),
          () => cache.has(bad),
          () => cache.put(bad, 'x'),
          () => cache.invalidate([bad]),
          () => cache.revoke([bad]),
          () => cache.invalidate(bad),
        ];
        for (const call of calls) expect(call).toThrow(/key/i);
        for (const call of [
          () => cache.read(bad),
          () => cache.fetch(bad),
          () => cache.save(bad, 'x'),
          () => cache.remove(bad),
        ])
          await expect(call()).rejects.toMatchObject({ code: 'HOLDFAST_OPTIONS' });
        await stop();
      }
    })(),
  );

  it(
    'a guard is asked each time: it may have another answer than when the entry came',
    scene({ rows, has: [] }, async ({ boot }) => {
      let allows = true;
      const { cache } = await boot({ key: () => allows });
      cache.put('a', 'A');
      expect(await cache.fetch('a')).toBe('A');
      allows = false;
      const refused = { status: 'absent', because: 'key', age: 0 };
      expect([cache.lookup('a'), await cache.read('a')]).toEqual([refused, refused]);
      expect(await cache.fetch('a')).toBeUndefined();
    }),
  );

  it(
    'a guard that throws is reported and taken for a yes',
    scene({ rows, has: [] }, async ({ boot }) => {
      const { cache, told, log } = await boot({
        key: () => {
          throw new Error('guard');
        },
      });
      expect(await cache.fetch('a')).toBe('A');
      expect(told('hook.failed')[0]).toMatchObject({ hook: 'key', error: { message: 'guard' } });
      expect(log.some(({ level, message }) => level === 'error' && message === 'a hook threw')).toBe(true);
    }),
  );
});

describe('with the fake timers of a user’s own test', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('sees their time at once, within one stretch of code', () => {
    vi.useFakeTimers();
    const cache = defineCache<string>({
      name: 'users',
      source: async () => undefined,
      ttl: '1m',
      staleFor: 0,
    });
    cache.put('a', 'A');
    for (let n = 0; n < 10; n += 1) expect(cache.get('a')).toBe('A');
    expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 0 });
    vi.advanceTimersByTime(59_999);
    expect(cache.get('a')).toBe('A');
    expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'A', age: 59_999 });
    vi.advanceTimersByTime(1);
    expect(cache.get('a')).toBeUndefined();
    expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
    cache.put('b', 'B', { expiresAt: Date.now() + 1000 });
    for (let n = 0; n < 10; n += 1) expect(cache.get('b')).toBe('B');
    vi.setSystemTime(Date.now() + 1000);
    expect(cache.get('b')).toBeUndefined();
  });
});

describe('within one stretch of code', () => {
  it('get and lookup go by one time, and what they count is what they said', async () => {
    let wall = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => wall);
    try {
      const cache = defineCache<string>({ name: 'users', source: async () => undefined });
      cache.put('e', 'E', { expiresAt: wall + 10 });
      expect(cache.lookup('e').status).toBe('fresh');
      wall += 20;
      expect([cache.get('e'), cache.lookup('e').status, cache.has('e')]).toEqual(['E', 'fresh', true]);
      expect(cache.stats()).toMatchObject({ fresh: 3, unknown: 0 });
      await Promise.resolve();
      expect([cache.get('e'), cache.lookup('e').status]).toEqual([undefined, 'unknown']);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('what was put with no ttl is not fresh, though the clock was read before', () => {
    const cache = defineCache<string>({ name: 'users', source: async () => undefined });
    cache.put('w', 'W');
    cache.lookup('w');
    const { now } = performance;
    const began = now.call(performance);
    while (now.call(performance) - began < 2);
    cache.put('k', 'K', { ttl: 0, staleFor: '1h' });
    expect(cache.lookup('k')).toMatchObject({ status: 'stale', because: 'ttl', age: 0 });
    cache.put('k', 'K', { ttl: 0, staleFor: 0 });
    expect([cache.lookup('k').status, cache.get('k')]).toEqual(['unknown', undefined]);
  });
});

describe('what is read often', () => {
  it(
    'is told by its own time, and gone, like what is read once',
    scene({ rows, has: [] }, async ({ w, boot }) => {
      const { cache } = await boot({ ttl: '1m', staleFor: '5m' });
      const often = (): void => {
        for (let n = 0; n < 5; n += 1) cache.get('a');
      };
      cache.put('a', 'A', { tags: ['t'], expiresAt: Date.now() + 120_000 });
      often();
      await w.advance('10s');
      expect(cache.lookup('a')).toEqual({
        status: 'fresh',
        value: 'A',
        age: 10_000,
        expiresAt: Date.now() + 110_000,
      });
      await w.advance('50s');
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'ttl', age: 60_000 });
      expect(cache.stats()).toMatchObject({ fresh: 6, stale: 1 });
      await w.advance('1m');
      expect(cache.lookup('a').status).toBe('unknown');
      cache.put('a', 'A', { tags: ['t'], ttl: '1s' });
      often();
      const gone = cache.invalidateTag('t');
      expect(cache.get('a')).toBeUndefined();
      await gone;
      cache.put('a', 'A');
      often();
      cache.revoke('a');
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'removed' });
      // Each with a term of its own, and more of them than have a number.
      for (let n = 0; n < 70_000; n += 1) cache.put(`many ${n}`, 'M', { ttl: 1000 + n });
      for (let n = 0; n < 5; n += 1) expect(cache.get('many 69999')).toBe('M');
      expect(cache.lookup('many 69999')).toMatchObject({ status: 'fresh' });
      await w.advance(1000 + 69_999);
      expect(cache.lookup('many 69999')).toMatchObject({ status: 'stale', because: 'ttl' });
    }),
  );
});
