import { describe, expect, test } from 'vitest';
import type { HeapGrowth } from '../../../src/testing/cli/heap.js';
import { faultOf, type Outcome, outcomeText } from '../../../src/testing/cli/outcome.js';
import { Coverage } from '../../../src/testing/simulation/coverage.js';

const flat: HeapGrowth = {
  collected: true,
  samples: 100,
  bytes: 30 * 2 ** 20,
  perRun: 12,
  perMinute: 1_000,
  grows: false,
};
const growing: HeapGrowth = { ...flat, perRun: 20_000, grows: true };

const outcome = (heap: HeapGrowth | undefined, never: readonly string[] = []): Outcome => ({
  name: 'a soak',
  exploration: {
    finding: undefined,
    runs: 1_000,
    coverage: new Coverage(undefined),
    never,
    events: 100_000,
    virtual: 60_000,
    real: 1_000,
    hash: '0',
  },
  heap,
  replayed: false,
  replay: '',
});

describe('the first line of an outcome', () => {
  const first = (of: Outcome, interrupted = false): string => outcomeText(of, interrupted).split('\n', 1)[0]!;

  test('says that it held, where it did', () => {
    expect(first(outcome(flat))).toBe('"a soak" held.');
    expect(first(outcome(undefined))).toBe('"a soak" held.');
    expect(first(outcome(flat), true)).toBe('"a soak" has held so far.');
    expect(first({ ...outcome(undefined), replayed: true })).toBe('"a soak" holds in this case.');
    expect(first(outcome(flat, ['fault "jump"']))).toBe('"a soak" held, but not everything was tried.');
  });

  test('of a soak whose heap grows does not say that it held', () => {
    expect(faultOf(outcome(growing), true)).toBe('heap');
    expect(first(outcome(growing))).toBe('"a soak" does not hold: the heap grows, though no check failed.');
    expect(first(outcome(growing), true)).not.toContain('held');
    expect(outcomeText(outcome(growing), false)).toContain('THE HEAP GROWS');
  });

  test('takes no heap for growing whose garbage could not be collected', () => {
    const uncollected = { ...growing, collected: false };
    expect(faultOf(outcome(uncollected), true)).toBeUndefined();
    expect(first(outcome(uncollected))).toBe('"a soak" held.');
    const text = outcomeText(outcome(uncollected), false);
    expect(text).not.toContain('THE HEAP GROWS');
    expect(text).toContain('--expose-gc');
  });
});
