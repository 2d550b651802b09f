import fc from 'fast-check';
import { type Cache, defineCache, type ExportedRecord } from 'holdfast';
import { world } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { type Given, Model, type Operation, outcomeOf, perform, terms, type Value } from './values-model.js';

/** More of them, or others: `RUNS=10000 SEED=random npx vitest run test/properties/values.test.ts`. */
const numRuns = Number(process.env.RUNS ?? 500);

const key = fc.constantFrom('a', 'b', 'c');
const value = fc.constantFrom<Value>(0, 1, 7, '', 'text', null, false);
const span = fc.constantFrom(0, 1, 30, 100, 250);
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined, freq: 2 });
const given: fc.Arbitrary<Given> = fc.record({
  ttl: maybe(span),
  staleFor: maybe(span),
  expiresIn: maybe(span),
  tag: maybe(fc.constantFrom('red', 'blue')),
});

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant('put' as const), key, value, entry: given }),
  fc.record({
    op: fc.constant('putMany' as const),
    keys: fc.array(key, { maxLength: 3 }),
    value,
    entry: given,
    bad: fc.boolean(),
  }),
  fc.record({
    op: fc.constantFrom('update' as const, 'getAndUpdate' as const),
    key,
    next: fc.option(value, { nil: undefined }),
  }),
  fc.record({ op: fc.constant('getMany' as const), keys: fc.array(key, { maxLength: 3 }) }),
  fc.record({
    op: fc.constantFrom('incr' as const, 'decr' as const),
    key,
    by: fc.integer({ min: -3, max: 3 }),
    ttl: maybe(span),
  }),
  fc.record({
    op: fc.constantFrom('get' as const, 'take' as const, 'revoke' as const, 'invalidate' as const),
    key,
  }),
  fc.record({ op: fc.constantFrom('ttl' as const, 'touch' as const), key }),
  fc.record({
    op: fc.constantFrom('expire' as const, 'expireAt' as const),
    key,
    in: fc.oneof(span, fc.integer({ min: -50, max: 300 })),
  }),
);

type Step =
  | { readonly do: 'operate'; readonly operation: Operation }
  | { readonly do: 'transact'; readonly operations: readonly Operation[]; readonly fails: boolean }
  | { readonly do: 'prune'; readonly to: number }
  | { readonly do: 'invalidateTag'; readonly tag: string }
  | { readonly do: 'transfer'; readonly mode: 'merge' | 'replace' }
  | { readonly do: 'clear' }
  | { readonly do: 'advance'; readonly by: number }
  | { readonly do: 'jump'; readonly by: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ do: fc.constant('operate' as const), operation }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('transact' as const),
      operations: fc.array(operation, { maxLength: 4 }),
      fails: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.oneof(
      fc.record({ do: fc.constant('prune' as const), to: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ do: fc.constant('invalidateTag' as const), tag: fc.constantFrom('red', 'blue', 'none') }),
      fc.record({
        do: fc.constant('transfer' as const),
        mode: fc.constantFrom('merge' as const, 'replace' as const),
      }),
      fc.record({ do: fc.constant('clear' as const) }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      by: fc.constantFrom(1, 29, 30, 70, 100, 200),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('jump' as const), by: fc.integer({ min: -300, max: 300 }) }),
  },
);

const keys = ['a', 'b', 'c'];

/** Each key is as the model says; both have now seen what is over. */
function seeAll(cache: Cache<Value>, model: Model): void {
  for (const looked of keys) {
    expect(cache.ttl(looked)).toBe(model.ttl(looked));
    expect(cache.lookup(looked)).toEqual(model.lookup(looked));
    expect(cache.has(looked)).toBe(['fresh', 'stale'].includes(model.lookup(looked).status));
  }
}

/** Whoever walks through all finds what may be served, each once. */
function walkAll(cache: Cache<Value>, model: Model): void {
  const served = new Map(model.served());
  expect([...cache.keys()].sort()).toEqual([...served.keys()].sort());
  const entries = [...cache.entries()];
  expect(entries).toHaveLength(served.size);
  expect(new Map(entries)).toEqual(served);
  const fresh = cache.query({ where: ({ status }) => status === 'fresh', select: ({ key }) => key });
  expect([...fresh].sort()).toEqual(
    [...served.keys()].filter((each) => model.copy().lookup(each).status === 'fresh').sort(),
  );
  expect([...cache.query({ limit: 1 })]).toHaveLength(Math.min(1, served.size));
}

