import { describe, expect, it } from 'vitest';
import { scene } from './build.js';

const byLength = { weigh: (value: string) => value.length } as const;

describe('what there is room for', () => {
  it(
    'is measured by `weigh`, unless the entry says otherwise',
    scene({ options: { ...byLength, maxWeight: 10 } }, async ({ boot }) => {
      const { cache } = await boot();
      cache.put('a', 'xxxx');
      cache.put('b', 'xxxx', { weight: 1 });
      expect(cache.stats()).toMatchObject({ size: 2, weight: 5 });
      cache.put('c', 'xxxxxx');
      expect(cache.stats()).toMatchObject({ size: 2, weight: 7, evictedCapacity: 1 });
      expect(cache.has('a')).toBe(false);
    }),
  );

  it(
    'what is heavier than all of it is answered and not kept, and told as an eviction',
    scene(
      { rows: { big: 'x'.repeat(11), a: 'A' }, options: { ...byLength, maxWeight: 10 } },
      async ({ boot, w }) => {
        const { cache, told } = await boot();
        await cache.warmed();
        expect(cache.has('a')).toBe(true);
        expect(await cache.fetch('big')).toBe('x'.repeat(11));
        expect(cache.has('big')).toBe(false);
        expect(cache.stats()).toMatchObject({ size: 1, weight: 1, evictedCapacity: 2 });
        await w.settle();
        expect(told('evicted')).toMatchObject([
          { count: 1, because: 'capacity' },
          { count: 1, because: 'capacity' },
        ]);
      },
    ),
  );

  it(
    'an entry that weighs too much proves nothing to be absent',
    scene(
      { rows: { a: 'A' }, options: { ...byLength, maxWeight: 10, authoritative: true, negativeTtl: 0 } },
      async ({ boot, db }) => {
        const { cache } = await boot();
        await cache.warmed();
        expect(cache.lookup('nobody')).toMatchObject({ status: 'absent' });
        cache.put('a', 'x'.repeat(11));
        expect(cache.lookup('a')).toMatchObject({ status: 'unknown' });
        expect(cache.lookup('nobody')).toMatchObject({ status: 'unknown' });
        expect(db).toBeDefined();
      },
    ),
  );

  it.each([
    [
      'throws',
      () => {
        throw new Error('weigh');
      },
    ],
    ['answers with what is no weight', () => Number.NaN],
    ['answers with less than nothing', () => -1],
  ])('a `weigh` that %s is reported, and the entry weighs 1', (_, weigh) =>
    scene({ options: { weigh: weigh as () => number, maxWeight: 10 } }, async ({ boot }) => {
      const { cache, told } = await boot();
      cache.put('a', 'A');
      expect(cache.stats()).toMatchObject({ size: 1, weight: 1 });
      expect(told('hook.failed')).toMatchObject([{ hook: 'weigh' }]);
    })(),
  );

  it(
    'holds for what a snapshot brings, and an entry keeps the weight that was given with it',
    scene({}, async ({ boot, store }) => {
      const first = await boot({ source: async () => undefined, snapshot: { store } });
      for (const key of ['a', 'b', 'c', 'd']) first.cache.put(key, key, { weight: 4 });
      await first.stop();
      const second = await boot({ source: async () => undefined, snapshot: { store }, maxWeight: 10 });
      expect(second.cache.stats()).toMatchObject({ size: 2, weight: 8 });
      expect(second.told('snapshot.restored')).toMatchObject([{ entries: 2, dropped: 2 }]);
    }),
  );

  it(
    'holds through a rebuild',
    scene({ options: { ...byLength, maxEntries: 3, maxWeight: 10 } }, async ({ boot, w }) => {
      const { cache, crash } = await boot();
      await cache.warmed();
      for (const key of ['a', 'b', 'c']) cache.put(key, 'xx', { weight: 3 });
      for (let times = 0; times < 2; times += 1) {
        crash('cache');
        await w.settle();
      }
      expect(cache.stats()).toMatchObject({ size: 3, weight: 9, rebuilds: 1 });
      cache.put('d', 'xx');
      expect(cache.stats()).toMatchObject({ size: 3, evictedCapacity: 1 });
    }),
  );

  it(
    'remembered absences take none of it',
    scene({ options: { ...byLength, maxWeight: 2 } }, async ({ boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      cache.put('a', 'AA');
      for (let nth = 0; nth < 100; nth += 1) await cache.read(`stranger ${nth}`);
      expect(cache.stats()).toMatchObject({ size: 1, negatives: 100, evictedCapacity: 0 });
    }),
  );
});

describe('who left is told, and why', () => {
  it(
    'each reason by its name, those of one stretch together',
    scene({ options: { maxEntries: 3, ttl: '1m', staleFor: '1m' } }, async ({ boot, w }) => {
      const { cache } = await boot({ source: async () => undefined });
      const left: unknown[] = [];
      cache.bus.subscribe('left', ({ keys, because }) => left.push([because, ...keys]));
      const heard = async (act: () => unknown): Promise<unknown[]> => {
        act();
        await w.settle();
        return left.splice(0);
      };
      await heard(() => ['a', 'b', 'c'].map((key) => cache.put(key, key)));
      expect(await heard(() => ['d', 'e'].map((key) => cache.put(key, key)))).toEqual([
        ['evicted', 'a', 'b'],
      ]);
      expect(await heard(() => cache.put('c', 'C'))).toEqual([['replaced', 'c']]);
      expect(await heard(() => cache.invalidate(['c', 'nobody']))).toEqual([['invalidated', 'c']]);
      expect(await heard(() => cache.revoke('d'))).toEqual([['revoked', 'd']]);
      await w.advance('3m');
      expect(left).toEqual([['expired', 'e']]);
    }),
  );

  it(
    'nothing is gathered for who listens to everything, nor for nobody',
    scene({ options: { maxEntries: 1 } }, async ({ boot, w }) => {
      const { cache, told } = await boot();
      for (const key of ['a', 'b', 'b']) cache.put(key, key);
      await w.settle();
      expect(told('left')).toEqual([]);
      expect(told('evicted')).toMatchObject([{ count: 1, because: 'capacity' }]);
    }),
  );
});
