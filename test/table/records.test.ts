import { describe, expect, it } from 'vitest';
import { Records } from '../../src/table/records.js';

const build = () => {
  const records = new Records<number>();
  return { records, slot: records.slots.add('a') };
};

describe('records', () => {
  it('an entry written anew gives its old term back', () => {
    const { records, slot } = build();
    for (let ttl = 0; ttl < 1000; ttl += 1)
      records.writeEntry(slot, 1, { confirmedAt: 0, ttl, staleFor: 0 }, ttl);
    expect(records.slots.term(slot)).toBeLessThan(3);
    expect(records.entries).toBe(1);
    expect(records.ttl(slot)).toBe(999);
  });

  it('knows a mutation by its number, however many there were', () => {
    const { records, slot } = build();
    for (const seq of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 3 * 2 ** 40 + 7, 2 ** 48 - 1]) {
      records.slots.setSeq(slot, seq);
      expect(records.slots.seq(slot)).toBe(seq);
    }
  });

  it('the largest term, all flags and all bits live side by side', () => {
    const { records, slot } = build();
    records.writeEntry(slot, 1, { confirmedAt: 0, ttl: 1, staleFor: 1, flags: 0xff }, 1);
    records.slots.setTerm(slot, 0xffff);
    records.slots.visit(slot);
    expect([records.slots.term(slot), records.slots.flags(slot), records.slots.kind(slot)]).toEqual([
      0xffff, 0xff, 1,
    ]);
    records.slots.setFlags(slot, 0x100);
    expect([records.slots.term(slot), records.slots.flags(slot)]).toEqual([0xffff, 0]);
  });

  it('a slot that was freed holds nothing of what it held', () => {
    const { records, slot } = build();
    records.writeEntry(
      slot,
      1,
      { confirmedAt: 0, ttl: 1, staleFor: 1, version: 5, weight: 6, tags: ['t'], flags: 7 },
      1,
    );
    records.endEntry(slot);
    records.slots.free(slot);
    expect(records.slots.find('a')).toBe(-1);
    expect(records.slots.add('b')).toBe(slot);
    records.writeEntry(slot, 2, { confirmedAt: 0, ttl: 1, staleFor: 1 }, 2);
    const page = records.slots.page(slot);
    expect([page.version?.[slot], page.weight?.[slot], page.tags?.[slot], records.slots.flags(slot)]).toEqual(
      [Number.NaN, Number.NaN, undefined, 0],
    );
  });

  it('slots are used again before new ones are made', () => {
    const { records } = build();
    for (let nth = 0; nth < 10_000; nth += 1) {
      const slot = records.slots.add(`${nth}`);
      records.slots.free(slot);
    }
    expect(records.slots.end).toBe(2);
  });
});
