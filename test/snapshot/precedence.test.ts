import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memorySnapshotStore } from '../../src/snapshot/memory-store.js';
import { isBelow, rank, supersedes } from '../../src/snapshot/precedence.js';
import type { SnapshotEntry, SnapshotStore, SnapshotTombstone } from '../../src/snapshot/store.js';
import { SnapshotStoreModel } from '../../src/testing/snapshot-store-model.js';
import { contents, entry, never, page, place, tombstone } from './place.js';

type Op =
  | { readonly do: 'append' | 'journal'; readonly records: readonly (SnapshotEntry | SnapshotTombstone)[] }
  | { readonly do: 'full' }
  | { readonly do: 'restore' }
  | { readonly do: 'compact' };

const keys = ['a', 'b', '', '__proto__', '\ud800', 'é'];
const record = (kind: 'entry' | 'tombstone') => (key: string) => (seq: number) =>
  kind === 'entry' ? entry(key, seq) : tombstone(key, seq);

/** Every mutation has its number; the writes of them come in any order, at once. */
const writes: fc.Arbitrary<readonly Op[]> = fc
  .array(fc.record({ key: fc.constantFrom(...keys), kind: fc.constantFrom('entry', 'tombstone') }), {
    maxLength: 40,
  })
  .map((mutations) => mutations.map(({ key, kind }, nth) => record(kind as 'entry')(key)(nth + 1)))
  .chain((mutations) => fc.shuffledSubarray(mutations, { minLength: mutations.length }))
  .chain((records) =>
    fc
      .array(fc.integer({ min: 1, max: 5 }), { minLength: records.length, maxLength: records.length })
      .map((sizes) => {
        const ops: Op[] = [];
        const left = [...records];
        for (const size of sizes) {
          const some = left.splice(0, size);
          if (some.length === 0) break;
          const dead = some.every((one) => 'kind' in one);
          ops.push({ do: dead ? 'journal' : 'append', records: some });
        }
        return ops;
      }),
  )
  .chain((ops) =>
    fc
      .array(fc.constantFrom<Op>({ do: 'full' }, { do: 'restore' }, { do: 'compact' }), { maxLength: 3 })
      .chain((extra) => fc.shuffledSubarray([...ops, ...extra], { minLength: ops.length + extra.length })),
  );

