import type { Milliseconds } from './duration.js';

/** How delays grow. */
export interface Backoff {
  readonly min: Milliseconds;
  readonly max: Milliseconds;
  /** What a failure multiplies the longest delay by. Default 2. */
  readonly factor?: number;
  /** Default true. */
  readonly jitter?: boolean;
}

/**
 * How long to wait after the n-th failure in a row (n from 1): in [min, min(max, min · factor^n)]. Full jitter, so that what
 * failed together does not come back together, and a recovering database does not meet the whole herd at once; without it the
 * upper bound.
 *
 * @param draw a random number in [0, 1)
 */
export function backoffDelay(
  { min, max, factor = 2, jitter = true }: Backoff,
  failures: number,
  draw: number,
): Milliseconds {
  const longest = Math.min(max, min * factor ** failures);
  return jitter ? Math.round(min + draw * (longest - min)) : longest;
}
