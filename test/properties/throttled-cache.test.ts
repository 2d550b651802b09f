import fc from 'fast-check';
import { sometimes, sometimesHappened } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { type End, limits, play, rows, type Scenario, until } from './throttle-scenario.js';

const runs = Number(process.env.RUNS ?? 40);

const time = fc.integer({ min: 0, max: until / 10 }).map((tenth) => tenth * 10);

const scenario: fc.Arbitrary<Scenario> = fc.record({
  steps: fc.array(
    fc.record({
      at: time,
      client: fc.nat(2),
      key: fc.oneof(fc.nat(rows - 1), fc.integer({ min: rows, max: 30 })),
      giveUp: fc.option(fc.integer({ min: 0, max: 1500 }), { nil: undefined, freq: 3 }),
    }),
    { maxLength: 120, size: 'max' },
  ),
  // Rarer than what the cache's tree gives up at.
  crashes: fc
    .array(fc.integer({ min: 1_700, max: 6_000 }), { minLength: 1, maxLength: 5 })
    .map((gaps) => gaps.map((_, n) => gaps.slice(0, n + 1).reduce((sum, gap) => sum + gap, -1_000))),
  outages: fc.array(fc.record({ at: time, for: fc.integer({ min: 100, max: 4_000 }) }), { maxLength: 2 }),
  latency: fc.constantFrom(0, 5, 120),
});

/** More than may be answered to one client within `resetAfter`. */
function excess(ends: readonly End[]): readonly End[] | undefined {
  const absences = ends.filter(({ how }) => how === 'absent');
  for (const { client, ended } of absences) {
    const within = absences.filter(
      (end) => end.client === client && end.ended >= ended && end.ended < ended + 4_000,
    );
    if (new Set(within.map(({ key }) => key)).size > limits.refuseAfter) return within;
  }
  return undefined;
}

describe('a cache with a throttle, whose clients guess, give up and come back, and whose source goes away', () => {
  it('answers no client more than it may, and no hit late; a crash of the throttle at any instant changes nothing', {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (drawn) => {
        const { ends, mostWaiting, incarnations } = await play(drawn);
        expect(ends).toHaveLength(drawn.steps.length);
        expect(excess(ends)).toBeUndefined();
        for (const { held, asked, ended, how } of ends)
          if (held) expect([how, ended]).toEqual(['fresh', asked]);
        expect(mostWaiting).toBeLessThanOrEqual(30);
        expect(incarnations).toBeGreaterThan(1);
        expect((await play({ ...drawn, crashes: [] })).ends).toEqual(ends);
        for (const { how, held, asked, ended, key } of ends) {
          sometimes('refused', how.startsWith('refused'));
          sometimes('a hit by somebody', held);
          sometimes('an absence that waited', how === 'absent' && ended - asked >= 400);
          sometimes('a guess given up', how === 'gave up' && key >= rows);
          sometimes('nobody can say', how === 'unknown');
        }
      }),
      { numRuns: runs },
    );
  });

  it('came to every kind of end on the way', () => {
    expect(sometimesHappened).not.toThrow();
  });
});
