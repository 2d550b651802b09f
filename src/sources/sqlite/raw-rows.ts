import type { SqliteValue } from './driver.js';

/**
 * Rows as they cross from the source's thread: by column, because a few long arrays cross several times faster than a
 * thousand small objects. A column in two roles crosses once.
 */
export interface RawRows {
  /** The names of the columns that make the value. */
  readonly columns: readonly string[];
  /** One array for each of them. */
  readonly values: readonly (readonly SqliteValue[])[];
  readonly keys: readonly SqliteValue[];
  readonly expiresAt: readonly SqliteValue[];
  readonly updatedAt: readonly SqliteValue[];
}

/** A key is text or a whole number. Undefined for everything else. */
export function keyOf(key: SqliteValue | undefined): string | undefined {
  if (typeof key === 'string') return key;
  return typeof key === 'bigint' || Number.isInteger(key) ? String(key) : undefined;
}
