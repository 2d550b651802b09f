import { expect, test } from 'vitest';
import { backoffDelay } from '../../src/runtime/backoff-delay.js';

test('by default a delay is drawn from what doubles with every failure, up to the longest', () => {
  const delays = [1, 2, 3, 4].map((failures) => backoffDelay({ min: 100, max: 1000 }, failures, 0.5));
  expect(delays).toEqual([150, 250, 450, 550]);
});

test('without jitter it is the upper bound, whatever the factor', () => {
  const given = { min: 100, max: 1000, factor: 3, jitter: false };
  expect([1, 2, 3].map((failures) => backoffDelay(given, failures, 0.5))).toEqual([300, 900, 1000]);
});
