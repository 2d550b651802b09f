import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Table } from '../../src/table/index.js';

const names = Array.from({ length: 10_000 }, (_, nth) => `${nth}`);
const never = Number.POSITIVE_INFINITY;

/** How often a sweep stopped to breathe, and whom it evicted. */
function sweep(table: Table<number>, now: number, wall: number) {
  const evicted: string[] = [];
  let breaths = 0;
  for (const out of table.due(now, wall)) {
    if (out === undefined) breaths += 1;
    else evicted.push(out.key);
  }
  return { evicted, breaths };
}

describe('what is due', () => {
  it('is what a plain list says, over many pages and whichever way the wall clock jumps', () => {
    const time = fc.integer({ min: 0, max: 1000 });
    const step = fc.record({
      now: time,
      wall: time,
      again: fc.nat({ max: 9999 }),
      age: time,
      end: fc.option(time),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), fc.array(step, { maxLength: 12 }), (spread, steps) => {
        const table = new Table<number>({ maxNegative: 0 });
        const plain = new Map<string, { readonly age: number; readonly end: number }>();
        const put = (key: string, age: number, end: number): void => {
          table.put(key, 0, { confirmedAt: 0, ttl: age, staleFor: 0, expiresAt: end });
          plain.set(key, { age, end });
        };
        for (const [nth, name] of names.entries())
          put(name, 200 + ((nth * spread) % 997), nth % 3 === 0 ? (nth * spread) % 991 : never);
        let now = 0;
        for (const s of steps) {
          now = Math.max(now, s.now);
          put(`${s.again}`, now + s.age, s.end ?? never);
          const expected = [...plain]
            .filter(([, { age, end }]) => age <= now || end <= s.wall)
            .map(([key]) => key);
          for (const key of expected) plain.delete(key);
          expect(sweep(table, now, s.wall).evicted.sort()).toEqual(expected.sort());
          expect(sweep(table, now, s.wall)).toEqual({ evicted: [], breaths: 0 });
        }
      }),
      { numRuns: 20 },
    );
  });

  it('costs nothing while nothing is: no entry is looked at', () => {
    const table = new Table<number>({ maxNegative: 0 });
    for (const name of names)
      table.put(name, 0, { confirmedAt: 0, ttl: 1000, staleFor: 1000, expiresAt: 5000 });
    expect(sweep(table, 1999, 4999)).toEqual({ evicted: [], breaths: 0 });
  });

  it('breathes after every page that had to be looked through', () => {
    const table = new Table<number>({ maxNegative: 0 });
    for (const name of names) table.put(name, 0, { confirmedAt: 0, ttl: 1000, staleFor: 0 });
    for (const name of names) table.put(name, 0, { confirmedAt: 500, ttl: 1000, staleFor: 0 });
    expect(sweep(table, 1000, 0)).toEqual({ evicted: [], breaths: 3 });
    expect(sweep(table, 1499, 0)).toEqual({ evicted: [], breaths: 0 });
  });
});
