import { describe, expect, it } from 'vitest';
import { Table } from '../../src/table/index.js';

const options = { confirmedAt: 0, ttl: 1000, staleFor: 1000 };

/** A table whose key `a` is sealed since 5. */
function table() {
  const sealed = new Map<string, number>();
  const made = new Table<string>({ maxNegative: 10, track: true, sealed });
  made.put('a', 'A', options);
  made.put('b', 'B', options);
  sealed.set('a', 5);
  made.bury('a', 'revoked', 5);
  return { table: made, sealed };
}

const tombstone = { key: 'a', kind: 'revoked', at: 5 };

describe('a sealed key', () => {
  it('takes nothing: no put, no answer, no denial, nothing restored; others do', () => {
    const { table: of } = table();
    const lease = of.lease();
    const pass = of.lease('pass');
    of.put('a', 'put', options);
    expect(of.confirm('a', 'confirmed', options, lease)).toBe('lease');
    expect(of.deny('a', { at: 1, until: 2, because: 'source' }, lease)).toBe('lease');
    expect(of.deny('a', { at: 1, until: 2, because: 'pass' }, pass)).toBe('lease');
    expect(of.restore({ ...options, key: 'a', value: 'restored', seq: 99 })).toBe('newer');
    expect(of.restoreTombstone({ key: 'a', kind: 'invalidated', seq: 99, at: 9 })).toBe('newer');
    expect(of.tombstoneOf('a')).toMatchObject(tombstone);
    expect(of.slotOf('a')).toBe(-1);
    of.put('b', 'put', options);
    expect(of.valueAt(of.slotOf('b'))).toBe('put');
  });

  it('keeps its tombstone: an invalidation is a revocation, nothing lifts it, a cleared table has it', () => {
    const { table: of } = table();
    of.bury('a', 'invalidated', 7);
    expect(of.tombstoneOf('a')).toMatchObject({ ...tombstone, at: 7 });
    expect(of.liftTombstone('a')).toBe(false);
    of.clear();
    expect(of.tombstoneOf('a')).toMatchObject(tombstone);
    expect(of.size).toBe(0);
    const [change] = of.drain(10).tombstones;
    expect(change).toMatchObject(tombstone);
  });

  it('is as any other when it is sealed no more; who buries it then, refuses what was read before', () => {
    const { table: of, sealed } = table();
    const lease = of.lease();
    sealed.delete('a');
    of.bury('a', 'revoked', 9);
    expect(of.confirm('a', 'late', options, lease)).toBe('lease');
    expect(of.confirm('a', 'anew', options, of.lease())).toBe('stored');
  });
});
