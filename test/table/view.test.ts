import { beforeEach, describe, expect, it } from 'vitest';
import { Table } from '../../src/table/index.js';

const ttl = 1000;
const at = { age: 100, wall: 5000 };

describe('an entry that was read so often that its reads are not counted any more', () => {
  let table: Table<string>;
  let tally: { fresh: number; stale: number };
  const glance = (clocks = at, notBefore = 0) => table.glance('a', clocks, notBefore, tally);
  const freshAt = (clocks = at, notBefore = 0) => table.freshAt(table.recordOf('a'), clocks, notBefore);

  beforeEach(() => {
    table = new Table({ maxNegative: 10 });
    table.put('a', 'A', { confirmedAt: 100, ttl, staleFor: 500, expiresAt: 9000, tags: ['t'] });
    tally = { fresh: 0, stale: 0 };
    for (let n = 0; n < 5; n += 1) glance();
    expect(tally).toEqual({ fresh: 5, stale: 0 });
    tally.fresh = 0;
  });

  it('is fresh within its times, and told with its age', () => {
    const late = { age: 1099, wall: 8999 };
    expect(glance(late)).toBe('A');
    expect(tally).toEqual({ fresh: 1, stale: 0 });
    expect(freshAt(late)).toEqual({ status: 'fresh', value: 'A', age: 999, expiresAt: 9000 });
    // A coarse clock may lie a little before the confirmation.
    expect(freshAt({ age: 99.5, wall: 5000 })).toMatchObject({ age: 0 });
    table.put('a', 'B', { confirmedAt: 100, ttl, staleFor: 500 });
    for (let n = 0; n < 5; n += 1) glance();
    expect(freshAt()).toEqual({ status: 'fresh', value: 'B', age: 0 });
    expect('expiresAt' in (freshAt() ?? {})).toBe(false);
  });

  it.each([
    ['past its ttl', { age: 1100, wall: 5000 }, 0],
    ['confirmed before what came in doubt', at, 101],
  ])('is stale %s', (_, clocks, notBefore) => {
    expect(freshAt(clocks, notBefore)).toBeUndefined();
    expect(glance(clocks, notBefore)).toBe('A');
    expect(tally).toEqual({ fresh: 0, stale: 1 });
  });

  it('is stale with a flag of doubt, and not with one of the others', () => {
    for (const [flags, told] of [
      [1, { fresh: 0, stale: 1 }],
      [2, { fresh: 0, stale: 1 }],
      [4 | 8 | 16, { fresh: 1, stale: 0 }],
    ] as const) {
      tally = { fresh: 0, stale: 0 };
      table.setFlags(table.slotOf('a'), flags);
      expect(glance()).toBe('A');
      expect(tally).toEqual(told);
      expect(freshAt() === undefined).toBe(told.stale === 1);
    }
  });

  it.each([
    ['past its own end', () => {}, { age: 100, wall: 9000 }],
    ['past all its time', () => {}, { age: 1600, wall: 5000 }],
    ['once its tag was invalidated, though it is still there', () => void table.markTag('t', 0), at],
    ['once it was buried', () => table.bury('a', 'revoked', 0), at],
  ])('is not there %s', (_, happens, clocks) => {
    happens();
    expect(freshAt(clocks)).toBeUndefined();
    expect(glance(clocks)).toBeUndefined();
    expect(tally).toEqual({ fresh: 0, stale: 0 });
  });

  it('is not fresh without a ttl, though the clock was read before it was confirmed', () => {
    const before = { age: 95, wall: 5000 };
    table.put('a', 'A', { confirmedAt: 100, ttl: 0, staleFor: 500 });
    for (let n = 1; n <= 5; n += 1) {
      expect(freshAt(before)).toBeUndefined();
      expect(glance(before)).toBe('A');
      expect(tally).toEqual({ fresh: 0, stale: n });
    }
    table.put('a', 'A', { confirmedAt: 100, ttl: 0, staleFor: 0 });
    expect(glance(before)).toBeUndefined();
  });

  it('is as old as the confirmation of all', () => {
    table.affirm(900, 0);
    expect(glance({ age: 1500, wall: 5000 })).toBe('A');
    expect(tally).toEqual({ fresh: 1, stale: 0 });
    expect(freshAt({ age: 1000, wall: 5000 })).toBeUndefined();
  });
});
