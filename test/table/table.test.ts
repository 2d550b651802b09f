import { describe, expect, it } from 'vitest';
import { type EntryOptions, Table, type TableOptions } from '../../src/table/index.js';

const entry = (more: Partial<EntryOptions> = {}): EntryOptions => ({
  confirmedAt: 0,
  ttl: 1000,
  staleFor: 1000,
  ...more,
});
const table = (options: Partial<TableOptions> = {}) => new Table<unknown>({ maxNegative: 10, ...options });
const evictions = (of: Table<unknown>, now: number, wall: number) =>
  [...of.due(now, wall)].filter((out) => out !== undefined);

describe('entries', () => {
  it.each(['__proto__', 'constructor', '', 'a', '\ud800', '\udfff\ud800', 'x'.repeat(1 << 20), '0', '-1'])(
    'any string is a key: %.20j',
    (key) => {
      const t = table();
      expect(t.slotOf(key)).toBe(-1);
      t.put(key, 1, entry());
      expect(t.valueAt(t.slotOf(key))).toBe(1);
      expect(t.keyAt(t.slotOf(key))).toBe(key);
      t.bury(key, 'revoked', 0);
      expect(t.slotOf(key)).toBe(-1);
      expect(t.tombstoneOf(key)?.kind).toBe('revoked');
    },
  );

  it.each([null, false, 0, '', undefined, Number.NaN])('any value is a value: %j', (value) => {
    const t = table();
    t.put('a', value, entry());
    expect(t.slotOf('a')).not.toBe(-1);
    expect(t.valueAt(t.slotOf('a'))).toBe(value);
  });

  it('keeps what it was stored with', () => {
    const t = table();
    t.put('a', 1, {
      confirmedAt: 1.5,
      ttl: 2,
      staleFor: Number.POSITIVE_INFINITY,
      expiresAt: 4,
      version: 5,
      tags: ['x'],
      weight: 6,
      flags: 7,
    });
    const slot = t.slotOf('a');
    expect(t.confirmedAt(slot)).toBe(1.5);
    expect(t.ttlOf(slot)).toBe(2);
    expect(t.staleForOf(slot)).toBe(Number.POSITIVE_INFINITY);
    expect(t.expiresAt(slot)).toBe(4);
    expect(t.versionOf(slot)).toBe(5);
    expect(t.tagsOf(slot)).toEqual(['x']);
    expect(t.weightOf(slot)).toBe(6);
    expect(t.flagsOf(slot)).toBe(7);
    t.put('a', 1, entry());
    expect(t.slotOf('a')).toBe(slot);
    expect([t.versionOf(slot), t.tagsOf(slot), t.weightOf(slot), t.flagsOf(slot)]).toEqual([
      undefined,
      undefined,
      undefined,
      0,
    ]);
    expect(t.expiresAt(slot)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('time', () => {
  it('evicts what is past ttl + staleFor, and nothing before', () => {
    const t = table();
    t.put('a', 1, entry());
    expect(evictions(t, 1999, 0)).toEqual([]);
    expect(evictions(t, 2000, 0)).toEqual([{ key: 'a', because: 'aged' }]);
    expect(t.size).toBe(0);
  });

  it('an entry confirmed again stays', () => {
    const t = table();
    t.put('a', 1, entry());
    t.put('a', 1, entry({ confirmedAt: 1500 }));
    expect(evictions(t, 3499, 0)).toEqual([]);
    expect(evictions(t, 3500, 0)).toHaveLength(1);
  });

  it('an entry stored anew for a shorter time goes in that time', () => {
    const t = table();
    t.put('a', 1, entry({ staleFor: 3_600_000, expiresAt: 7_200_000 }));
    t.put('a', 1, entry({ expiresAt: 500 }));
    t.put('b', 1, entry({ staleFor: 3_600_000 }));
    t.put('b', 1, entry());
    expect(evictions(t, 0, 500)).toEqual([{ key: 'a', because: 'expired' }]);
    expect(evictions(t, 2000, 0)).toEqual([{ key: 'b', because: 'aged' }]);
  });

  it('a sweep that is left half-way is taken up by the next', () => {
    const t = table();
    for (let nth = 0; nth < 100; nth += 1) t.put(`${nth}`, nth, entry());
    for (const _ of t.due(5000, 0)) if (t.size === 60) break;
    expect(evictions(t, 5000, 0)).toHaveLength(60);
  });

  it('a table that is emptied during a sweep, a pass or a walk is left alone', () => {
    const t = table();
    const fill = (name: string) => {
      for (let nth = 0; nth < 10; nth += 1)
        t.put(`${name}${nth}`, nth, entry({ confirmedAt: name === 'new' ? 9000 : 0 }));
    };
    fill('old');
    const pass = t.lease('pass');
    const walks = [t.due(5000, 0), t.unseen(pass), t.slots(), t.buried()];
    for (const walk of walks) walk.next();
    t.clear();
    fill('new');
    for (const walk of walks) expect([...walk].filter((out) => out !== undefined)).toEqual([]);
    expect(t.size).toBe(10);
  });

  it('breathes between denials whose time is over', () => {
    const t = table({ maxNegative: 1000 });
    for (let nth = 0; nth < 1000; nth += 1) {
      const lease = t.lease();
      t.deny(`${nth}`, { at: 0, until: 500, because: 'source' }, lease);
      t.release(lease);
    }
    let steps = 0;
    for (const out of t.due(500, 0)) {
      expect(out).toBeUndefined();
      steps += 1;
    }
    expect(steps).toBeGreaterThanOrEqual(1000);
    expect(t.negatives).toBe(0);
  });

  it('a slot whose entry has left is nobody to evict or to latch', () => {
    const t = table({ track: true });
    t.put('a', 1, entry());
    const slot = t.slotOf('a');
    t.evict(slot, 'aged');
    expect(t.evict(slot, 'aged')).toBeUndefined();
    t.latch(slot);
    t.bury('b', 'revoked', 0);
    const buried = [...t.slots()].length;
    expect([t.size, t.tombstones, buried]).toEqual([0, 1, 0]);
    expect(t.evict(slot, 'aged')).toBeUndefined();
    expect(t.tombstoneOf('b')?.kind).toBe('revoked');
  });

  it('a latched entry is gone for good though the wall clock goes back', () => {
    const t = table();
    t.put('a', 1, entry({ expiresAt: 500 }));
    t.latch(t.slotOf('a'));
    expect(t.expiresAt(t.slotOf('a'))).toBe(Number.NEGATIVE_INFINITY);
    expect(evictions(t, 0, 0)).toEqual([{ key: 'a', because: 'expired' }]);
  });
});

describe('a hit in one look', () => {
  const hit = (options: Partial<EntryOptions>, now: number, wall = 0, notBefore = 0) => {
    const t = table();
    t.put('a', 1, entry(options));
    const tally = { fresh: 0, stale: 0 };
    const value = t.glance('a', { age: now, wall }, notBefore, tally);
    expect(tally.fresh + tally.stale).toBe(value === undefined ? 0 : 1);
    return value === undefined ? 'over' : tally.fresh > 0 ? 'fresh' : 'readable';
  };

  it('tells fresh from readable from over, to the millisecond', () => {
    expect([0, 999, 1000, 1999, 2000].map((now) => hit({}, now))).toEqual([
      'fresh',
      'fresh',
      'readable',
      'readable',
      'over',
    ]);
    expect([999, 1000].map((wall) => hit({ expiresAt: 1000 }, 0, wall))).toEqual(['fresh', 'over']);
    expect(hit({ staleFor: Number.POSITIVE_INFINITY }, Number.MAX_VALUE)).toBe('readable');
  });

  it('takes nothing for fresh that is flagged or in doubt', () => {
    expect(hit({ flags: 1 }, 0)).toBe('readable');
    expect(hit({ flags: 128 }, 0)).toBe('readable');
    expect(hit({ confirmedAt: 10 }, 20, 0, 11)).toBe('readable');
    expect(hit({ confirmedAt: 10 }, 20, 0, 10)).toBe('fresh');
  });

  it('never serves what was latched, whatever the wall says', () => {
    const t = table();
    t.put('a', 1, entry({ expiresAt: 1000 }));
    t.latch(t.slotOf('a'));
    expect(t.glance('a', { age: 0, wall: 0 }, 0, { fresh: 0, stale: 0 })).toBeUndefined();
  });

  it('finds entries only: no denial, no tombstone, no key that nobody knows', () => {
    const t = table();
    const tally = { fresh: 0, stale: 0 };
    t.put('a', 1, entry());
    t.bury('a', 'revoked', 0);
    t.deny('b', { at: 0, until: 1000, because: 'source' }, t.lease('read'));
    const found = ['a', 'b', 'c'].map((key) => t.glance(key, { age: 0, wall: 0 }, 0, tally));
    expect([...found, tally]).toEqual([undefined, undefined, undefined, { fresh: 0, stale: 0 }]);
  });
});

describe('leases', () => {
  it('of one holder end together, of others they stay', () => {
    const t = table();
    const [cache, warmer, pass] = [
      t.lease('read', 'cache'),
      t.lease('read', 'warmer'),
      t.lease('pass', 'cache'),
    ];
    t.voidLeases('cache');
    expect([cache, warmer, pass].map((lease) => t.isOpen(lease))).toEqual([false, true, false]);
    expect(t.confirm('a', 1, entry(), cache)).toBe('lease');
    expect(t.confirm('a', 1, entry(), warmer)).toBe('stored');
  });

  it('of another table say nothing here', () => {
    const t = table();
    expect(t.confirm('a', 1, entry(), table().lease())).toBe('lease');
  });

  it('a removal is remembered though its entry came back and was evicted since', () => {
    const t = table();
    const slow = t.lease();
    t.bury('a', 'revoked', 0);
    const quick = t.lease();
    expect(t.confirm('a', 'new', entry(), quick)).toBe('stored');
    t.evict(t.slotOf('a'), 'aged');
    expect(t.confirm('a', 'old', entry(), slow)).toBe('lease');
    t.release(slow);
    t.release(quick);
    expect(t.confirm('a', 'later', entry(), t.lease())).toBe('stored');
  });

  it('refuses what was read before a removal', () => {
    const t = table();
    const lease = t.lease();
    t.bury('a', 'invalidated', 0);
    expect(t.confirm('a', 1, entry(), lease)).toBe('lease');
    expect(t.confirm('b', 1, entry(), lease)).toBe('stored');
    t.release(lease);
    expect(t.tombstones).toBe(0);
    expect(t.confirm('c', 1, entry(), lease)).toBe('lease');
  });

  it('remembers a denial for an older read though nothing is kept of it', () => {
    const t = table();
    const old = t.lease();
    expect(t.deny('a', { at: 0, until: 0, because: 'source' }, t.lease())).toBe('stored');
    expect(t.negativeOf('a')).toBeUndefined();
    expect(t.confirm('a', 1, entry(), old)).toBe('lease');
  });
});
