import { describe, expect, it } from 'vitest';
import { Table } from '../../src/table/index.js';
import { ownTerm, Terms } from '../../src/table/terms.js';

describe('terms', () => {
  it('share a number while someone uses it, and give it back afterwards', () => {
    const terms = new Terms();
    const first = terms.use(1000, 2000);
    expect(terms.use(1000, 2000)).toBe(first);
    const other = terms.use(1000, Number.POSITIVE_INFINITY);
    expect(other).not.toBe(first);
    terms.release(first);
    expect(terms.use(1000, 2000)).toBe(first);
    terms.release(first);
    terms.release(first);
    const next = terms.use(5, 6);
    expect(next).toBe(first);
    expect([terms.ttls[next], terms.staleFors[next]]).toEqual([5, 6]);
    expect([terms.ttls[other], terms.staleFors[other]]).toEqual([1000, Number.POSITIVE_INFINITY]);
  });

  it('do not pile up when every entry has one of its own', () => {
    const terms = new Terms();
    for (let ttl = 0; ttl < 200_000; ttl += 1) terms.release(terms.use(ttl, 0));
    expect(terms.ttls.length).toBeLessThan(10);
  });

  it('beyond those that have a number, entries carry theirs themselves', () => {
    const table = new Table<number>({ maxNegative: 0 });
    const count = ownTerm + 100;
    for (let nth = 0; nth < count; nth += 1) {
      table.put(`${nth}`, nth, { confirmedAt: 0, ttl: nth, staleFor: nth + 1 });
    }
    for (const nth of [0, 1, ownTerm - 1, ownTerm, ownTerm + 1, count - 1]) {
      const slot = table.slotOf(`${nth}`);
      expect([table.ttlOf(slot), table.staleForOf(slot)]).toEqual([nth, nth + 1]);
    }
    const last = count - 1;
    table.put(`${last}`, 0, { confirmedAt: 0, ttl: 1, staleFor: 2 });
    expect(table.ttlOf(table.slotOf(`${last}`))).toBe(1);
    expect([...table.due(2 * last + 10, 0)].filter(Boolean)).toHaveLength(count);
    expect(table.size).toBe(0);
  });
});
