import type { Milliseconds } from '../../src/runtime/duration.js';
import type { BackoffPolicy } from '../cache/options.js';

/**
 * How long to wait after the n-th failure in a row (n from 1): in [min, min(max, min · factor^n)]. Full jitter, so that a
 * recovering database does not meet the whole herd at once; without it the upper bound.
 *
 * @param draw a random number in [0, 1)
 */
export function backoffDelay(policy: BackoffPolicy, failures: number, draw: number): Milliseconds {
  const longest = Math.min(policy.max, policy.min * policy.factor ** failures);
  if (!policy.jitter) return longest;
  return Math.round(policy.min + draw * (longest - policy.min));
}
