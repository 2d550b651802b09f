import { describe, expect, it } from 'vitest';
import { gate, scene } from './build.js';

describe('invalidateTag', () => {
  it(
    'forgets every entry with the tag and no other, and tells which',
    scene<string>({ options: { source: async () => undefined } }, async ({ boot }) => {
      const { cache, told } = await boot();
      cache.put('a', 'A', { tags: ['x'] });
      cache.put('b', 'B', { tags: ['x', 'y'] });
      cache.put('c', 'C', { tags: ['y'] });
      cache.put('d', 'D', { tags: ['x'] });
      cache.put('d', 'D');
      expect(await cache.invalidateTag('x')).toBe(2);
      expect([...cache.keys()].sort()).toEqual(['c', 'd']);
      expect(cache.lookup('a')).toMatchObject({ status: 'unknown' });
      expect(told('invalidated')).toMatchObject([{ keys: ['a', 'b'], because: 'invalidate' }]);
      expect(await cache.invalidateTag('nobody has it')).toBe(0);
      cache.put('a', 'again', { tags: ['x'] });
      expect(cache.get('a')).toBe('again');
      await expect(cache.invalidateTag(1 as never)).rejects.toThrow('A tag must be a string');
    }),
  );

  it(
    'a row that was read before it and comes after it is not stored, though nobody knew that it has the tag; who asked gets a later one',
    scene<string>({}, async ({ boot }) => {
      const slow = gate<{ key: string; value: string; tags: string[] }>();
      let loads = 0;
      const { cache } = await boot({
        source: {
          load: async (key: string) => {
            loads += 1;
            return loads === 1 ? slow.promise : { key, value: 'new', tags: ['x'] };
          },
        },
      });
      const reading = cache.fetch('a');
      await cache.invalidateTag('x');
      slow.open({ key: 'a', value: 'old', tags: ['x'] });
      expect(await reading).toBe('new');
      expect(cache.get('a')).toBe('new');
    }),
  );

  for (const when of ['before it starts', 'while the store opens', 'between two pages'] as const) {
    it(
      `is not undone by a snapshot that is read later: ${when}`,
      scene<string>({}, async ({ boot, define, store, w }) => {
        const source = async () => undefined;
        const first = await boot({ source, snapshot: { store } });
        for (const key of ['a', 'b', 'c', 'd']) {
          first.cache.put(key, key, { tags: key === 'b' ? ['y'] : ['x', 'z'] });
        }
        await first.stop();
        const opening = gate();
        const half = gate();
        const second = define({
          source,
          snapshot: {
            every: '1s',
            store: {
              ...store,
              open: async (request) => {
                await opening.promise;
                return store.open(request);
              },
              async *restore(request) {
                let pages = 0;
                for await (const page of store.restore({ ...request, page: 1 })) {
                  if (++pages === 3) await half.promise;
                  yield page;
                }
              },
            },
          },
        });
        if (when === 'before it starts') await second.cache.invalidateTag('x');
        const started = second.start();
        if (when === 'while the store opens') await second.cache.invalidateTag('x');
        opening.open();
        await w.advance(100);
        if (when === 'between two pages') await second.cache.invalidateTag('x');
        // What is put afterwards is not meant.
        second.cache.put('d', 'new', { tags: ['x'] });
        half.open();
        await started;
        expect([...second.cache.keys()].sort()).toEqual(['b', 'd']);
        expect(second.cache.get('d')).toBe('new');
        await w.advance('3s');
        second.kill();
        const third = await boot({ source, snapshot: { store } });
        expect([...third.cache.keys()].sort()).toEqual(['b', 'd']);
      }),
    );
  }

  it(
    'knows the tags of what a snapshot brought, and survives SIGKILL',
    scene<string>({}, async ({ boot, store, w }) => {
      const options = { source: async () => undefined, snapshot: { store, every: '1h' } } as const;
      const first = await boot(options);
      first.cache.put('a', 'A', { tags: ['x'] });
      first.cache.put('b', 'B', { tags: ['y'] });
      await first.stop();
      const second = await boot(options);
      expect(second.cache.get('a')).toBe('A');
      expect(await second.cache.invalidateTag('x')).toBe(1);
      await w.advance(100);
      second.kill();
      const third = await boot(options);
      expect([...third.cache.keys()]).toEqual(['b']);
    }),
  );

  it(
    'of very many entries none is found from the first moment on, while they leave in slices',
    scene<string>({ options: { source: async () => undefined } }, async ({ boot }) => {
      const { cache } = await boot();
      for (let nth = 0; nth < 2000; nth += 1) cache.put(`${nth}`, '', { tags: ['x'] });
      const clearing = cache.invalidateTag('x');
      expect(cache.get('1999')).toBeUndefined();
      expect(cache.has('1999')).toBe(false);
      expect([...cache.keys()]).toEqual([]);
      cache.put('1999', 'new', { tags: ['x'] });
      expect(await clearing).toBeGreaterThanOrEqual(1999);
      expect([...cache.entries()]).toEqual([['1999', 'new']]);
    }),
  );
});
