import fc from 'fast-check';
import { defineCache } from 'holdfast';
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
});

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant('put' as const), key, value, entry: given }),
  fc.record({
    op: fc.constant('putMany' as const),
    keys: fc.array(key, { maxLength: 3 }),
    value,
    bad: fc.boolean(),
  }),
  fc.record({
    op: fc.constantFrom('update' as const, 'getAndUpdate' as const),
    key,
    next: fc.option(value, { nil: undefined }),
  }),
  fc.record({ op: fc.constant('incr' as const), key, by: fc.integer({ min: -3, max: 3 }), ttl: maybe(span) }),
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
            for (const looked of ['a', 'b', 'c']) {
              expect(cache.ttl(looked)).toBe(model.ttl(looked));
              expect(cache.lookup(looked)).toEqual(model.lookup(looked));
              expect(cache.has(looked)).toBe(
                model.lookup(looked).status === 'fresh' || model.lookup(looked).status === 'stale',
              );
            }
          }
        }),
      ),
      { numRuns },
    );
  });
});
