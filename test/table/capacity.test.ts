import { describe, expect, it } from 'vitest';
import { type EvictionCause, Table } from '../../src/table/index.js';

const entry = { confirmedAt: 0, ttl: 1000, staleFor: 1000 };

function build(maxEntries: number, maxNegative = 10) {
  const evicted: string[] = [];
  const table = new Table<string>({
    maxEntries,
    maxNegative,
    onEvict: (key: string, because: EvictionCause) => evicted.push(`${key} ${because}`),
  });
  return { table, evicted, put: (key: string) => table.put(key, key, entry) };
}

describe('capacity', () => {
  it('makes room for a new entry and says for whom it was too narrow', () => {
    const { table, evicted, put } = build(2);
    for (const key of ['a', 'b', 'c']) put(key);
    expect(table.size).toBe(2);
    expect(evicted).toEqual(['a capacity']);
    expect(table.slotOf('c')).toBeGreaterThanOrEqual(0);
  });

  it('makes none for an entry that is there already', () => {
    const { evicted, put } = build(2);
    for (const key of ['a', 'b', 'a', 'b']) put(key);
    expect(evicted).toEqual([]);
  });

  it('spares what was read more than once while it was new, and then each reading once', () => {
    const { table, evicted, put } = build(3);
    for (const key of ['a', 'b', 'c']) put(key);
    for (const key of ['a', 'a', 'b']) table.touch(table.slotOf(key));
    put('d');
    expect(evicted).toEqual(['b capacity']);
    table.touch(table.slotOf('a'));
    for (const key of ['e', 'f', 'g', 'h']) put(key);
    expect(table.slotOf('a')).toBeGreaterThanOrEqual(0);
  });

  it('what comes back soon after it left stays longer than what is new', () => {
    const { table, put } = build(10);
    for (let nth = 0; nth < 12; nth += 1) put(`${nth}`);
    expect(table.slotOf('1')).toBe(-1);
    put('1');
    for (let nth = 20; nth < 40; nth += 1) put(`${nth}`);
    expect(table.slotOf('1')).toBeGreaterThanOrEqual(0);
    expect(table.slotOf('20')).toBe(-1);
  });

  it('finds room though everything was read', () => {
    const { table, put } = build(3);
    for (const key of ['a', 'b', 'c']) put(key);
    for (const slot of table.slots()) table.touch(slot);
    put('d');
    expect(table.size).toBe(3);
    expect(table.slotOf('d')).toBeGreaterThanOrEqual(0);
  });

  it('who is read all the time makes room all the same, after so many were passed over', () => {
    const many = 20_000;
    const { table, evicted, put } = build(many);
    for (let nth = 0; nth < many; nth += 1) put(`${nth}`);
    for (let times = 0; times < 3; times += 1) for (const slot of table.slots()) table.touch(slot);
    put('new');
    expect(evicted).toEqual([`${1 << 13} capacity`]);
  });

  it('denials never make room among entries, nor entries among denials', () => {
    const { table, evicted, put } = build(2, 2);
    put('a');
    put('b');
    for (const key of ['x', 'y', 'z']) {
      const lease = table.lease();
      table.deny(key, { at: 0, until: 100, because: 'source' }, lease);
      table.release(lease);
    }
    expect([table.size, table.negatives]).toEqual([2, 2]);
    expect(evicted).toEqual([]);
    expect(table.negativeOf('x')).toBeUndefined();
    put('c');
    expect([table.size, table.negatives]).toEqual([2, 2]);
  });

  it('a listener that throws leaves the table whole', () => {
    const table = new Table<string>({
      maxEntries: 1,
      maxNegative: 0,
      onEvict: () => {
        throw new Error('listener');
      },
    });
    table.put('a', 'a', entry);
    expect(() => table.put('b', 'b', entry)).toThrow('listener');
    expect([...table.slots()].map((slot) => table.keyAt(slot))).toEqual(['b']);
    expect(table.size).toBe(1);
  });

  it('a full table takes no restored entry', () => {
    const { table, put } = build(1);
    put('a');
    expect(table.restore({ key: 'b', value: 'b', seq: 0, ...entry })).toBe('full');
    expect(table.slotOf('b')).toBe(-1);
  });

  it('an entry of the same key needs no room, and its place goes to no other', () => {
    const { table, evicted, put } = build(3);
    for (const key of ['a', 'b', 'c', 'a', 'b', 'c']) put(key);
    expect([table.size, evicted]).toEqual([3, []]);
  });
});

