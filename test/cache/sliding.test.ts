import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jittered } from '../../actors/cache/jitter.js';
import { slidingTerms } from '../../actors/cache/sliding.js';
import { restarted } from '../../actors/cache/terms.js';
import { scene } from './build.js';

const calm = { sweep: { every: '1h' }, warm: { every: '1d', backoff: { jitter: false } } } as const;

describe('sliding', () => {
  it.each(['lookup', 'get', 'read', 'fetch', 'getMany'] as const)(
    '%s of a fresh entry keeps it fresh, up to ttl + staleFor after its confirmation, and no longer',
    (how) =>
      scene({ rows: { a: 'A', idle: 'I' }, has: ['scan'] }, async ({ boot, w }) => {
        const { cache } = await boot({ ...calm, ttl: '10s', staleFor: '25s', sliding: true });
        await cache.warmed();
        const read = async () => (how === 'getMany' ? cache.getMany(['a']) : await cache[how]('a'));
        for (let time = 0; time < 3; time++) {
          await w.advance('9s');
          await read();
        }
        expect(cache.ttl('a')).toBe(8000);
        expect(cache.ttl('idle')).toBe(0);
        await w.advance(7999);
        expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A' });
        await w.advance(1);
        expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
      })(),
  );

  it(
    'for a duration: kept fresh that long after its confirmation, and served no longer; never past its own expiresAt',
    scene({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot({ ...calm, ttl: '10s', staleFor: '1s', sliding: '1m' });
      cache.put('a', 'A');
      cache.put('own', 'O', { expiresAt: Date.now() + 15_000 });
      cache.put('still', 'S', { sliding: false, ttl: '10s', staleFor: '1h' });
      cache.put('short', 'X', { sliding: '5s' });
      for (let time = 1; time <= 6; time++) {
        await w.advance('9s');
        for (const key of ['a', 'own', 'still', 'short']) cache.get(key);
      }
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh' });
      expect(cache.lookup('still')).toMatchObject({ status: 'stale', age: 54_000 });
      expect([cache.has('own'), cache.has('short')]).toEqual([false, false]);
      await w.advance('6s');
      expect(cache.has('a')).toBe(false);
    }),
  );

  it(
    'what is stale is not made fresh by a read, nor is it by update or incr',
    scene<number>({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot({ ...calm, ttl: '10s', sliding: true });
      cache.put('a', 1);
      await w.advance('10s');
      cache.get('a');
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', age: 10_000 });
      cache.put('b', 1);
      await w.advance('9s');
      cache.incr('b');
      cache.update('b', (held) => held + 1);
      await w.advance('1s');
      expect(cache.lookup('b')).toMatchObject({ status: 'stale', value: 3 });
    }),
  );

  it(
    'one entry may slide in a cache whose others do not',
    scene({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot({ ...calm, ttl: '10s' });
      cache.put('a', 'A', { sliding: true });
      cache.put('b', 'B');
      await w.advance('9s');
      expect([...cache.getMany(['a', 'b']).keys()]).toEqual(['a', 'b']);
      await w.advance('9s');
      expect([cache.lookup('a').status, cache.lookup('b').status]).toEqual(['fresh', 'stale']);
      expect(cache.stats()).toMatchObject({ fresh: 3, stale: 1 });
    }),
  );

  it(
    'is no word of the source: a pass that began before confirms what was read meanwhile',
    scene({ rows: { a: 'A' }, has: ['scan'], latency: 5000 }, async ({ boot, w, db }) => {
      const { cache } = await boot({ ...calm, ttl: '10s', sliding: true, load: { timeout: '30s' } });
      await cache.warmed();
      await w.advance('4s');
      db.write('a', 'A2');
      const pass = cache.warm();
      for (let time = 0; time < 5; time++) {
        await w.advance('1s');
        cache.get('a');
      }
      await pass;
      expect(cache.get('a')).toBe('A2');
    }),
  );

  it.each([-1, 'often', 1.5, null])('%s is an error by name', (sliding) =>
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      expect(() => cache.put('a', 'A', { sliding } as never)).toThrow(
        /"sliding" must be true, false or a dur/,
      );
      await expect(boot({ sliding } as never)).rejects.toThrow(/"sliding"/);
    })(),
  );

  it('the pure part: the end of an entry never moves, whatever is restarted when', () => {
    const ms = fc.nat(10_000);
    fc.assert(
      fc.property(ms, ms, ms, fc.array(ms), (ttl, staleFor, confirmedAt, spans) => {
        let terms = { ttl, staleFor, confirmedAt };
        const end = confirmedAt + ttl + staleFor;
        let now = confirmedAt;
        for (const span of spans) {
          now += span;
          if (now >= end) break;
          terms = restarted(terms, now);
          expect(terms.confirmedAt).toBe(now);
          expect(terms.confirmedAt + terms.ttl + terms.staleFor).toBe(end);
          expect(terms.ttl).toBeLessThanOrEqual(ttl);
        }
        expect(slidingTerms({ ttl, staleFor }, true)).toEqual({ ttl, staleFor });
        const capped = slidingTerms({ ttl, staleFor }, 500);
        expect(capped.ttl + capped.staleFor).toBe(500);
      }),
    );
  });
});

