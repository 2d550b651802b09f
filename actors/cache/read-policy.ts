import { type Duration, type Milliseconds, milliseconds } from '../../src/runtime/duration.js';
import type { Lookup, Stale } from './lookup.js';

/** How a read treats what is stale, or about to be. */
export interface ReadPolicyOptions {
  /**
   * `'stale'` (the default): where the source is away or slow, an old value is an answer, and says that it is old. `'fresh'`: never; then
   * the answer is `unknown`, with the reason. It waits for the load as long as that may take: there is nothing for a soft timeout.
   */
  readonly accept?: 'fresh' | 'stale';
  /**
   * What a read of a stale value does. `'load'` (the default) loads it anew and waits, up to the soft timeout: stale is given only where the
   * source is away, or slow (stale-if-unavailable). `'revalidate'` gives the stale value at once and loads in the background
   * (stale-while-revalidate). Either way the load goes on when the answer is given, and what it brings is stored. Under `accept:
   * 'fresh'` it does nothing.
   */
  readonly whileStale?: 'load' | 'revalidate';
  /**
   * A read of a fresh entry that has no more than this left of its `ttl` (but never more than half of that) also loads it in
   * the background. Default 0: never. It is left out while the source is away, while more than half of `load.concurrency` is taken, and for a
   * while (`warm.backoff`) after such a load of the key has failed. Only the `ttl` counts, not an entry's own `expiresAt`.
   */
  readonly refreshAhead?: Duration;
}

/** The same with every default in place. */
export interface ReadPolicy {
  readonly accept: 'fresh' | 'stale';
  readonly whileStale: 'load' | 'revalidate';
  readonly softTimeout: Milliseconds;
  readonly refreshAhead: Milliseconds;
}

/** What is said, over what holds otherwise. */
export function readPolicy(
  options: (ReadPolicyOptions & { readonly softTimeout?: Duration }) | undefined,
  otherwise: ReadPolicy,
): ReadPolicy {
  if (options === undefined) return otherwise;
  const { accept, whileStale, softTimeout, refreshAhead } = options;
  return {
    accept: accept ?? otherwise.accept,
    whileStale: whileStale ?? otherwise.whileStale,
    softTimeout: softTimeout === undefined ? otherwise.softTimeout : milliseconds(softTimeout, 'softTimeout'),
    refreshAhead:
      refreshAhead === undefined ? otherwise.refreshAhead : milliseconds(refreshAhead, 'refreshAhead'),
  };
}

/** What a read does about what memory says. */
export type Step =
  /** It is the answer. */
  | 'answer'
  /** It is the answer, and the source is asked in the background. */
  | 'answer and revalidate'
  /** The source is asked; should it be away or slow, this is the answer. */
  | 'ask, or this'
  /** Only the source has an answer. */
  | 'ask';

/** What a policy makes of an answer of memory. */
export function stepFor(known: Lookup<unknown>, policy: ReadPolicy): Step {
  switch (known.status) {
    case 'fresh':
    case 'absent':
      return 'answer';
    case 'stale':
      if (policy.accept === 'fresh') return 'ask';
      return policy.whileStale === 'revalidate' ? 'answer and revalidate' : 'ask, or this';
    case 'unknown':
      return 'ask';
  }
}

/** Whether a fresh entry of that age is near enough to the end of its `ttl` to be loaded ahead of it. */
export const isNearEnd = (age: Milliseconds, ttl: Milliseconds, { refreshAhead }: ReadPolicy): boolean =>
  refreshAhead > 0 && ttl - age <= Math.min(refreshAhead, ttl / 2);

/** The source was asked and could not be reached: a stale value is told for that reason, where no stronger one holds. */
export const unreached = <V>(stale: Stale<V>): Stale<V> =>
  stale.because === 'ttl' ? { ...stale, because: 'source-unreachable' } : stale;
