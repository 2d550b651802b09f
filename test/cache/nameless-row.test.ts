import { defineCache, type Row } from 'holdfast';
import { world } from 'holdfast/testing';
import { expect, it } from 'vitest';

/** As after a migration that renamed the column of the key: the query answers, and no row has a key. */
const nameless = { key: undefined, value: 'ada' } as unknown as Row<string>;

it.each([false, true])(
  'a row whose key cannot be told may be anyone: its pass removes nobody (authoritative: %s)',
  (authoritative) =>
    world({}, async (w) => {
      let rows: Row<string>[] = [{ key: 'a', value: 'ada' }];
      await using cache = defineCache<string>({
        name: 'users',
        authoritative,
        warm: { every: '10s' },
        source: {
          load: async () => undefined,
          async *scan() {
            yield { rows };
          },
        },
      });
      await cache.start();
      await cache.warmed();

      rows = [nameless];
      const report = await cache.warm();
      expect(report).toMatchObject({ removed: 0, quarantined: 1 });
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'ada' });
      expect(cache.lookup('never seen')).toMatchObject({ status: 'unknown' });

      rows = [];
      await cache.warm();
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'pass' });
      expect(w.uncaught).toEqual([]);
    }),
);
