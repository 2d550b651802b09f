import fc from 'fast-check';
import { type Fault, faultsArbitrary, sometimesHappened, tapeArbitrary } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { actors, keys, kinds, play, type Step, until } from './outbox-scenario.js';

/** More of them, or others: `RUNS=1000 SEED=random npx vitest run test/properties/outbox.test.ts`. */
const runs = Number(process.env.RUNS ?? 40);

const step: fc.Arbitrary<Step> = fc.record({
  at: fc.integer({ min: 0, max: until / 100 }).map((tenth) => tenth * 100),
  do: fc.oneof(
    { arbitrary: fc.constant('remove' as const), weight: 6 },
    { arbitrary: fc.constant('save' as const), weight: 4 },
    { arbitrary: fc.constant('touch' as const), weight: 5 },
    { arbitrary: fc.constant('read' as const), weight: 3 },
    fc.constantFrom(
      'lookup' as const,
      'put' as const,
      'invalidate' as const,
      'clear' as const,
      'warm' as const,
    ),
  ),
  key: fc.constantFrom(...keys),
});

/** An outage with a kill in it: what waits then is delivered by the next process, if anybody waits at all. */
const killedInAnOutage: fc.Arbitrary<Fault[]> = fc
  .record({ at: fc.integer({ min: 0, max: 15_000 }), after: fc.integer({ min: 1_000, max: 8_000 }) })
  .map(({ at, after }) => [
    { at, kind: 'source', mode: { mode: 'unreachable' }, for: 12_000 },
    { at: at + after, kind: 'kill', after: 100 },
  ]);

const scenario = fc.record({
  tape: tapeArbitrary(fc),
  outage: fc.option(killedInAnOutage, { nil: [], freq: 1 }),
  faults: faultsArbitrary(fc, {
    until,
    actors,
    kill: true,
    longest: 15_000,
    slowest: 4_000,
    modes: ['up', 'unreachable', 'unreachable', 'slow', 'hang', 'flap', 'locked', 'readonly'],
  }),
  steps: fc.array(step, { maxLength: 40, size: 'max' }),
  crashes: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
  seed: fc.nat(1_000),
  kind: fc.constantFrom(...kinds),
  latency: fc.constantFrom(0, 5, 250),
});

describe('the outbox, while source, actors, clocks and process fail', () => {
  it('delivers what was taken, in order, undoes no later save, and nothing of it comes back', {
    timeout: 600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (drawn) => {
        await play({ ...drawn, faults: [...drawn.outage, ...drawn.faults] });
      }),
      { numRuns: runs },
    );
  });

  it('came to what matters on the way', () => {
    expect(sometimesHappened).not.toThrow();
  });

  it('does one and the same for one seed', async () => {
    const [drawn] = fc.sample(scenario, { numRuns: 1, seed: 5 });
    expect(await play(drawn!)).toBe(await play(drawn!));
  });
});
