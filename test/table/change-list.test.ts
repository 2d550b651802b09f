import { describe, expect, it } from 'vitest';
import { Table } from '../../src/table/index.js';

const entry = { confirmedAt: 0, ttl: 1000, staleFor: 1000 };

function build() {
  const table = new Table<string>({ maxNegative: 0, track: true });
  return {
    table,
    put: (key: string) => table.put(key, key, entry),
    drop: (key: string) => table.evict(table.slotOf(key), 'aged'),
    keys: (slots: readonly number[]) => slots.map((slot) => table.keyAt(slot)),
    /** Everything that waits, page by page. */
    drainAll: (most = 1000) => {
      const pages = [table.drain(most)];
      while (pages.at(-1)?.more) pages.push(table.drain(most));
      return pages;
    },
  };
}

describe('what changed', () => {
  it('is told once, and again when it changed again', () => {
    const { table, put, keys } = build();
    put('a');
    put('a');
    expect(keys(table.drain(10).slots)).toEqual(['a']);
    expect(table.drain(10)).toMatchObject({ slots: [], gone: [], tombstones: [], lifted: [], more: false });
    put('a');
    expect(keys(table.drain(10).slots)).toEqual(['a']);
    expect(table.pending).toBe(0);
  });

  it('what is left for the next page waits, whatever page of slots it is on', () => {
    const { put, drainAll } = build();
    for (let nth = 0; nth < 10_000; nth += 1) put(`${nth}`);
    const pages = drainAll(999);
    expect(pages.every(({ slots }) => slots.length <= 999)).toBe(true);
    expect(new Set(pages.flatMap(({ slots }) => slots)).size).toBe(10_000);
  });

  it('a page that was not written comes again', () => {
    const { table, put, keys } = build();
    put('a');
    table.bury('b', 'revoked', 7);
    const page = table.drain(10);
    table.redo(page);
    const again = table.drain(10);
    expect(keys(again.slots)).toEqual(['a']);
    expect(again.tombstones).toEqual(page.tombstones);
    expect(again.gone).toEqual(page.gone);
  });

  it('the last page comes again when nobody knows whether it was written', () => {
    const { table, put, keys } = build();
    put('a');
    table.drain(10);
    table.redo();
    expect(keys(table.drain(10).slots)).toEqual(['a']);
  });

  it('a page from before the table was emptied brings nothing back', () => {
    const { table, put } = build();
    put('a');
    const page = table.drain(10);
    table.clear();
    put('b');
    table.redo(page);
    const { slots, full } = table.drain(10);
    expect(slots.map((slot) => table.keyAt(slot))).toEqual(['b']);
    expect(full).toBe('both');
  });

  it('a full writing begins and ends, and tells what changes meanwhile behind it', () => {
    const { table, put, drainAll } = build();
    for (const key of ['a', 'b', 'c', 'd']) put(key);
    drainAll();
    table.markAllDirty();
    const first = table.drain(2);
    put('a');
    const rest = drainAll(2);
    expect([first, ...rest].map(({ full }) => full)).toEqual(['begin', 'end', undefined]);
    expect(first.asOf).toBe(4);
    expect(rest.at(-1)?.slots).toEqual([table.slotOf('a')]);
  });

  it('a full writing of which a page failed writes on from there', () => {
    const { table, put, drainAll, keys } = build();
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) put(key);
    drainAll();
    table.markAllDirty();
    expect(keys(table.drain(2).slots)).toEqual(['a', 'b']);
    const middle = table.drain(2);
    table.redo(middle);
    expect(keys(table.drain(2).slots)).toEqual(['c', 'd']);
    const end = table.drain(2);
    expect([keys(end.slots), end.full]).toEqual([['e', 'f'], 'end']);
    table.redo(end);
    const again = table.drain(2);
    expect([keys(again.slots), again.full]).toEqual([['e', 'f'], 'end']);
  });

  it('a full writing of which the beginning failed begins again', () => {
    const { table, put, drainAll } = build();
    for (const key of ['a', 'b', 'c']) put(key);
    drainAll();
    table.markAllDirty();
    table.redo(table.drain(2));
    expect(table.drain(2)).toMatchObject({ full: 'begin', slots: [0, 1] });
  });

  it('lifts nothing before a full writing has ended', () => {
    const { table, put, drop, drainAll } = build();
    const many = 140_000;
    for (let nth = 0; nth < many; nth += 1) put(`${nth}`);
    for (let nth = 1; nth < many - 1; nth += 1) drop(`${nth}`);
    drainAll();
    table.bury('0', 'revoked', 0);
    drainAll();
    table.liftTombstone('0');
    table.markAllDirty();
    const pages = drainAll();
    expect(pages.map(({ full, lifted }) => `${full} ${lifted.length}`)).toEqual([
      'begin 0',
      'undefined 0',
      'end 0',
      'undefined 1',
    ]);
  });

  it('writes all anew rather than remember removals that nobody takes', () => {
    const { table, put, drop } = build();
    put('kept');
    for (let nth = 0; nth < 70_000; nth += 1) {
      put('x');
      drop('x');
    }
    expect(table.pending).toBeLessThan(70_000);
    const page = table.drain(1);
    expect(page.full).toBe('begin');
  });

  it('a removal is told of keys that the table never held: the copy may hold them', () => {
    const { table } = build();
    table.bury('a', 'revoked', 0);
    expect(table.drain(10).gone).toEqual([{ key: 'a', seq: 1 }]);
  });

  it('a tombstone that nobody has taken yet survives the emptying of the table, and is lifted after it', () => {
    const { table, put, drainAll } = build();
    put('a');
    drainAll();
    table.bury('a', 'revoked', 0);
    table.clear();
    const pages = drainAll();
    expect(pages[0]?.tombstones).toMatchObject([{ key: 'a', kind: 'revoked' }]);
    expect(pages.map(({ full }) => full)).toEqual(['both', undefined]);
    expect(pages[1]?.lifted).toMatchObject([{ key: 'a' }]);
  });

  it('is kept only on request', () => {
    const table = new Table<string>({ maxNegative: 0 });
    expect(() => table.drain(1)).toThrow(/track/);
    expect(table.pending).toBe(0);
  });
});
