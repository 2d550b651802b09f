import * as v from 'valibot';
import { OptionsError } from '../src/errors.js';
import { checkedOptions } from '../src/runtime/checked-options.js';
import { type Duration, type Milliseconds, milliseconds } from '../src/runtime/duration.js';

/** How long to wait before something that failed is started again. */
export interface BackoffOptions {
  /** The shortest delay. Default `'250ms'`. */
  readonly min?: Duration;
  /** The longest delay. Default `'30s'`. */
  readonly max?: Duration;
  /** Having run so long, it is believed to be well: the next delay is of the shortest again. Default: as long as `max`. */
  readonly resetAfter?: Duration;
}

/** The options in ms. */
export interface BackoffPolicy {
  readonly min: Milliseconds;
  readonly max: Milliseconds;
  readonly resetAfter: Milliseconds;
}

const duration = v.optional(v.custom<Duration>(() => true));
const schema = v.strictObject({ min: duration, max: duration, resetAfter: duration });

/** @throws OptionsError that names the option, what was given and what would do. */
export function backoffPolicy(options: BackoffOptions): BackoffPolicy {
  const given = checkedOptions(schema, options, { of: 'withBackoff' });
  const min = milliseconds(given.min ?? '250ms', 'min');
  const max = milliseconds(given.max ?? Math.max(min, 30_000), 'max');
  if (min === 0) {
    throw new OptionsError('Option "min" must be longer than 0 ms: it would spin. Given: 0.', {
      option: 'min',
      given: given.min,
    });
  }
  if (max < min) {
    throw new OptionsError(`Option "max" (${max} ms) must not be less than "min" (${min} ms).`, {
      option: 'max',
      given: given.max,
    });
  }
  return { min, max, resetAfter: milliseconds(given.resetAfter ?? max, 'resetAfter') };
}

/** How many failures in a row there have been, with one more. `ran`: for how long it had run; undefined, if it never did. */
export const failuresAfter = (
  { resetAfter }: BackoffPolicy,
  failures: number,
  ran: Milliseconds | undefined,
): number => (ran !== undefined && ran >= resetAfter ? 1 : failures + 1);
