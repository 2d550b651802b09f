import fc from 'fast-check';
import { cacheScenario, encodeCase, explore, findingText } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';

/** More of them, or others: `RUNS=1000 SEED=7 npx vitest run test/properties/cache.test.ts`. */
const { RUNS = '100', SEED = '1' } = process.env;
const seed = SEED === 'random' ? Date.now() % 1_000_000 : Number(SEED);

describe('a cache whose source, actors, supervisors, clocks, bus and process fail', () => {
  it('keeps its promises, comes right after the last fault, and to every kind of answer on the way', {
    timeout: 600_000,
  }, async () => {
    const { finding, never } = await explore(fc, cacheScenario, { runs: Number(RUNS), seed });
    if (finding !== undefined) {
      const replay = `npx holdfast simulate --replay ${encodeCase(finding.case)}`;
      throw new Error(findingText(cacheScenario.name, finding, replay), { cause: finding.failure.error });
    }
    // That each fault point failed at some pass is for longer hunts.
    expect(never.filter((what) => !what.startsWith('fault "point '))).toEqual([]);
  });

  it('does one and the same for one seed', { timeout: 120_000 }, async () => {
    const { finding } = await explore(fc, cacheScenario, { runs: 3, seed: 5, verify: true });
    expect(finding?.failure.message).toBeUndefined();
  });
});
