import type { KeyKind } from './table-shape.js';

/** A lone surrogate has no UTF-8, and PostgreSQL has no NUL in its text: the server would look for another key, or refuse. */
const unstorable = /\p{Surrogate}|\0/u;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const integer = /^(0|-?[1-9]\d{0,18})$/;
const bits: Readonly<Record<string, bigint>> = { int2: 15n, int4: 31n, int8: 63n };

/**
 * Whether a row of the table can have this key at all, written just so. No question is asked for one that cannot: to compare it with the
 * column would be an error.
 */
export function canBe(key: string, kind: KeyKind): boolean {
  if (unstorable.test(key)) return false;
  if (kind === 'uuid') return uuid.test(key);
  const size = bits[kind];
  if (size === undefined) return true;
  if (!integer.test(key)) return false;
  const value = BigInt(key);
  return value >= -(1n << size) && value < 1n << size;
}

/** The type that a key is compared as. */
export const sqlTypeOf = (kind: KeyKind): string =>
  kind === 'uuid' ? 'uuid' : kind === 'text' || kind === 'other' ? 'text' : 'int8';
