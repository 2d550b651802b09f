import type { Milliseconds } from '../../src/runtime/duration.js';
import { type CachePolicy, withoutExpiry } from './options.js';

/** How long an entry is fresh, and how long it may be served after that. */
export interface Terms {
  readonly ttl: Milliseconds;
  /** Infinity: until the entry's own `expiresAt`. */
  readonly staleFor: Milliseconds;
}

/** The terms of an entry: its own where given, the cache's otherwise; never without any end. */
export function termsOf(
  policy: Pick<CachePolicy, 'ttl' | 'staleFor'>,
  own: { readonly ttl?: Milliseconds | undefined; readonly staleFor?: Milliseconds | undefined },
  expiresAt: number | undefined,
): Terms {
  const ttl = own.ttl ?? policy.ttl;
  const staleFor = own.staleFor ?? policy.staleFor;
  return {
    ttl,
    staleFor: staleFor === Number.POSITIVE_INFINITY && expiresAt === undefined ? withoutExpiry : staleFor,
  };
}

/** Where a restored entry stands in this process. */
export interface Restored extends Terms {
  /** ms of ages. */
  readonly confirmedAt: Milliseconds;
}

/**
 * The standing of an entry that a snapshot brings, or undefined where its time is over. Only the wall clock spans a
 * restart: elapsed is max(0, difference). One from the future is served for at most `staleFor` from now, or one hour.
 */
export function restoredTerms(
  terms: Terms,
  confirmedAt: Milliseconds,
  expiresAt: number | undefined,
  now: { readonly age: Milliseconds; readonly wall: Milliseconds },
): Restored | undefined {
  if (expiresAt !== undefined && expiresAt <= now.wall) return undefined;
  const elapsed = now.wall - confirmedAt;
  if (elapsed < 0) {
    const staleFor = terms.staleFor === Number.POSITIVE_INFINITY ? withoutExpiry : terms.staleFor;
    return { ttl: 0, staleFor, confirmedAt: now.age };
  }
  if (elapsed >= terms.ttl + terms.staleFor) return undefined;
  return { ttl: terms.ttl, staleFor: terms.staleFor, confirmedAt: now.age - elapsed };
}

/** The terms of an entry whose age begins anew now. What it was last confirmed for ends when it would have ended. */
export function restarted({ ttl, staleFor, confirmedAt }: Restored, now: Milliseconds): Restored {
  const left = Math.max(0, confirmedAt + ttl + staleFor - now);
  const fresh = Math.min(ttl, left);
  return { confirmedAt: now, ttl: fresh, staleFor: left - fresh };
}
