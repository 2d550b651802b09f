import type { Lookup } from '../../actors/cache/lookup.js';
import type { Bus } from '../bus/bus.js';
import type { CacheEvents } from '../bus/cache-events.js';
import type { Happening, History } from './history.js';
import { shown } from './shown.js';
import { untouched } from './untouched.js';
import type { WorldProcess } from './world-process.js';

/** What is observed of a cache: the part of its face that a history can judge. */
export interface ObservableCache<V> {
  lookup(key: string): Lookup<V>;
  read(key: string): Promise<Lookup<V>>;
  put(key: string, value: V, entry?: { readonly expiresAt?: number }): void;
  touch?(key: string, options: { readonly expiresAt: number }): boolean;
  invalidate(keys: string | readonly string[]): void;
  revoke(keys: string | readonly string[]): void;
  remove(key: string): Promise<unknown>;
  clear(): void;
  /** Where it is there, the outages, the complete passes and the ends of queued removals that it tells of are noted too. */
  readonly bus?: Pick<Bus<CacheEvents>, 'subscribe'>;
}

/**
 * The same cache, with everything that it tells and is told noted in the history. Use it in the place of the cache. With a
 * `process` everything runs in that, and once it was killed nothing is noted any more.
 *
 * @example
 * ```ts
 * const db = scriptedSource<string>();
 * const cache = observedCache(defineCache({ name: 'users', source: db }), db.history);
 * ```
 */
export function observedCache<V>(
  cache: ObservableCache<V>,
  history: History<V>,
  process?: WorldProcess,
): ObservableCache<V> {
  const run = <T>(work: () => T): T => (process === undefined ? work() : process.run(work));
  const note = (happening: Happening<V>): void => {
    if (process === undefined || process.alive) history.add(happening);
  };
  const gone = (keys: string | readonly string[], by: 'invalidate' | 'revoke'): void =>
    note({ type: 'gone', keys: typeof keys === 'string' ? [keys] : keys, by });

  for (const status of ['down', 'up'] as const) {
    cache.bus?.subscribe(
      `source.${status}`,
      untouched(() => note({ type: 'source', status })),
    );
  }

  cache.bus?.subscribe(
    'pass.complete',
    untouched(() => note({ type: 'passed' })),
  );
  cache.bus?.subscribe(
    'outbox.delivered',
    untouched(({ key, order }: CacheEvents['outbox.delivered']) => {
      if (order === 'remove') note({ type: 'struck', key });
    }),
  );

  // What a synchronous order sets going (a load, a pass) comes after it: so it is noted before it is given.
  return {
    lookup(key) {
      const lookup = run(() => cache.lookup(key));
      note({ type: 'told', key, by: 'lookup', began: history.next, lookup });
      return lookup;
    },
    async read(key) {
      const began = history.next;
      try {
        const lookup = await run(() => cache.read(key));
        note({ type: 'told', key, by: 'read', began, lookup });
        return lookup;
      } catch (error) {
        note({ type: 'failed', key, by: 'read', error: shown(error) });
        throw error;
      }
    },
    put(key, value, entry = {}) {
      note({ type: 'put', key, value, ...entry });
      run(() => cache.put(key, value, entry));
    },
    touch(key, options) {
      note({ type: 'touched', key, ...options });
      return run(() => cache.touch?.(key, options) ?? false);
    },
    invalidate(keys) {
      gone(keys, 'invalidate');
      run(() => cache.invalidate(keys));
    },
    revoke(keys) {
      gone(keys, 'revoke');
      run(() => cache.revoke(keys));
    },
    async remove(key) {
      note({ type: 'removal', key });
      const how = await run(() => cache.remove(key));
      note({ type: 'gone', keys: [key], by: 'remove', ...(how === 'queued' && { queued: true }) });
      return how;
    },
    clear() {
      note({ type: 'gone', keys: 'all', by: 'clear' });
      run(() => cache.clear());
    },
  };
}
