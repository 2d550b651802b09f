import { inspect } from 'node:util';

/** A thrown value in one line, whatever it is. */
export const shown = (value: unknown): string =>
  value instanceof Error
    ? `${value.name}: ${value.message}`
    : inspect(value, { depth: 2, breakLength: Number.POSITIVE_INFINITY });
