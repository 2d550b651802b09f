import { OptionsError } from '../../src/errors.js';
import { type Duration, type Milliseconds, milliseconds } from '../../src/runtime/duration.js';

/** Slows down who guesses keys. It counts, for each client, the *distinct* keys that turned out to be absent. */
export interface ThrottleOptions {
  /** So many are answered at once: who mistypes, or comes with an old cookie, notices nothing. Default 20. */
  readonly allowance?: number;
  /** Each is forgotten so long after it was last asked for. Default `'10m'`. */
  readonly resetAfter?: Duration;
  /** The first above the allowance waits so long for its answer, and each further one twice as long. Default `'100ms'`. */
  readonly delay?: Duration;
  /** No answer waits longer. Default `'5s'`. */
  readonly maxDelay?: Duration;
  /** No more than so many are answered within `resetAfter`: ThrottledError from there on. Default 100, at most 10,000. */
  readonly refuseAfter?: number;
  /**
   * The most clients that are remembered. Default 10,000: 5 MB when each has asked for a few keys, 40 MB when all guess.
   * Above it the least guilty are forgotten first, and one that is being slowed never is.
   */
  readonly maxClients?: number;
}

/** The options with every default in place, durations in ms. */
export interface ThrottlePolicy {
  readonly allowance: number;
  readonly resetAfter: Milliseconds;
  readonly delay: Milliseconds;
  readonly maxDelay: Milliseconds;
  readonly refuseAfter: number;
  readonly maxClients: number;
}

/** @throws OptionsError when options do not go together; each alone is checked by the cache's schema. */
export function throttlePolicy(options: ThrottleOptions): ThrottlePolicy {
  const policy: ThrottlePolicy = {
    allowance: options.allowance ?? 20,
    resetAfter: milliseconds(options.resetAfter ?? '10m', 'throttle.resetAfter'),
    delay: milliseconds(options.delay ?? '100ms', 'throttle.delay'),
    maxDelay: milliseconds(options.maxDelay ?? '5s', 'throttle.maxDelay'),
    refuseAfter: options.refuseAfter ?? 100,
    maxClients: options.maxClients ?? 10_000,
  };
  if (policy.maxDelay < policy.delay) {
    throw new OptionsError(
      `Option "throttle.maxDelay" (${policy.maxDelay} ms) must not be less than "throttle.delay" (${policy.delay} ms).`,
    );
  }
  if (policy.refuseAfter < policy.allowance) {
    throw new OptionsError(
      `Option "throttle.refuseAfter" (${policy.refuseAfter}) must not be less than "throttle.allowance" (${policy.allowance}).`,
    );
  }
  return policy;
}

/** How long the answer waits after which so many distinct absent keys were asked for before. */
export function delayAfter(
  { allowance, delay, maxDelay }: Pick<ThrottlePolicy, 'allowance' | 'delay' | 'maxDelay'>,
  before: number,
): Milliseconds {
  return before < allowance ? 0 : Math.min(maxDelay, delay * 2 ** (before - allowance));
}
