import type { SessionData } from 'express-session';
import * as v from 'valibot';
import type { Cache } from '../define-cache.js';
import { OptionsError } from '../errors.js';
import { checkedOptions } from '../runtime/checked-options.js';
import { type Duration, type Milliseconds, milliseconds } from '../runtime/duration.js';

/** What the store needs of a cache. `defineCache<SessionData>({ … })` is one. */
export type SessionCache = Pick<
  Cache<SessionData>,
  'read' | 'lookup' | 'save' | 'remove' | 'revoke' | 'touch' | 'expireAt' | 'entries'
>;

export interface HoldfastStoreOptions {
  /**
   * Where the sessions are. It is started, and stopped, by you. Its source must be able to `save` and to `remove`. Each request moves on when
   * its session expires: the cache tells the source of that once in its `touchEvery` (a minute).
   */
  readonly cache: SessionCache;
  /** How long a session lives whose cookie does not say: one that ends with the browser. Default `'1d'`. */
  readonly ttl?: Duration;
  /**
   * What becomes of a session that may have changed meanwhile, because the database is away: it is served, or the request fails, since nobody can
   * vouch for it. Default `'serve'`.
   */
  readonly stale?: 'serve' | 'refuse';
  /** How long after its end a session cannot be saved again, by a request that was slow. Default `'1h'`. */
  readonly remember?: Duration;
}

export interface StorePolicy {
  readonly cache: SessionCache;
  readonly ttl: Milliseconds;
  readonly servesStale: boolean;
  readonly remember: Milliseconds;
}

const methods = ['read', 'lookup', 'save', 'remove', 'revoke', 'touch', 'expireAt', 'entries'] as const;

const isCache = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');

const duration = v.optional(v.union([v.number(), v.string()], "must be a duration, such as '5m' or 300000"));

const schema = v.strictObject({
  cache: v.custom<SessionCache>(isCache, 'must be a cache, as defineCache() returns one'),
  ttl: duration,
  stale: v.optional(v.picklist(['serve', 'refuse'], "must be 'serve' or 'refuse'")),
  remember: duration,
});

/** @throws OptionsError that names the option. */
export function storePolicy(options: HoldfastStoreOptions): StorePolicy {
  checkedOptions(schema, options, { of: 'the session store' });
  const { cache, ttl = '1d', stale = 'serve', remember = '1h' } = options;
  const life = milliseconds(ttl, 'ttl');
  if (life <= 0) {
    throw new OptionsError(`Option "ttl" of the session store must be more than 0. Given: ${String(ttl)}.`);
  }
  return {
    cache,
    ttl: life,
    servesStale: stale === 'serve',
    remember: milliseconds(remember, 'remember'),
  };
}
