import ms from 'ms';
import { OptionsError } from '../errors.js';

/** Milliseconds. */
export type Milliseconds = number;

type Unit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w';

/** A span of time: milliseconds (a whole number), or a number with its unit: `'250ms'`, `'5s'`, `'10m'`, `'1.5h'`, `'30d'`. */
export type Duration = Milliseconds | `${number}${Unit}`;

const written = /^\d+(\.\d+)?(ms|s|m|h|d|w)$/;

/** What was read before: a program writes a few durations, and gives them again and again. */
const known = new Map<string, Milliseconds>();

/** Beyond so many they are made up as the program goes, and will hardly come again. */
const mostKnown = 256;

/**
 * The milliseconds of a duration.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 */
export function milliseconds(duration: Duration, option: string): Milliseconds {
  const value = typeof duration === 'string' ? (known.get(duration) ?? read(duration)) : duration;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new OptionsError(
      `Option "${option}" must be a duration: whole milliseconds, or a number with a unit such as '250ms', '5s', '10m', '1h', '30d'. Given: ${given(duration)}.`,
      { option, given: duration },
    );
  }
  return value;
}

function read(duration: string): number | string {
  if (!written.test(duration)) return duration;
  const value = ms(duration as ms.StringValue);
  if (Number.isSafeInteger(value) && known.size < mostKnown) known.set(duration, value);
  return value;
}

function given(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
