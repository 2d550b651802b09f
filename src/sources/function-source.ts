import type { Source, SourceContext } from './source.js';

/** The short form of a source: one value by its key, `undefined` for "there is no such row". */
export type LoadFunction<V> = (key: string, context: SourceContext) => Promise<V | undefined>;

/**
 * A source that can only load. It has no passes: what was asked for is all there is.
 *
 * @example
 * ```ts
 * const source = functionSource(async (id, { signal }) => (await fetch(url(id), { signal })).json());
 * ```
 */
export function functionSource<V>(load: LoadFunction<V>): Source<V> {
  return {
    async load(key, context) {
      const value = await load(key, context);
      return value === undefined ? undefined : { key, value };
    },
  };
}
