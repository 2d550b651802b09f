import { OptionsError } from '../../src/errors.js';
import { type Duration, type Milliseconds, milliseconds } from '../../src/runtime/duration.js';
import type { Logger } from '../../src/runtime/logger.js';
import type { SnapshotStore } from '../../src/snapshot/store.js';
import type { Source, SourceContext } from '../../src/sources/source.js';
import { type ThrottleOptions, type ThrottlePolicy, throttlePolicy } from '../throttle/options.js';
import { cacheSchema, checkOptions } from './options-schema.js';
import { type ReadPolicy, type ReadPolicyOptions, readPolicy } from './read-policy.js';

/** A number of things. */
export type Count = number;

/** What entries weigh, in a unit of your own: bytes, rows, whatever memory is to be measured by. */
export type Weight = number;

/** How a cache behaves. Only `name` and `source` must be given. Durations are ms, or strings such as `'5s'`. */
export interface CacheOptions<V> {
  /** Names the cache in logs, events and the snapshot, and its actors: `<name>/warmer`. */
  readonly name: string;
  /** Where the truth lives; a function that loads one value is enough to begin. */
  readonly source: Source<V> | ((key: string, context: SourceContext) => Promise<V | undefined>);
  /** Which errors mean "away", beside those that are known (sockets, SQLSTATE, SQLite). */
  readonly unavailable?: (error: unknown) => boolean;
  /** Fresh this long after the source confirmed it. Default: 2 × `warm.every`, so `'10m'`. */
  readonly ttl?: Duration;
  /**
   * Shortens the `ttl` of each entry by a random part of up to this share of it, 0 to 1 (1 excluded), so that what was warmed or put
   * together does not go stale together. An entry's own `ttl` is kept as it is given. Default 0.
   */
  readonly jitter?: number;
  /**
   * A read of a fresh entry (`update` and `incr` are none) restarts its age, as `touch` does: what is in use stays fresh. `true`: for as long
   * as `ttl + staleFor` after the source last confirmed it. A duration: for that long after, instead of `ttl + staleFor`. Never past its own
   * `expiresAt`. The age is restarted once a sixteenth of `ttl` has passed. It goes on after a restart: what is restored and read within its
   * `ttl` is no older by that, and stays `restored`. Default false.
   */
  readonly sliding?: boolean | Duration;
  /**
   * Served stale this much longer, and marked so; never past an entry's own `expiresAt`. Default `'1h'`.
   * Under `'until-expiry'` an entry without `expiresAt` gets one hour.
   */
  readonly staleFor?: Duration | 'until-expiry';
  /** How long "the source has no such row" is believed. Default `'30s'`; 0 turns it off. */
  readonly negativeTtl?: Duration;
  /** The most entries in memory; the least used leave first (S3-FIFO). Default: no bound. Does not bound negatives. */
  readonly maxEntries?: Count;
  /**
   * The most that the entries in memory may weigh together, in whatever unit `weigh` answers. The least used make room; one that is
   * heavier than all of it is answered from the source and not kept, which counts as an eviction. One heavy entry that needs the room
   * of thousands of light ones may stand above the bound until they are gone. Default: no bound.
   */
  readonly maxWeight?: Weight;
  /**
   * What an entry weighs: a number, 0 or more. Asked when it is stored; a `weight` given with the entry goes before it. With `secretKeys`
   * it is handed the digest. Throws, or answers with anything else: reported as `'hook.failed'`, and the entry weighs 1. Default: 1 for each.
   */
  readonly weigh?: (value: V, key: string) => Weight;
  /** The most remembered absences. Default 100,000. They never push out an entry. */
  readonly maxNegative?: Count;
  /** A complete pass proves the absence of what it did not see. Default false. */
  readonly authoritative?: boolean;
  /**
   * Of one row no more than one `touch` with an `expiresAt` reaches the source in so long a time; those in between become one. Memory knows
   * them at once. With `secretKeys` they are left out instead, as their keys would have to be kept. Default `'1m'`; 0: each is told.
   */
  readonly touchEvery?: Duration;
  /** The key guard: a key that it refuses is absent, and nothing is asked or stored. */
  readonly key?: (key: string) => boolean;
  /**
   * Keys are tokens: only their SHA-256 digests are kept, in memory, events, logs and the snapshot. The source is still
   * asked with the key itself, hence never by `missing`, which would need keys that are not kept. A lookup then costs a digest:
   * some 3 µs, and 12 times as much as one by the key itself. A cursor of the source's own must not be made of keys.
   */
  readonly secretKeys?: boolean;
  readonly load?: {
    /** A load that has not settled by then is given up: retries included. Default `'2s'`. */
    readonly timeout?: Duration;
    /** Who holds a stale value waits no longer than this for a fresh one. Default `'500ms'`. */
    readonly softTimeout?: Duration;
    /** How often one load tries again after a connection error. Default 1. */
    readonly retries?: Count;
    /** The most loads in flight at once; where the source has `loadMany`, the most batches. Default 64. */
    readonly concurrency?: Count;
    /** The most keys that one `loadMany` is asked for. Default 500. Without that method it does nothing. */
    readonly batch?: Count;
  };
  /** How `read`, `fetch` and `readMany` treat what is stale, or about to be. Each call may say otherwise. */
  readonly read?: ReadPolicyOptions;
  readonly warm?: {
    /** Default `'5m'`, with a tenth of jitter. */
    readonly every?: Duration;
    /** Rows asked of the source at once. Default 1,000. */
    readonly batch?: Count;
    /** The wait after a failed attempt: in [min, min(max, min · factor^n)], drawn at random unless `jitter` is false. */
    readonly backoff?: {
      readonly min?: Duration;
      readonly max?: Duration;
      readonly factor?: number;
      readonly jitter?: boolean;
    };
  };
  /** Default `'20s'`. */
  readonly sweep?: { readonly every?: Duration };
  /** The table on disk. `every` `'5s'`, `restoreTimeout` `'5s'`: no start waits longer than that for a restore. */
  readonly snapshot?: (
    | { readonly file: string; readonly secret?: string | Uint8Array }
    | { readonly store: SnapshotStore }
  ) & {
    readonly every?: Duration;
    readonly restoreTimeout?: Duration;
    /**
     * The most removals that may wait for a source that is away, and as many rows that were touched meanwhile. Default 10,000; 0: `remove`
     * rejects while it is away, and what is touched waits in memory.
     */
    readonly maxOutbox?: Count;
  };
  /** For a cache that runs alone; under a runtime the runtime's is used. */
  readonly logger?: Logger;
  /**
   * Slows down who guesses keys: `read` and `fetch` are told who asks by `client`. `{}` for the defaults; left out: nobody is
   * slowed down. Hits never are, nor what is asked for without a client.
   */
  readonly throttle?: ThrottleOptions;
}

