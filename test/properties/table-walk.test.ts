import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Table } from '../../src/table/index.js';

const entry = { confirmedAt: 0, ttl: 1000, staleFor: 1000 };
const keys = Array.from({ length: 8 }, (_, nth) => `k${nth}`);

const step = fc.oneof(
  fc.record({
    do: fc.constantFrom('put', 'put', 'put', 'evict', 'evict', 'bury', 'lift', 'shed'),
    key: fc.constantFrom(...keys),
  }),
  fc.record({ do: fc.constant('walk'), walk: fc.nat({ max: 2 }) }),
  fc.record({ do: fc.constant('walk'), walk: fc.nat({ max: 2 }) }),
);

describe('a walk over the table', () => {
  it('meets no key twice, and every key that was there all the while, whatever is written meanwhile', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom(...keys), { minLength: 4 }),
        fc.array(step, { maxLength: 60, size: 'max' }),
        (first, steps) => {
          const table = new Table<number>({ maxNegative: 0, track: true });
          for (const key of first) table.put(key, 0, entry);
          const walks = [0, 1, 2].map(() => ({
            walk: undefined as ReturnType<typeof table.walk> | undefined,
            met: [] as string[],
            stayed: new Set<string>(),
            over: false,
          }));
          const present = (): Set<string> => new Set([...table.slots()].map((slot) => table.keyAt(slot)));
          const go = (one: (typeof walks)[number]): void => {
            if (one.walk === undefined) {
              one.walk = table.walk();
              one.stayed = present();
            }
            const { done, value } = one.walk.next();
            if (done === true) one.over = true;
            else one.met.push(table.keyAt(value as number));
          };
          for (const s of steps) {
            if (s.do === 'walk') go(walks[s.walk]!);
            else {
              const slot = table.slotOf(s.key);
              if (s.do === 'put') table.put(s.key, 1, entry);
              else if (s.do === 'bury') table.bury(s.key, 'revoked', 0);
              else if (s.do === 'lift') table.liftTombstone(s.key);
              else if (s.do === 'shed') for (const _ of table.shed(Math.max(0, table.size - 1)));
              else if (slot >= 0) table.evict(slot, 'aged');
            }
            const here = present();
            for (const one of walks)
              if (!one.over) for (const key of one.stayed) if (!here.has(key)) one.stayed.delete(key);
          }
          for (const one of walks) {
            while (!one.over) go(one);
            expect(new Set(one.met).size, `twice in ${one.met}`).toBe(one.met.length);
            for (const key of one.stayed) expect(one.met).toContain(key);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
