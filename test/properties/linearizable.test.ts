import fc from 'fast-check';
import { modeArbitrary, sometimes, sometimesHappened, tapeArbitrary } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { linearized, told } from './linearizable-checker.js';
import {
  type Chronicle,
  type Chronicles,
  countDeeds,
  initially,
  keys,
  type Plan,
  playCounts,
  playRows,
  rowDeeds,
  type Value,
} from './linearizable-stage.js';

/** More of them, or others: `RUNS=10000 SEED=random npx vitest run test/properties/linearizable.test.ts`. */
const numRuns = Number(process.env.RUNS ?? 300);

const until = 150;
const span = fc.integer({ min: 1, max: until });
const mode = modeArbitrary(fc, { slowest: 40, modes: ['up', 'unreachable', 'slow', 'hang', 'flap'] });

const planOf = <Kind extends string>(
  deeds: readonly Kind[],
  {
    crashes,
    most = 3,
    ...others
  }: {
    readonly crashes: number;
    readonly most?: number;
    readonly afters?: readonly number[];
    readonly keys?: readonly number[];
  },
): fc.Arbitrary<Plan<Kind>> => {
  const { afters = [0, 0, 0, 1, 2, 5, 30], keys: wanted = [0, 0, 0, 1] } = others;
  const deed = fc.record({
    after: fc.constantFrom(...afters),
    do: fc.constantFrom(...deeds),
    key: fc.constantFrom(...wanted),
  });
  return fc.record({
    clients: fc.array(fc.array(deed, { minLength: 2, maxLength: 8, size: 'max' }), {
      minLength: 2,
      maxLength: 4,
    }),
    latency: fc.constantFrom(0, 2, 7),
    weather: fc.array(fc.record({ at: span, mode, for: span }), { maxLength: most }),
    answers: fc.array(fc.constantFrom<number | 'lost'>(0, 0, 3, 12, 'lost'), { maxLength: 10 }),
    loads: fc.array(fc.constantFrom(0, 0, 4, 9, 16), { maxLength: 10 }),
    crashes: fc.array(span, { maxLength: crashes }),
    ttl: fc.constantFrom(10, 50, 1000),
    cramped: fc.boolean(),
    tape: tapeArbitrary(fc),
  });
};

/** All sorts of trouble; or a crowd at one row, with none. */
const rowsPlan = fc.oneof(
  planOf(rowDeeds, { crashes: 2 }),
  planOf(['save', 'save', 'remove', 'refresh', 'lookup'] as const, {
    crashes: 0,
    most: 0,
    afters: [0, 0, 1, 3, 8],
    keys: [0],
  }),
);

/** That the key was removed here is told only where it was, and not saved since. */
function unfounded({ calls, removed }: Chronicle): readonly unknown[] {
  const removals = calls.filter(({ what }) => what === 'remove');
  const saves = calls.filter(({ what }) => what.startsWith('save'));
  return removed.filter(
    ({ called, returned }) =>
      !removals.some(
        (removal) =>
          removal.called < returned &&
          !saves.some((save) => save.called > removal.returned && save.returned < called),
      ),
  );
}

function expectLinearizable(chronicles: Chronicles, initial: Value): void {
  for (const key of keys) {
    const { calls } = chronicles[key];
    if (linearized(calls, initial) !== undefined) continue;
    throw new Error(`No one order of these gives "${key}" each answer that it gave:\n${told(calls)}`);
  }
}

describe('single-key operations, at once', () => {
  it('rows: what is told as fresh, and what a write has done, could have been one after the other', {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(rowsPlan, async (plan) => {
        const chronicles = await playRows(plan);
        expectLinearizable(chronicles, initially);
        for (const key of keys) {
          expect(unfounded(chronicles[key])).toEqual([]);
          cover(chronicles[key]);
        }
      }),
      { numRuns },
    );
  });

  it('counts, which memory alone has: every answer could', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(planOf(countDeeds, { crashes: 1 }), async (plan) => {
        // One that leaves for want of room is gone.
        expectLinearizable(await playCounts({ ...plan, cramped: false }), undefined);
      }),
      { numRuns },
    );
  });

  it('came to every kind of history on the way', () => {
    expect(sometimesHappened).not.toThrow();
  });
});

function cover({ calls, removed }: Chronicle): void {
  const writes = calls.filter(({ what }) => what.startsWith('save'));
  const reads = calls.filter(({ what }) => what.includes(': '));
  sometimes('a key is told as removed', removed.length > 0);
  for (const write of writes) {
    const during = reads.filter(({ called, returned }) => called < write.returned && returned > write.called);
    sometimes(
      'a row is read while it is saved',
      write.returned < Number.POSITIVE_INFINITY && during.length > 0,
    );
    sometimes(
      'a row is seen of which nobody knew that it was saved',
      write.returned === Number.POSITIVE_INFINITY &&
        reads.some(({ what }) => what.endsWith(`: ${write.what.slice('save '.length)}`)),
    );
    sometimes(
      'two saves at once',
      writes.some((other) => other.called > write.called && other.called < write.returned),
    );
  }
}