/** The options, validated, with every default in place and every duration in ms. */
export interface CachePolicy {
  readonly name: string;
  readonly ttl: Milliseconds;
  /** Infinity: until the entry's own `expiresAt`. */
  readonly staleFor: Milliseconds;
  readonly jitter: number;
  readonly sliding: Slides;
  readonly negativeTtl: Milliseconds;
  readonly maxEntries: Count | undefined;
  readonly maxWeight: Weight | undefined;
  readonly maxNegative: Count;
  readonly authoritative: boolean;
  readonly touchEvery: Milliseconds;
  readonly secretKeys: boolean;
  readonly load: {
    readonly timeout: Milliseconds;
    readonly softTimeout: Milliseconds;
    readonly retries: Count;
    readonly concurrency: Count;
    readonly batch: Count;
  };
  readonly read: ReadPolicy;
  readonly warm: { readonly every: Milliseconds; readonly batch: Count };
  readonly backoff: BackoffPolicy;
  readonly sweep: { readonly every: Milliseconds };
  readonly snapshot: {
    readonly every: Milliseconds;
    readonly restoreTimeout: Milliseconds;
    readonly maxOutbox: Count;
  };
  readonly throttle: ThrottlePolicy | undefined;
}

export interface BackoffPolicy {
  readonly min: Milliseconds;
  readonly max: Milliseconds;
  readonly factor: number;
  readonly jitter: boolean;
}

/** What has no `expiresAt` under `'until-expiry'`, and what a snapshot from the future brings, is served this long. */
export const withoutExpiry: Milliseconds = 3_600_000;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws OptionsError that names the option, what was given, and what would do.
 */
