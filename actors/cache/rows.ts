import type { Row } from '../../src/sources/source.js';

/** A row that can be stored, or why it cannot. */
export type CheckedRow<V> =
  | { readonly ok: true; readonly row: Row<V> & { readonly value: V } }
  | { readonly ok: false; readonly key: string | undefined; readonly error: unknown };

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
    const row: Row<V> & { readonly value: V } = {
      key,
      value,
      ...(expiresAt !== undefined && expiresAt !== Number.POSITIVE_INFINITY && { expiresAt }),
      ...(version !== undefined && { version }),
      ...(tags !== undefined && { tags }),
    };
    return { ok: true, row };
  } catch (error) {
    return { ok: false, key, error };
  }
}

function bad(key: string | undefined, message: string, cause?: unknown): CheckedRow<never> {
  return { ok: false, key, error: cause ?? new TypeError(message) };
}