describe('jitter', () => {
  it('the pure part: within its share of the ttl, never longer, in few different steps', () => {
    const share = fc.double({ min: 0, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        share,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (ttl, jitter, drawn) => {
          const given = jittered(ttl, jitter, drawn);
          expect(given).toBeLessThanOrEqual(ttl);
          expect(given).toBeGreaterThanOrEqual(Math.floor(ttl * (1 - jitter)));
          expect(Number.isInteger(given)).toBe(true);
        },
      ),
    );
    const drawn = Array.from({ length: 5000 }, (_, at) => jittered(600_000, 0.3, at / 5000));
    expect(new Set(drawn).size).toBe(64);
  });

  const rows = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`k${at}`, 'v']));
  const spread = async (jitter: number | undefined, seed: number): Promise<readonly number[]> => {
    const ttls: number[] = [];
    await scene({ rows, has: ['scan'], seed }, async ({ boot }) => {
      const { cache } = await boot({ ...calm, ttl: '100s', ...(jitter !== undefined && { jitter }) });
      await cache.warmed();
      for (const key of Object.keys(rows)) ttls.push(cache.ttl(key) ?? Number.NaN);
    })();
    return ttls;
  };

  it('what was warmed together does not go stale together; the same for one seed; off by default', async () => {
    expect(new Set(await spread(undefined, 1))).toEqual(new Set([100_000]));
    const ttls = await spread(0.2, 1);
    expect(Math.min(...ttls)).toBeGreaterThan(80_000);
    expect(Math.max(...ttls)).toBeLessThanOrEqual(100_000);
    expect(new Set(ttls).size).toBeGreaterThan(50);
    expect(await spread(0.2, 1)).toEqual(ttls);
    expect(await spread(0.2, 2)).not.toEqual(ttls);
  });

  it(
    'what is put together, too; an entry’s own ttl is kept as it is given',
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot({ ...calm, ttl: '100s', jitter: 0.5 });
      const keys = Object.keys(rows);
      cache.putMany(keys.map((key) => [key, 'v']));
      expect(new Set(keys.map((key) => cache.ttl(key))).size).toBeGreaterThan(30);
      cache.putMany(
        keys.map((key) => [key, 'v']),
        { ttl: '7s' },
      );
      expect(new Set(keys.map((key) => cache.ttl(key)))).toEqual(new Set([7000]));
    }),
  );

  it.each([1, -0.1, Number.NaN, '10%', true])('%s is an error by name', (jitter) =>
    scene({ has: [] }, async ({ boot }) => {
      await expect(boot({ jitter } as never)).rejects.toThrow(/"jitter" must be a share: 0 or more/);
    })(),
  );
});