const highest = (ops: readonly Op[]): readonly (SnapshotEntry | SnapshotTombstone)[] => {
  const held = new Map<string, SnapshotEntry | SnapshotTombstone>();
  for (const op of ops) {
    if (!('records' in op)) continue;
    for (const one of op.records) {
      if ((held.get(one.key)?.seq ?? 0) < one.seq) held.set(one.key, one);
    }
  }
  return [...held.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
};

async function run(store: SnapshotStore, op: Op, all: readonly Op[]): Promise<void> {
  if (op.do === 'restore') await contents(store);
  else if (op.do === 'compact') await store.compact();
  else if (op.do === 'full') {
    // Of the table as it is at the end: whatever older page or journal comes after it changes nothing.
    const entries = highest(all).filter((one): one is SnapshotEntry => 'value' in one);
    await store.append(page({ entries, full: 'both' }));
  } else if (op.do === 'journal') {
    await store.journal(op.records.filter((one): one is SnapshotTombstone => 'kind' in one));
  } else {
    await store.append(
      page({
        entries: op.records.filter((one): one is SnapshotEntry => 'value' in one),
        tombstones: op.records.filter((one): one is SnapshotTombstone => 'kind' in one),
      }),
    );
  }
}

const stores: Record<string, () => Promise<{ open(): Promise<SnapshotStore> }>> = {
  'in memory': async () => {
    const store = memorySnapshotStore();
    return {
      open: async () => {
        await store.open({ cache: 'c', signal: never });
        return store;
      },
    };
  },
  'on disk': async () => {
    const at = await place();
    return {
      open: async () => (await at.opened({ cache: 'c' })).store,
    };
  },
};

describe.each(Object.entries(stores))('the store %s', (_name, make) => {
  it('holds the highest of each key, whatever is written at once in whatever order, before and after a boot', async () => {
    await fc.assert(
      fc.asyncProperty(writes, async (ops) => {
        const at = await make();
        const store = await at.open();
        await Promise.all(ops.map((op) => run(store, op, ops)));
        const wanted = highest(ops);
        expect(await contents(store)).toEqual(wanted);
        await store.close();
        const again = await at.open();
        expect(await contents(again)).toEqual(wanted);
        await again.close();
      }),
      { numRuns: 60 },
    );
  });

  it('is what the model is, write by write', async () => {
    const seq = fc.integer({ min: 1, max: 12 });
    const key = fc.constantFrom(...keys);
    const word = fc.record({ key, seq });
    const entries = fc.array(
      fc.tuple(key, seq).map(([at, number]) => entry(at, number)),
      { maxLength: 4 },
    );
    const tombstones = fc.array(
      fc
        .tuple(key, seq, fc.constantFrom<SnapshotTombstone['kind']>('revoked', 'invalidated'))
        .map(([at, number, kind]) => ({ ...tombstone(at, number), kind })),
      { maxLength: 4 },
    );
    const append = fc.record(
      {
        entries,
        tombstones,
        gone: fc.array(word, { maxLength: 3 }),
        lifted: fc.array(word, { maxLength: 3 }),
        full: fc.constantFrom<'begin' | 'end' | 'both'>('begin', 'end', 'both'),
        asOf: seq,
        cursor: fc.string(),
      },
      { requiredKeys: [] },
    );
    const step = fc.oneof(
      { weight: 6, arbitrary: append.map((given) => ({ do: 'append' as const, given })) },
      { weight: 3, arbitrary: tombstones.map((given) => ({ do: 'journal' as const, given })) },
      { weight: 1, arbitrary: fc.constant({ do: 'boot' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const at = await make();
        const model = new SnapshotStoreModel();
        let store = await at.open();
        for (const taken of steps) {
          if (taken.do === 'boot') {
            await store.close();
            store = await at.open();
            model.reopen();
          } else if (taken.do === 'journal') {
            await store.journal(taken.given);
            model.journal(taken.given);
          } else {
            const given = page(taken.given);
            const refused = given.full === 'end' && model.writes !== 'full';
            const written = store.append(given);
            if (refused) await expect(written).rejects.toThrow(/has not begun/);
            else {
              await written;
              model.append(given);
            }
          }
          expect(await contents(store)).toEqual(model.contents());
        }
        await store.close();
        const {
          seq: top,
          complete,
          cursor,
        } = await at.open().then(async (again) => {
          const told = await again.open({ cache: 'c', signal: never });
          await again.close();
          return told;
        });
        expect({ top, complete, cursor }).toEqual({
          top: model.seq,
          complete: model.complete,
          cursor: model.cursor,
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe('the rule', () => {
  const precedence = fc.record({
    seq: fc.integer({ min: 0, max: 5 }),
    rank: fc.constantFrom(rank.entry, rank.invalidated, rank.revoked),
  });

  it('is a total order: whatever the order of two writes, the same one holds', () => {
    fc.assert(
      fc.property(precedence, precedence, (a, b) => {
        const same = a.seq === b.seq && a.rank === b.rank;
        expect(supersedes(a, b) && supersedes(b, a)).toBe(same);
        expect(supersedes(a, b) || supersedes(b, a)).toBe(true);
      }),
    );
  });

  it('spares what was written in the last full writing, and newer tombstones', () => {
    const floor = { generation: 3, asOf: 10 };
    const of = (generation: number, seq: number, itsRank: 0 | 1 | 2) =>
      isBelow(floor, { generation, seq, rank: itsRank });
    expect(of(2, 99, rank.entry)).toBe(true);
    expect(of(3, 1, rank.entry)).toBe(false);
    expect(of(2, 10, rank.revoked)).toBe(true);
    expect(of(2, 11, rank.revoked)).toBe(false);
    expect(of(3, 1, rank.revoked)).toBe(false);
  });
});
