import { describe, expect, it } from 'vitest';
import { CacheCore } from '../../actors/cache/core.js';
import { Flag } from '../../actors/cache/judge.js';
import { cachePolicy } from '../../actors/cache/options.js';
import { rebuild } from '../../actors/cache/rebuild.js';

function core() {
  const source = { load: async () => undefined };
  return new CacheCore<unknown>({
    policy: cachePolicy({ name: 'test', source }),
    source,
    guard: undefined,
    unavailable: undefined,
    openStore: undefined,
    logger: undefined,
  });
}
const alive = new AbortController().signal;
const now = () => performance.now();

describe('the rebuild of a table in doubt', () => {
  it('takes over what holds together, as it was but suspect', async () => {
    const one = core();
    one.table.put('a', 'A', {
      confirmedAt: now() - 5,
      ttl: 10,
      staleFor: 20,
      expiresAt: Date.now() + 1_000,
      version: 3,
      tags: ['t'],
      weight: 2,
      flags: Flag.restored,
    });
    const before = one.table;
    const confirmedAt = before.confirmedAt(before.slotOf('a'));
    await rebuild(one, alive);
    const { table } = one;
    expect(table).not.toBe(before);
    const slot = table.slotOf('a');
    expect(table.valueAt(slot)).toBe('A');
    expect([table.confirmedAt(slot), table.ttlOf(slot), table.staleForOf(slot)]).toEqual([
      confirmedAt,
      10,
      20,
    ]);
    expect([table.versionOf(slot), table.tagsOf(slot), table.weightOf(slot)]).toEqual([3, ['t'], 2]);
    expect(table.flagsOf(slot)).toBe(Flag.restored | Flag.suspect);
    expect(table.seqOf(slot)).toBe(before.seqOf(before.slotOf('a')));
  });

  it('leaves behind what does not hold together, and says how much', async () => {
    const one = core();
    const entry = { confirmedAt: now(), ttl: 10, staleFor: 20 };
    one.table.put('good', 1, entry);
    one.table.put('no value', undefined, entry);
    one.table.put('from the future', 1, { ...entry, confirmedAt: now() + 1e9 });
    one.table.put('no time', 1, { ...entry, confirmedAt: Number.NaN });
    one.table.put('no ttl', 1, { ...entry, ttl: Number.NaN });
    one.table.put('less than no staleFor', 1, { ...entry, staleFor: -1 });
    one.table.put('seen expired', 1, { ...entry, expiresAt: Date.now() });
    one.table.latch(one.table.slotOf('seen expired'));
    let told: unknown;
    one.bus.subscribe('rebuilt', (event) => {
      told = event;
    });
    await rebuild(one, alive);
    expect([...one.table.slots()].map((slot) => one.table.keyAt(slot))).toEqual(['good']);
    expect(told).toMatchObject({ entries: 1, refused: 6 });
  });

  it('takes the tombstones over; what was read before it is refused after it', async () => {
    const one = core();
    one.table.put('a', 'A', { confirmedAt: now(), ttl: 10, staleFor: 20 });
    const lease = one.table.lease();
    one.table.bury('a', 'invalidated', now());
    one.table.bury('b', 'revoked', now());
    await rebuild(one, alive);
    expect(one.table.tombstoneOf('a')?.kind).toBe('invalidated');
    expect(one.table.tombstoneOf('b')?.kind).toBe('revoked');
    for (const key of ['a', 'b', 'never seen']) {
      expect(one.table.confirm(key, 'late', { confirmedAt: now(), ttl: 10, staleFor: 20 }, lease)).toBe(
        'lease',
      );
    }
  });

  it('numbers its mutations on from the old one: a later one is later in the snapshot too', async () => {
    const one = core();
    for (let i = 0; i < 100; i++) one.table.put('a', i, { confirmedAt: now(), ttl: 10, staleFor: 20 });
    const before = one.table.seq;
    await rebuild(one, alive);
    one.table.put('b', 1, { confirmedAt: now(), ttl: 10, staleFor: 20 });
    expect(one.table.seqOf(one.table.slotOf('b'))).toBeGreaterThan(before);
  });

  it('of an actor that died, or of a table that was cleared meanwhile, changes nothing', async () => {
    const dead = core();
    for (let i = 0; i < 200_000; i++)
      dead.table.put(`k${i}`, i, { confirmedAt: now(), ttl: 10, staleFor: 20 });
    const before = dead.table;
    const life = new AbortController();
    const work = rebuild(dead, life.signal);
    life.abort();
    await work;
    expect(dead.table).toBe(before);

    const cleared = core();
    for (let i = 0; i < 200_000; i++)
      cleared.table.put(`k${i}`, i, { confirmedAt: now(), ttl: 10, staleFor: 20 });
    const clearing = rebuild(cleared, alive);
    cleared.table.clear();
    await clearing;
    expect(cleared.table.size).toBe(0);
  });
});
