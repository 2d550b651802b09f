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

  it('spares what was read, once', () => {
    const { table, evicted, put } = build(3);
    for (const key of ['a', 'b', 'c']) put(key);
    table.touch(table.slotOf('a'));
    put('d');
    expect(evicted).toEqual(['b capacity']);
    put('e');
    put('f');
    expect(evicted.slice(1).sort()).toEqual(['a capacity', 'c capacity']);
  });

  it('finds room though everything was read', () => {
    const { table, put } = build(3);
    for (const key of ['a', 'b', 'c']) put(key);
    for (const slot of table.slots()) table.touch(slot);
    put('d');
    expect(table.size).toBe(3);
    expect(table.slotOf('d')).toBeGreaterThanOrEqual(0);
  });

  it('a hand that spares everyone takes the next after a while, and no longer', () => {
    const many = 100_000;
    const { table, evicted, put } = build(many);
    for (let nth = 0; nth < many; nth += 1) put(`${nth}`);
    for (const slot of table.slots()) table.touch(slot);
    put('new');
    expect(evicted).toEqual([`${1 << 15} capacity`]);
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
});
