import { describe, expect, it } from 'vitest';
import { type Lease, Table } from '../../src/table/index.js';

const entry = { confirmedAt: 0, ttl: 1000, staleFor: 1000 };
const denial = { at: 0, until: 100, because: 'pass' } as const;

function build() {
  const table = new Table<string>({ maxNegative: 10, seq: 100 });
  return {
    table,
    put: (...keys: string[]) => {
      for (const key of keys) table.put(key, key, entry);
    },
    read: (key: string) => {
      const lease = table.lease();
      const result = table.confirm(key, key, entry, lease);
      table.release(lease);
      return result;
    },
    unseen: (pass: Lease) => [...table.unseen(pass)].filter((key) => key !== undefined).sort(),
  };
}

describe('a pass', () => {
  it('has not seen what it did not store, mark or find changed', () => {
    const { table, put, read, unseen } = build();
    put('stored', 'quarantined', 'put', 'gone', 'buried');
    const pass = table.lease('pass');
    read('stored');
    table.markSeen('quarantined', pass);
    put('put', 'new');
    table.bury('buried', 'invalidated', 0);
    expect(unseen(pass)).toEqual(['gone']);
    expect(table.deny('gone', denial, pass)).toBe('stored');
    expect(table.negativeOf('gone')?.because).toBe('pass');
  });

  it('does not deny what was stored, seen or removed since it began', () => {
    const { table, put, read } = build();
    put('stored', 'seen', 'removed');
    const pass = table.lease('pass');
    read('stored');
    table.markSeen('seen', pass);
    table.bury('removed', 'revoked', 0);
    for (const key of ['stored', 'seen', 'removed', 'never held']) {
      expect(table.deny(key, denial, pass), key).toBe('lease');
    }
  });

  it('what an earlier pass saw, a later one has not', () => {
    const { table, put, unseen } = build();
    put('a');
    const first = table.lease('pass');
    table.markSeen('a', first);
    expect(unseen(first)).toEqual([]);
    table.release(first);
    const second = table.lease('pass');
    expect(unseen(second)).toEqual(['a']);
  });

  it('that has ended marks and names nothing any more', () => {
    const { table, put, unseen } = build();
    put('a');
    const dead = table.lease('pass');
    table.voidLeases();
    const pass = table.lease('pass');
    table.markSeen('a', dead);
    expect(unseen(dead)).toEqual([]);
    expect(unseen(pass)).toEqual(['a']);
  });

  it('leaves alone what was restored while it ran: it may have met the row before', () => {
    const { table, unseen } = build();
    const pass = table.lease('pass');
    expect(table.restore({ key: 'a', value: 'a', seq: 1, ...entry })).toBe('stored');
    expect(unseen(pass)).toEqual([]);
    expect(table.deny('a', denial, pass)).toBe('lease');
    table.release(pass);
    expect(unseen(table.lease('pass'))).toEqual(['a']);
  });

  it('keeps tombstones, which reads of later pages do not need', () => {
    const { table } = build();
    const pass = table.lease('pass');
    table.bury('a', 'invalidated', 0);
    table.release(table.lease());
    expect(table.tombstones).toBe(1);
    table.release(pass);
    expect(table.tombstones).toBe(0);
  });

  it('costs no memory for what is evicted while it runs', () => {
    const { table, put } = build();
    const pass = table.lease('pass');
    for (let nth = 0; nth < 1000; nth += 1) {
      put(`${nth}`);
      table.evict(table.slotOf(`${nth}`), 'aged');
    }
    // A slot that holds a mark is not used again: the last entry would lie far up.
    put('last');
    expect(table.slotOf('last')).toBe(0);
    table.release(pass);
  });

  it('breathes while it looks through many that it has seen', () => {
    const { table, put } = build();
    const pass = table.lease('pass');
    for (let nth = 0; nth < 10_000; nth += 1) put(`${nth}`);
    const steps = [...table.unseen(pass)];
    expect(steps.length).toBeGreaterThan(5);
    expect(steps.every((key) => key === undefined)).toBe(true);
  });
});

describe('a restore', () => {
  it('overwrites nothing that was learned since, though nothing is left of it', () => {
    const { table, read } = build();
    const lease = table.lease();
    read('confirmed');
    table.evict(table.slotOf('confirmed'), 'aged');
    const load = table.lease();
    table.deny('denied', { ...denial, until: 0, because: 'source' }, load);
    table.release(load);
    table.bury('buried', 'revoked', 0);
    table.liftTombstone('buried');
    for (const key of ['confirmed', 'denied', 'buried']) {
      expect(table.restore({ key, value: 'old', seq: 1, ...entry }, lease), key).toBe('newer');
      expect(table.restoreTombstone({ key, kind: 'revoked', seq: 1, at: 0 }, lease), key).toBe('newer');
    }
    table.release(lease);
    expect(table.restore({ key: 'x', value: 'old', seq: 1, ...entry }, lease)).toBe('lease');
  });

  it('does not hold up a read that began before it', () => {
    const { table } = build();
    const load = table.lease();
    table.restore({ key: 'a', value: 'old', seq: 1, ...entry, flags: 1 });
    expect(table.seqOf(table.slotOf('a'))).toBe(1);
    expect(table.confirm('a', 'new', entry, load)).toBe('stored');
    expect(table.valueAt(table.slotOf('a'))).toBe('new');
    expect(table.flagsOf(table.slotOf('a'))).toBe(0);
  });

  it('of a tombstone takes an older entry out, and of a newer entry ends the tombstone', () => {
    const { table } = build();
    table.restore({ key: 'a', value: 'old', seq: 1, ...entry });
    table.restoreTombstone({ key: 'a', kind: 'revoked', seq: 2, at: 7 });
    expect([table.slotOf('a'), table.tombstoneOf('a')?.at]).toEqual([-1, 7]);
    expect(table.restore({ key: 'a', value: 'old', seq: 2, ...entry })).toBe('newer');
    expect(table.restore({ key: 'a', value: 'newer', seq: 3, ...entry })).toBe('stored');
    expect([table.size, table.tombstones]).toEqual([1, 0]);
  });
});

describe('who watches', () => {
  it('is told each key that something happened to, and undefined when it happened to all', () => {
    const { table, put, read } = build();
    const told: (string | undefined)[] = [];
    table.watch((key) => told.push(key));
    put('put');
    read('read');
    table.bury('buried', 'revoked', 0);
    table.liftTombstone('buried');
    table.latch(table.slotOf('put'));
    table.evict(table.slotOf('put'), 'aged');
    table.clear();
    table.watch(undefined);
    put('unwatched');
    expect(told).toEqual(['put', 'read', 'buried', 'buried', 'put', 'put', undefined]);
  });
});
