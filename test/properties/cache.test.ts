import fc from 'fast-check';
import { faultsArbitrary, sometimesHappened, tapeArbitrary } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { actors, keys, kinds, play, type Step, until } from './cache-scenario.js';

/** More of them, or others: `RUNS=1000 SEED=random npx vitest run test/properties/cache.test.ts`. */
const runs = Number(process.env.RUNS ?? 50);

const step: fc.Arbitrary<Step> = fc.record({
  at: fc.integer({ min: 0, max: until / 100 }).map((tenth) => tenth * 100),
  do: fc.oneof(
    { arbitrary: fc.constant('read' as const), weight: 4 },
    fc.constantFrom(
      'lookup' as const,
      'write' as const,
      'erase' as const,
      'put' as const,
      'put unsaved' as const,
      'invalidate' as const,
      'revoke' as const,
      'remove' as const,
      'clear' as const,
    ),
  ),
  key: fc.constantFrom(...keys),
  expiresIn: fc.option(fc.integer({ min: 1, max: 90_000 }), { nil: undefined, freq: 4 }),
});

const scenario = fc.record({
  tape: tapeArbitrary(fc),
  faults: faultsArbitrary(fc, {
    until,
    keys,
    actors,
    kill: true,
    longest: 15_000,
    modes: ['up', 'unreachable', 'slow', 'hang', 'throws', 'partial', 'flap', 'lies', 'nonsense'],
  }),
  steps: fc.array(step, { maxLength: 40, size: 'max' }),
  seed: fc.nat(1_000),
  kind: fc.constantFrom(...kinds),
  latency: fc.constantFrom(0, 5, 250),
});

describe('a cache whose source, actors, clocks and process fail', () => {
  it('keeps its promises, and comes right after the last fault', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (drawn) => {
        await play(drawn);
      }),
      { numRuns: runs },
    );
  });

  it('came to every kind of answer on the way', () => {
    expect(sometimesHappened).not.toThrow();
  });

  it('does one and the same for one seed', async () => {
    const [drawn] = fc.sample(scenario, { numRuns: 1, seed: 5 });
    expect(await play(drawn!)).toBe(await play(drawn!));
  });
});
