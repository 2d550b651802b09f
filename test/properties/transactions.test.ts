import fc from 'fast-check';
import { tapeArbitrary } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { type Action, isSerial, type Key, keys, type Part, type Program, play } from './transaction-plan.js';

/** More of them, or others: `RUNS=5000 SEED=random npx vitest run test/properties/transactions.test.ts`. */
const numRuns = Number(process.env.RUNS ?? 300);

const some: fc.Arbitrary<readonly Key[]> = fc.subarray([...keys], { minLength: 1 });
const cache = fc.nat(1);
const ms = fc.nat(2);

const plain = ['put', 'incr', 'take', 'revoke', 'touch', 'prolong', 'end'] as const;
const flat: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('get' as const, ...plain),
      key: fc.nat(1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pause' as const), ms }) },
  { weight: 1, arbitrary: fc.constant({ do: 'throw' as const }) },
);
const part = (action: fc.Arbitrary<Action>): fc.Arbitrary<Part> =>
  fc.record({ cache, keys: some, actions: fc.array(action, { maxLength: 5 }) });
const nest = (inner: fc.Arbitrary<Part>): fc.Arbitrary<Action> =>
  fc.oneof(
    fc.record({ do: fc.constant('nest' as const), part: inner, caught: fc.boolean() }),
    fc.record({ do: fc.constant('fork' as const), part: inner }),
  );
const innermost = part(flat);
const inner = part(fc.oneof({ weight: 4, arbitrary: flat }, { weight: 1, arbitrary: nest(innermost) }));
const outer = part(fc.oneof({ weight: 3, arbitrary: flat }, { weight: 2, arbitrary: nest(inner) }));

const program: fc.Arbitrary<Program> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ at: ms, part: outer }) },
  {
    weight: 1,
    arbitrary: fc.record({
      at: fc.nat(4),
      plain: fc.constantFrom(...plain),
      cache,
      key: fc.constantFrom(...keys),
    }),
  },
);
const programs = fc.array(program, { minLength: 2, maxLength: 5 });

describe('transactions and plain operations, interleaved at random', () => {
  const came = new Set<string>();

  it('are serializable, end without a deadline, and leave nothing locked', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(programs, tapeArbitrary(fc), async (drawn, tape) => {
        const played = await play(drawn, tape);
        for (const outcome of played.outcomes) came.add(outcome);
        expect(played.took).toBeLessThan(1000);
        expect(isSerial(played)).toBe(true);
      }),
      { numRuns },
    );
  });

  it('came to every end on the way', () => {
    expect([...came].sort()).toEqual(['conflict', 'deadlock', 'done', 'not now', 'thrown']);
  });
});
