import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { growthOf, type HeapSample, line } from '../../../src/testing/cli/heap.js';

/** A heap sampled each second, ten runs a second. */
const sampled = (count: number, bytes: (runs: number, index: number) => number): HeapSample[] =>
  Array.from({ length: count }, (_, index) => ({
    runs: index * 10,
    at: index * 1_000,
    bytes: bytes(index * 10, index),
  }));

/** As far from the line as a heap is: up and down, by 100 KB. */
const noise = (index: number): number => 100_000 * Math.sin(index * 12.9898);

describe('the line through points', () => {
  test('has the slope that they have', () => {
    const whole = fc.integer({ min: -1_000_000, max: 1_000_000 });
    fc.assert(
      fc.property(whole, whole, fc.integer({ min: 3, max: 50 }), (slope, from, count) => {
        const fit = line(Array.from({ length: count }, (_, x) => [x, from + slope * x]));
        expect(fit.slope).toBeCloseTo(slope, 3);
        expect(fit.error).toBeCloseTo(0, 3);
      }),
    );
  });

  test('is none where there are too few, or all at one place', () => {
    for (const points of [
      [],
      [[1, 1]],
      [
        [1, 1],
        [2, 2],
      ],
      [
        [1, 1],
        [1, 2],
        [1, 3],
      ],
    ] as [number, number][][]) {
      expect(line(points)).toEqual({ slope: 0, error: Number.POSITIVE_INFINITY });
    }
  });
});

describe('a heap', () => {
  test('of which each run keeps some kilobytes grows, in spite of noise', () => {
    const growth = growthOf(
      sampled(100, (runs, index) => 20e6 + 8_192 * runs + noise(index)),
      true,
    );
    expect(growth.grows).toBe(true);
    expect(growth.perRun / 1_024).toBeCloseTo(8, 0);
    expect(growth.perMinute / growth.perRun).toBeCloseTo(600, 0);
  });

  test('that only goes up and down does not', () => {
    expect(
      growthOf(
        sampled(100, (_, index) => 20e6 + 50 * noise(index)),
        true,
      ).grows,
    ).toBe(false);
  });

  test('that grows while it warms up, and no more, does not', () => {
    const warming = sampled(100, (runs) => 10e6 + Math.min(runs, 190) * 40_000);
    expect(growthOf(warming, true).grows).toBe(false);
  });

  test('that grows ever more slowly does not', () => {
    const fading = sampled(100, (runs) => 20e6 + 15e6 * (1 - Math.exp(-runs / 300)));
    expect(growthOf(fading, true).grows).toBe(false);
  });

  test('of which each run keeps some kilobytes grows, however much it warmed up before', () => {
    const both = sampled(100, (runs) => 10e6 + Math.min(runs, 400) * 40_000 + 8_192 * runs);
    const growth = growthOf(both, true);
    expect(growth.grows).toBe(true);
    expect(growth.perRun / 1_024).toBeCloseTo(8, 0);
  });

  test('that gained no more than V8 does by itself does not', () => {
    expect(
      growthOf(
        sampled(100, (runs) => 20e6 + 4_000 * runs),
        true,
      ).grows,
    ).toBe(false);
  });

  test('that gains some bytes a run does not, however long it goes on', () => {
    expect(
      growthOf(
        sampled(5_000, (runs) => 20e6 + 200 * runs),
        true,
      ).grows,
    ).toBe(false);
  });

  test('that was looked at a few times only tells nothing', () => {
    const few = growthOf(
      sampled(10, (runs) => 20e6 + 10_000 * runs),
      true,
    );
    expect(few).toMatchObject({ grows: false, samples: 10 });
    expect(growthOf([], false)).toMatchObject({ grows: false, samples: 0, bytes: 0 });
  });
});
