import type { Row } from '../../src/sources/source.js';

/** What `loadMany` has of one key, or why that cannot be told. */
type Found<V> =
  | { readonly ok: true; readonly row: Row<V> | undefined }
  | { readonly ok: false; readonly error: unknown };

/**
 * Looks a key up in what `loadMany` handed over. Anything at all may have come. What was not asked for is not looked at; what was
 * left out does not exist.
 */
export function rowAmong<V>(answer: unknown, key: string): Found<V> {
  try {
    const { get } = answer as Partial<Pick<Map<string, Row<V>>, 'get'>>;
    if (typeof get !== 'function') return noMap(answer);
    return { ok: true, row: get.call(answer, key) };
  } catch (error) {
    return answer === null || answer === undefined ? noMap(answer) : { ok: false, error };
  }
}

const noMap = (answer: unknown) =>
  ({
    ok: false,
    error: new TypeError(
      `loadMany must answer with a Map from each key that exists to its row, not with ${answer === null ? 'null' : typeof answer}.`,
    ),
  }) as const;
