import type { SqliteValue } from './driver.js';
import { fixedColumns } from './statements.js';

/** A row as it crosses from the source's thread. */
export interface RawRow {
  readonly key: SqliteValue;
  readonly expiresAt: SqliteValue;
  readonly revokedAt: SqliteValue;
  readonly updatedAt: SqliteValue;
  /** In the order of the columns that make the value. */
  readonly values: readonly SqliteValue[];
}

/** A selected row, by the order in which every statement selects. */
export function readRow(raw: readonly SqliteValue[]): RawRow {
  const [key = null, expiresAt = null, revokedAt = null, updatedAt = null] = raw;
  return { key, expiresAt, revokedAt, updatedAt, values: raw.slice(fixedColumns) };
}

/** A key is text or a whole number. Undefined for everything else. */
export function keyOf(key: SqliteValue): string | undefined {
  if (typeof key === 'string') return key;
  return typeof key === 'bigint' || Number.isInteger(key) ? String(key) : undefined;
}
