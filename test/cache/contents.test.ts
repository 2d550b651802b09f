import { describe, expect, it } from 'vitest';
import { scene } from './build.js';

const alone = { source: async () => undefined } as const;

describe('what is in memory', () => {
  it(
    'is listed by key, by entry and by question, each with what is known of it',
    scene<string>({ options: { ...alone, ttl: '1m', staleFor: '1m' } }, async ({ boot, w }) => {
      const { cache } = await boot();
      cache.put('a', 'A', { tags: ['x'], version: 3, weight: 2 });
      await w.advance('90s');
      cache.put('b', 'B');
      expect([...cache.keys()].sort()).toEqual(['a', 'b']);
      expect(Object.fromEntries(cache.entries())).toEqual({ a: 'A', b: 'B' });
      const all = [...cache.query()].sort((a, b) => a.key.localeCompare(b.key));
      expect(all).toEqual([
        {
          key: 'a',
          value: 'A',
          status: 'stale',
          because: 'ttl',
          age: 90_000,
          tags: ['x'],
          version: 3,
          weight: 2,
        },
        { key: 'b', value: 'B', status: 'fresh', age: 0 },
      ]);
    }),
  );

  it(
    'leaves out what may not be served, whether or not it was swept',
    scene<string>(
      { options: { ...alone, ttl: '10s', staleFor: '10s', sweep: { every: '1h' } } },
      async ({ boot, w }) => {
        const { cache } = await boot();
        cache.put('expired', '', { expiresAt: Date.now() + 5_000, ttl: '1h' });
        cache.put('aged', '');
        cache.put('gone', '', { ttl: '1h' });
        cache.put('there', '', { ttl: '1h' });
        cache.revoke('gone');
        await cache.read('denied');
        await w.advance('30s');
        expect(cache.size).toBe(3);
        for (const list of [cache.keys(), cache.query({ select: ({ key }) => key })])
          expect([...list]).toEqual(['there']);
        expect([...cache.entries()]).toEqual([['there', '']]);
      },
    ),
  );

  it(
    'is asked lazily: no more entries are looked at than are answered with',
    scene<string>({ options: alone }, async ({ boot }) => {
      const { cache } = await boot();
      for (let nth = 0; nth < 100; nth += 1) cache.put(`${nth}`, `${nth % 10}`);
      let looked = 0;
      const sevens = cache.query({
        where: ({ value }) => {
          looked += 1;
          return value === '7';
        },
        select: ({ key }) => Number(key),
        limit: 3,
      });
      expect(looked).toBe(0);
      expect([...sevens]).toEqual([7, 17, 27]);
      expect(looked).toBe(28);
      expect([...sevens]).toEqual([7, 17, 27]);
      expect([...cache.query({ limit: 0 })]).toEqual([]);
    }),
  );

  it(
    'can be asked in slices: others have their turn',
    scene<string>({ options: alone }, async ({ boot, w }) => {
      const { cache } = await boot();
      for (let nth = 0; nth < 1000; nth += 1) cache.put(`${nth}`, '');
      const found: string[] = [];
      for await (const key of cache.query({ select: ({ key }) => key })) found.push(key);
      expect(new Set(found).size).toBe(1000);
      await w.settle();
    }),
  );

  it(
    'is walked through though it is replaced on the way, and shows the new',
    scene<string>({ options: alone }, async ({ boot, w }) => {
      const { cache, crash } = await boot();
      for (const key of ['a', 'b', 'c', 'd']) cache.put(key, 'old');
      const walk = cache.entries();
      const first = walk.next().value as [string, string];
      for (let times = 0; times < 2; times += 1) {
        crash('cache');
        await w.settle();
      }
      expect(cache.stats().rebuilds).toBe(1);
      cache.put('c', 'new');
      cache.revoke('d');
      const rest = [...walk];
      expect(Object.fromEntries([first, ...rest])).toEqual({ a: 'old', b: 'old', c: 'new' });
    }),
  );

  it(
    'shows digests where keys are secret',
    scene<string>({ options: { ...alone, secretKeys: true } }, async ({ boot }) => {
      const { cache } = await boot();
      cache.put('token', 'A');
      expect([...cache.keys()]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    }),
  );

  it(
    'an option that is not known is told',
    scene<string>({ options: alone }, async ({ boot }) => {
      const { cache } = await boot();
      expect(() => cache.query({ wehre: () => true } as never)).toThrow('Option "wehre" is not known');
      expect(() => cache.query({ limit: -1 })).toThrow('Option "limit" must be a whole number');
    }),
  );
});

describe('prune', () => {
  it(
    'keeps what is used most, counts as an eviction, and proves nothing absent',
    scene<string>(
      { rows: { a: 'A', b: 'B', c: 'C' }, options: { authoritative: true } },
      async ({ boot, w }) => {
        const { cache, told } = await boot();
        await cache.warmed();
        expect(cache.lookup('nobody')).toMatchObject({ status: 'absent' });
        for (let times = 0; times < 3; times += 1) cache.get('b');
        expect(await cache.prune(1)).toBe(2);
        expect([...cache.keys()]).toEqual(['b']);
        expect(cache.lookup('nobody')).toMatchObject({ status: 'unknown' });
        expect(cache.lookup('a')).toMatchObject({ status: 'unknown' });
        await w.settle();
        expect(told('evicted')).toMatchObject([{ count: 2, because: 'capacity' }]);
        expect(await cache.prune(5)).toBe(0);
        await expect(cache.prune(1.5)).rejects.toThrow('a whole number');
      },
    ),
  );
});
