import { setTimeout as sleep } from 'node:timers/promises';
import type { Source } from 'holdfast';

export interface Slowable<V> {
  readonly source: Source<V>;
  /** How long each question waits before it reaches the database, in ms. 0: not at all. */
  slowDown(delay: number): void;
}

/**
 * A source that can be made slow. The delay is in front of the real one, because SQLite has no way to be slow and right;
 * it is shorter than `load.timeout`, so every question is answered, late.
 */
export function slowable<V>(source: Source<V>): Slowable<V> {
  let delay = 0;
  const wait = async ({ signal }: { readonly signal: AbortSignal }): Promise<void> => {
    if (delay > 0) await sleep(delay, undefined, { signal });
  };
  const { load, scan, changes, missing, save, remove } = source;
  return {
    slowDown(milliseconds) {
      delay = milliseconds;
    },
    source: {
      ...source,
      load: async (key, context) => {
        await wait(context);
        return load.call(source, key, context);
      },
      ...(scan && {
        async *scan(context) {
          for await (const page of scan.call(source, context)) {
            await wait(context);
            yield page;
          }
        },
      }),
      ...(changes && {
        async *changes(since, context) {
          await wait(context);
          yield* changes.call(source, since, context);
        },
      }),
      ...(missing && {
        missing: async (keys, context) => {
          await wait(context);
          return missing.call(source, keys, context);
        },
      }),
      ...(save && {
        save: async (row, context) => {
          await wait(context);
          await save.call(source, row, context);
        },
      }),
      ...(remove && {
        remove: async (key, context) => {
          await wait(context);
          await remove.call(source, key, context);
        },
      }),
    },
  };
}