export function cachePolicy<V>(options: CacheOptions<V>): CachePolicy {
  checkOptions(cacheSchema, options);
  checkSecrets(options);
  const every = milliseconds(options.warm?.every ?? '5m', 'warm.every');
  const min = milliseconds(options.warm?.backoff?.min ?? '250ms', 'warm.backoff.min');
  const max = milliseconds(options.warm?.backoff?.max ?? '30s', 'warm.backoff.max');
  if (max < min) {
    throw new OptionsError(
      `Option "warm.backoff.max" (${max} ms) must not be less than "warm.backoff.min" (${min} ms).`,
    );
  }
  return {
    name: options.name,
    ttl: options.ttl === undefined ? 2 * every : milliseconds(options.ttl, 'ttl'),
    staleFor:
      options.staleFor === 'until-expiry'
        ? Number.POSITIVE_INFINITY
        : milliseconds(options.staleFor ?? '1h', 'staleFor'),
    jitter: options.jitter ?? 0,
    sliding: slidesOf(options.sliding ?? false),
    negativeTtl: milliseconds(options.negativeTtl ?? '30s', 'negativeTtl'),
    maxEntries: options.maxEntries,
    maxWeight: options.maxWeight,
    maxNegative: options.maxNegative ?? 100_000,
    authoritative: options.authoritative ?? false,
    touchEvery: milliseconds(options.touchEvery ?? '1m', 'touchEvery'),
    secretKeys: options.secretKeys ?? false,
    load: {
      timeout: milliseconds(options.load?.timeout ?? '2s', 'load.timeout'),
      softTimeout: milliseconds(options.load?.softTimeout ?? '500ms', 'load.softTimeout'),
      retries: options.load?.retries ?? 1,
      concurrency: options.load?.concurrency ?? 64,
      batch: options.load?.batch ?? 500,
    },
    read: readPolicy(options.read, {
      accept: 'stale',
      whileStale: 'load',
      softTimeout: milliseconds(options.load?.softTimeout ?? '500ms', 'load.softTimeout'),
      refreshAhead: 0,
    }),
    warm: { every, batch: options.warm?.batch ?? 1000 },
    backoff: {
      min,
      max,
      factor: options.warm?.backoff?.factor ?? 2,
      jitter: options.warm?.backoff?.jitter ?? true,
    },
    sweep: { every: milliseconds(options.sweep?.every ?? '20s', 'sweep.every') },
    snapshot: {
      every: milliseconds(options.snapshot?.every ?? '5s', 'snapshot.every'),
      restoreTimeout: milliseconds(options.snapshot?.restoreTimeout ?? '5s', 'snapshot.restoreTimeout'),
      maxOutbox: options.snapshot?.maxOutbox ?? 10_000,
    },
    throttle: options.throttle && throttlePolicy(options.throttle),
  };
}

/**
 * The outbox must give a removed key back, so it needs a secret where keys are.
 * @throws OptionsError
 */
function checkSecrets<V>({ secretKeys, snapshot, source }: CacheOptions<V>): void {
  if (secretKeys !== true || snapshot === undefined || typeof source === 'function') return;
  if (source.remove === undefined && source.touch === undefined) return;
  const sealed = 'store' in snapshot ? snapshot.store.keepsSecrets === true : snapshot.secret !== undefined;
  if (sealed) return;
  throw new OptionsError(
    'store' in snapshot
      ? 'Option "snapshot.store" must keep secrets (`keepsSecrets: true`) where "secretKeys" is set: its outbox holds the keys themselves, for the source. Give it a secret.'
      : 'Option "snapshot.secret" is missing: with "secretKeys" the snapshot\'s outbox holds the keys themselves, for the source, and is sealed with it. Give a secret of at least 16 random bytes.',
    { option: 'store' in snapshot ? 'snapshot.store' : 'snapshot.secret' },
  );
}
export const slidesOf = (given: boolean | Duration): Slides =>
  typeof given === 'boolean' ? given : milliseconds(given, 'sliding');

/**
 * Whether reads keep an entry fresh. `true`: for as long as it may be served after its confirmation. A number (ms): for that long
 * after its confirmation, and no longer served than that.
 */
export type Slides = boolean | Milliseconds;
