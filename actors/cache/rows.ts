import type { Cursor, Row } from '../../src/sources/source.js';
import { FeedError } from './feed-error.js';

/** A row that can be stored, or why it cannot. */
export type CheckedRow<V> =
  | { readonly ok: true; readonly row: Row<V> & { readonly value: V } }
  | { readonly ok: false; readonly key: string | undefined; readonly error: unknown };

type Sound<V> = { -readonly [Field in keyof Row<V>]: Row<V>[Field] } & { value: V };

/**
 * Looks at what the source handed over. Anything at all may come: a row of which a part is missing or of the wrong kind, of
 * another key than was asked for, or one whose getters throw.
 */
export function checkRow<V>(candidate: Row<V>, asked?: string): CheckedRow<V> {
  let key: string | undefined;
  try {
    if (typeof candidate !== 'object' || candidate === null)
      return bad(undefined, `A row must be an object, not ${typeof candidate}.`);
    if (typeof candidate.key !== 'string') return bad(asked, 'A row must have a string "key".');
    key = asked ?? candidate.key;
    if (candidate.key !== key) return bad(key, 'The row that came has another key than the one asked for.');
    const { value, expiresAt, version, tags } = candidate;
    if (value === undefined) return bad(key, 'The row has no value.', candidate.error);
    if (expiresAt !== undefined && (typeof expiresAt !== 'number' || Number.isNaN(expiresAt))) {
      return bad(key, 'The row\'s "expiresAt" must be a number: ms since the epoch.');
    }
    if (version !== undefined && (typeof version !== 'number' || Number.isNaN(version))) {
      return bad(key, 'The row\'s "version" must be a number.');
    }
    if (tags !== undefined && !areStrings(tags)) {
      return bad(key, 'The row\'s "tags" must be an array of strings.');
    }
    // Not spread: a pass looks at millions.
    const row: Sound<V> = { key, value };
    if (expiresAt !== undefined && expiresAt !== Number.POSITIVE_INFINITY) row.expiresAt = expiresAt;
    if (version !== undefined) row.version = version;
    if (tags !== undefined) row.tags = tags;
    return { ok: true, row };
  } catch (error) {
    return { ok: false, key, error };
  }
}

function bad(key: string | undefined, message: string, cause?: unknown): CheckedRow<never> {
  return { ok: false, key, error: cause ?? new TypeError(message) };
}

export interface ScanBatch<V> {
  readonly rows: readonly Row<V>[];
  readonly cursor: Cursor | undefined;
  /** As of the scan's beginning. */
  readonly snapshot: boolean;
}

/** What a scan handed over, copied: nothing of it is looked at twice. @throws FeedError when it is no batch. */
export function checkScan<V>(given: unknown): ScanBatch<V> {
  const { rows, cursor, snapshot } = given as Partial<ScanBatch<V>>;
  if (!Array.isArray(rows) || !isCursor(cursor)) {
    throw new FeedError('A batch of scan must be { rows: Row[], cursor?: string }.');
  }
  return { rows: [...rows], cursor, snapshot: snapshot === true };
}

export interface ChangeBatch<V> {
  readonly gone: readonly string[];
  readonly changed: readonly Row<V>[];
  readonly cursor: Cursor | undefined;
  readonly reset: boolean;
}

/** The same of a change feed. */
export function checkChanges<V>(given: unknown): ChangeBatch<V> {
  const { gone, changed, cursor, reset } = given as Partial<ChangeBatch<V>>;
  if (!areStrings(gone) || !Array.isArray(changed) || !isCursor(cursor)) {
    throw new FeedError(
      'A batch of changes must be { gone: string[], changed: Row[], cursor: string, reset?: boolean }.',
    );
  }
  return { gone: [...gone], changed: [...changed], cursor, reset: reset === true };
}

/** The key of what may be no row at all. */
export function keyOf(candidate: unknown): string | undefined {
  try {
    const { key } = candidate as { readonly key?: unknown };
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}

const areStrings = (given: unknown): given is readonly string[] =>
  Array.isArray(given) && given.every((one) => typeof one === 'string');

const isCursor = (given: unknown): given is Cursor | undefined =>
  given === undefined || typeof given === 'string';