/** How many are left is told; which, is the cache's own choice. */
async function prune(cache: Cache<Value>, model: Model, to: number): Promise<void> {
  seeAll(cache, model);
  const before = cache.size;
  const count = await cache.prune(to);
  expect(cache.size).toBe(Math.min(before, to));
  expect(count).toBe(before - cache.size);
  const gone = model.served().filter(([each]) => !cache.has(each));
  expect(gone.length).toBeLessThanOrEqual(count);
  for (const [each] of gone) model.evict(each);
}

/** Another cache comes to the same, but for the source's word; the same cache has all of it. */
async function transfer(cache: Cache<Value>, model: Model, mode: 'merge' | 'replace'): Promise<void> {
  const records: ExportedRecord<Value>[] = [];
  const count = await cache.exportTo((record) => records.push(record));
  expect(count).toBe(records.length);
  const other = defineCache<Value>({ name: 'other', source: async () => undefined, ...terms });
  // What was there before: gone with 'replace', left with 'merge'.
  other.put('before', 1);
  const report = await other.importFrom(records, { mode });
  const served = new Map(model.served());
  expect(report).toMatchObject({
    entries: served.size,
    removals: model.removed().length,
    over: 0,
    refused: 0,
  });
  expect(other.get('before')).toBe(mode === 'merge' ? 1 : undefined);
  for (const each of keys) {
    const known = model.copy().lookup(each);
    expect(other.lookup(each)).toEqual(
      known.status === 'fresh' || known.status === 'stale'
        ? { ...known, status: 'stale', because: 'restored' }
        : known,
    );
  }
  const again = await cache.importFrom(records, { mode: 'merge' });
  expect(again).toMatchObject({ entries: 0, removals: 0, kept: records.length });
}

describe('operations on values and times', () => {
  it('come to what a Map with two clocks comes to', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), fc.boolean(), (steps, looks) =>
        world({}, async (w) => {
          const cache = defineCache<Value>({ name: 'values', source: async () => undefined, ...terms });
          let model = new Model();
          model.wall = Date.now();
          for (const one of steps) {
            switch (one.do) {
              case 'operate':
                expect(outcomeOf(() => perform(cache, one.operation, Date.now()))).toEqual(
                  model.does(one.operation),
                );
                break;
              case 'transact': {
                const tried = model.copy();
                const ended = await cache
                  .transaction(['a', 'b', 'c'], (tx) => {
                    for (const inside of one.operations) {
                      expect(outcomeOf(() => perform(tx, inside, Date.now()))).toEqual(tried.does(inside));
                    }
                    if (one.fails) throw 'as planned';
                  })
                  .catch((error: unknown) => error);
                expect(ended).toBe(one.fails ? 'as planned' : undefined);
                // Of one that failed nothing is left but that what was looked at was seen.
                if (one.fails)
                  for (const looked of ['a', 'b', 'c'])
                    expect(cache.lookup(looked)).toEqual(model.lookup(looked));
                else model = tried;
                break;
              }
              case 'prune':
                await prune(cache, model, one.to);
                break;
              case 'invalidateTag': {
                seeAll(cache, model);
                const before = cache.size;
                const count = await cache.invalidateTag(one.tag);
                expect(count).toBe(before - cache.size);
                expect(count).toBeGreaterThanOrEqual(model.invalidateTag(one.tag));
                break;
              }
              case 'transfer':
                await transfer(cache, model, one.mode);
                break;
              case 'clear':
                cache.clear();
                for (const each of keys) model.evict(each);
                break;
              case 'advance':
                await w.advance(one.by);
                model.now += one.by;
                model.wall += one.by;
                break;
              case 'jump':
                w.jumpWall(one.by);
                model.wall += one.by;
                break;
            }
            if (!looks) continue;
            walkAll(cache, model);
            seeAll(cache, model);
          }
        }),
      ),
      { numRuns },
    );
  });
});
