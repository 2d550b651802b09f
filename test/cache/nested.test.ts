import { describe, expect, it } from 'vitest';
import { gate, scene } from './build.js';

describe('loads that ask for others', () => {
  it(
    'all places are held by loads that wait for one: a clear error at once, not a timeout',
    scene({}, async ({ w, boot }) => {
      const { cache } = await boot({
        load: { concurrency: 2 },
        source: async (key): Promise<string> => {
          if (key.length > 1) return key;
          await new Promise((resolve) => setTimeout(resolve, 10));
          return `<${await cache.fetch(`${key}${key}`)}>`;
        },
      });
      const settled = await Promise.allSettled([cache.fetch('a'), cache.fetch('b')]);
      expect(w.now).toBe(10);
      // The last one to ask is told; its place is what the other one needed.
      expect(settled).toMatchObject([
        { status: 'fulfilled', value: '<aa>' },
        {
          status: 'rejected',
          reason: {
            code: 'HOLDFAST_LOAD_DEADLOCK',
            message: expect.stringMatching(/"b" asks for key "bb".*all 2.*load\.concurrency/),
          },
        },
      ]);
      expect(cache.state.source).toBe('up');
    }),
  );

  it(
    'with a single place too, and for one who joins what waits in line',
    scene({}, async ({ boot }) => {
      const { cache } = await boot({
        load: { concurrency: 1 },
        source: async (key): Promise<string> => (key === 'a' ? `<${await cache.fetch('b')}>` : key),
      });
      await expect(cache.fetch('a')).rejects.toMatchObject({ code: 'HOLDFAST_LOAD_DEADLOCK' });
      const both = await Promise.allSettled([cache.fetch('a'), cache.fetch('b')]);
      expect(both).toMatchObject([{ reason: { code: 'HOLDFAST_LOAD_DEADLOCK' } }, { value: 'b' }]);
      expect(cache.stats().inFlight).toBe(0);
    }),
  );

  it(
    'while any load goes on by itself, the nested ones wait for its place',
    scene({}, async ({ w, boot }) => {
      const free = gate();
      const { cache } = await boot({
        load: { concurrency: 2, timeout: '1m' },
        source: async (key): Promise<string> => {
          if (key === 'free') await free.promise;
          return key === 'a' ? `<${await cache.fetch('b')}>` : key;
        },
      });
      const all = Promise.all([cache.fetch('free'), cache.fetch('a')]);
      await w.advance('1s');
      expect(cache.stats().inFlight).toBe(2);
      free.open();
      expect(await all).toEqual(['free', '<b>']);
    }),
  );
});