describe('weight', () => {
  const heavy = (maxWeight: number, maxEntries?: number) => {
    const evicted: string[] = [];
    const table = new Table<string>({
      maxWeight,
      maxEntries,
      maxNegative: 0,
      onEvict: (key, because) => evicted.push(`${key} ${because}`),
    });
    const put = (key: string, weight?: number) => table.put(key, key, { ...entry, weight });
    return { table, evicted, put };
  };

  it('makes as much room as the new entry needs', () => {
    const { table, evicted, put } = heavy(10);
    for (const key of ['a', 'b', 'c']) put(key, 3);
    put('d', 5);
    expect(evicted).toEqual(['a capacity', 'b capacity']);
    expect([table.weight, table.size]).toEqual([8, 2]);
  });

  it('is 1 where nothing is said, and both bounds hold at once', () => {
    const { table, put } = heavy(10, 3);
    for (const key of ['a', 'b', 'c', 'd']) put(key);
    expect([table.weight, table.size]).toEqual([3, 3]);
  });

  it('an entry heavier than all the room pushes nobody out: it leaves at once, and so does what was held of its key', () => {
    const { table, evicted, put } = heavy(10);
    for (const key of ['a', 'b']) put(key, 3);
    put('a', 11);
    put('x', 11);
    expect(evicted).toEqual(['a capacity', 'x capacity']);
    expect([table.slotOf('a'), table.slotOf('x'), table.weight]).toEqual([-1, -1, 3]);
  });

  it('a late answer does not bring back what there was no room for', () => {
    const { table, put } = heavy(10);
    const slow = table.lease();
    put('x', 11);
    expect(table.confirm('x', 'old', entry, slow)).toBe('lease');
  });

  it('an entry that grows makes others go, never itself', () => {
    const { table, evicted, put } = heavy(10);
    for (const key of ['a', 'b', 'c']) put(key, 3);
    put('a', 8);
    expect(evicted).toEqual(['b capacity', 'c capacity']);
    expect(table.valueAt(table.slotOf('a'))).toBe('a');
    expect(table.weight).toBe(8);
  });

  it('an entry that shrinks gives room back; one that leaves gives all of it back', () => {
    const { table, put } = heavy(10);
    put('a', 9);
    put('a', 0.25);
    expect(table.weight).toBe(0.25);
    table.bury('a', 'revoked', 0);
    expect(table.weight).toBe(0);
  });

  it('one that needs the room of very many pushes out so many at once, stands above the bound alone, and the sweep pays', () => {
    const { table, put } = heavy(10_000);
    for (let nth = 0; nth < 10_000; nth += 1) put(`${nth}`);
    put('x', 9000);
    expect(table.size).toBe(10_000 - (1 << 12) + 1);
    expect(table.slotOf('x')).toBeGreaterThanOrEqual(0);
    const before = table.weight;
    put('y', 10);
    expect(table.slotOf('y')).toBeGreaterThanOrEqual(0);
    expect(table.weight).toBeLessThan(before);
    put('z', 9000);
    expect(table.weight).toBeLessThanOrEqual(10_000 + 9000);
    for (const _ of table.due(0, 0));
    expect(table.weight).toBeLessThanOrEqual(10_000);
  });

  it('a full table takes no restored entry that is too heavy for what is left', () => {
    const { table, put } = heavy(10);
    put('a', 8);
    expect(table.restore({ key: 'b', value: 'b', seq: 0, ...entry, weight: 3 })).toBe('full');
    expect(table.restore({ key: 'c', value: 'c', seq: 0, ...entry, weight: 2 })).toBe('stored');
    expect(table.weight).toBe(10);
  });
});

describe('shedding', () => {
  it.each([undefined, 100])(
    'stops at the size asked for (bound %s), and spares what was read',
    (maxEntries) => {
      const evicted: string[] = [];
      const table = new Table<string>({ maxEntries, maxNegative: 0, onEvict: (key) => evicted.push(key) });
      for (let nth = 0; nth < 100; nth += 1) table.put(`${nth}`, '', entry);
      for (const key of ['0', '50', '99'])
        for (let times = 0; times < 3; times += 1) table.touch(table.slotOf(key));
      for (const _ of table.shed(3));
      expect(table.size).toBe(3);
      expect([...table.slots()].map((slot) => table.keyAt(slot))).toEqual(['0', '50', '99']);
      for (const _ of table.shed(0));
      expect([table.size, evicted.length]).toEqual([0, 100]);
    },
  );

  it('breathes while it finds nobody to take', () => {
    const table = new Table<number>({ maxNegative: 0 });
    for (let nth = 0; nth < 10_000; nth += 1) table.put(`${nth}`, nth, entry);
    for (const slot of table.slots()) table.touch(slot);
    expect(table.shed(9_999).next().value).toBeUndefined();
  });
});
