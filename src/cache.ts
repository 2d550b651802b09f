import type {
  EntryOptions,
  ImportOptions,
  ReadOptions,
  RefreshOptions,
  TouchOptions,
} from '../actors/cache/call-options.js';
import type { Entry, Query, QueryOptions } from '../actors/cache/contents.js';
import type { ExportedRecord, ImportReport } from '../actors/cache/exported.js';
import type { Lookup } from '../actors/cache/lookup.js';
import type { CacheHealth, CacheState, CacheStats, SweepReport, WarmReport } from '../actors/cache/report.js';
import type { Removal } from '../actors/cache/source-writer.js';
import type { Transaction } from '../actors/cache/transaction.js';
import type { TransactionOptions } from '../actors/cache/transactions.js';
import type { CounterOptions, ManyEntry } from '../actors/cache/values.js';
import type { SupervisorLogic } from '../supervisors/supervisor.js';
import type { Bus } from './bus/bus.js';
import type { CacheEvents } from './bus/cache-events.js';
import type { Duration } from './runtime/duration.js';

/** A cache in front of a source, and the handle of all that outlives its actors. */
export interface Cache<V> extends AsyncDisposable {
  /** The small tree: put it under a supervisor of your own. It runs in one place at a time. */
  readonly supervisor: SupervisorLogic;
  /** Runs it alone. Waits for the snapshot to be restored (for a bounded time), never for the source. */
  start(): Promise<this>;
  /**
   * Stops what `start` began. The snapshot is completed, however long that takes: it waits as long as the store gets on with it, and
   * gives up where that has written nothing for 30 s. Then `snapshot.failed` (`doing: 'finish'`) and `health().lastSnapshot` say so,
   * and the next boot finds what had been written.
   */
  stop(): Promise<void>;

  readonly state: CacheState;
  /** Resolves at the first complete pass; at once over a source that has no `scan`. */
  warmed(options?: { readonly timeout?: Duration; readonly signal?: AbortSignal }): Promise<void>;
  /** A pass now: joins the one under way, cuts a backoff short. Rejects with what it failed of. */
  warm(): Promise<WarmReport>;
  /** A sweep now. */
  sweep(): Promise<SweepReport>;
  health(): CacheHealth;
  stats(): CacheStats;
  readonly bus: Bus<CacheEvents>;

  /**
   * Memory only, synchronous: what is known of the key, and how. Of the time at which the stretch of code that asks began to: within one
   * the clocks are looked at once, or every 128 questions in a longer one. So it is of `get` and `has`; `read` and `fetch` look at each.
   */
  lookup(key: string): Lookup<V>;
  /**
   * Memory, then the source, once for all who ask. That the source is away is an answer here, not a rejection; what else the source
   * throws rejects, unchanged. What is done about a stale value is said by `options.read` of the cache, or of this call.
   *
   * @throws OptionsError · StateError when the cache does not run and memory has no answer · LoadCycleError and LoadDeadlockError
   * inside a load · ThrottledError when its `client` has asked for too many keys that do not exist (see `throttle`) · the signal's reason.
   * @example
   * ```ts
   * await cache.read(id, { whileStale: 'revalidate' }); // stale at once, and a load in the background
   * await cache.read(id, { accept: 'fresh', timeout: '1s' }); // never stale: 'unknown' instead
   * ```
   */
  read(key: string, options?: ReadOptions): Promise<Lookup<V>>;
  /**
   * `read` for many keys: an answer for each, in the order given. Where the source has `loadMany`, what memory cannot answer is asked in
   * batches (`load.batch` keys each, a batch counting as one towards `load.concurrency`), together with whatever else is read in
   * the same tick; otherwise key by key. Rejects with what the first of them would have rejected with, when all are settled.
   *
   * @example
   * ```ts
   * const answers = await cache.readMany(['42', '43']);
   * answers.get('42'); // { status: 'fresh', … }
   * ```
   */
  readMany(keys: Iterable<string>, options?: ReadOptions): Promise<Map<string, Lookup<V>>>;
  /**
   * Loads anew, whatever memory says, and resolves with what is known then: by a load that begins now, never by one that was under way
   * and may have seen an older state (that is waited for: a key has one load at a time). While the source is away it resolves with
   * what memory has; `age` tells. Rejects as `read` does.
   *
   * @example
   * ```ts
   * const { status } = await cache.refresh(id);
   * ```
   */
  refresh(key: string, options?: RefreshOptions): Promise<Lookup<V>>;
  refresh(keys: Iterable<string>, options?: RefreshOptions): Promise<Map<string, Lookup<V>>>;
  /** The value that `lookup` would give. For code that need not tell absent from unknown. */
  get(key: string): V | undefined;
  /**
   * The value that `read` would give; undefined for absent.
   * @throws SourceUnavailableError when nobody can say; ThrottledError as `read` does.
   */
  fetch(key: string, options?: ReadOptions): Promise<V | undefined>;

  /** "I have just seen this row." Memory only, at once. Passed over, and counted as refused, while a removal of it is queued. */
  put(key: string, value: V, entry?: EntryOptions): void;
  /** "I know nothing of it any more." Memory only, at once. */
  invalidate(keys: string | readonly string[]): void;
  /** "I know it is gone." Memory only, at once; until the source confirms. */
  revoke(keys: string | readonly string[]): void;
  /**
   * Through the source, then as `put`. Rejects with SourceUnavailableError while it is away: nothing is queued. A removal of the
   * same key that waits in the outbox goes first.
   */
  save(key: string, value: V, entry?: EntryOptions): Promise<void>;
  /**
   * Through the source, then as `revoke`. Resolved, it survives SIGKILL where there is a snapshot; there, while the source is
   * away, it resolves with `'queued'` as soon as the order is in the snapshot's outbox: absent here at once, whatever a read
   * still finds, until the source has been told.
   *
   * @throws SourceUnavailableError while the source is away and there is no snapshot; OutboxFullError beyond
   * `snapshot.maxOutbox`; SnapshotError where the disk refuses it.
   */
  remove(key: string): Promise<Removal>;
  has(key: string): boolean;
  readonly size: number;

  /**
   * The keys of all that may be served, with `secretKeys` their digests; lazily, as memory is when each one's turn comes. No key comes twice,
   * and none is left out that was there all the while. Not in any order.
   */
  keys(): IterableIterator<string>;
  /** The same with their values. */
  entries(): IterableIterator<[key: string, value: V]>;
  /**
   * What `where` says yes to, as `select` has it, up to `limit`; found as it is asked for. `for … of` holds the event loop for as long as it takes
   * to find the next; `for await … of` lets others run in between. What `where` or `select` throws, the iteration throws.
   * @throws OptionsError that names the option.
   * @example
   * ```ts
   * for (const key of sessions.query({ where: ({ value }) => value.userId === '42', select: ({ key }) => key, limit: 10 })) …
   * ```
   */
  query<T = Entry<V>>(options?: QueryOptions<V, T>): Query<T>;
  /**
   * Evicts until no more than `size` entries are left, the least used first, in slices. Resolves with how many went; it proves nothing absent.
   * @throws OptionsError
   */
  prune(size: number): Promise<number>;
  /**
   * `invalidate` for all entries that carry the tag. At once none of them is found, and no answer of the source that was asked for before is
   * stored with it; what is kept for them is cleared away in slices. Resolves with how many there were. Those of the first milliseconds are in the
   * journal within 100 ms; of a tag with very many entries the others follow as they are cleared away, and those in a snapshot that is
   * still to be read as it is read.
   * @throws OptionsError
   */
  invalidateTag(tag: string): Promise<number>;
  /**
   * Everything that may be served and every removal that is remembered, as plain data, in slices. With a `sink` it is called with one record
   * after the other, awaited, and the promise resolves with their number. With `secretKeys` keys are digests.
   */
  exportTo(): AsyncIterable<ExportedRecord<V>>;
  exportTo(sink: (record: ExportedRecord<V>) => unknown): Promise<number>;
  /**
   * Takes in what `exportTo` gave, in slices. What comes in is stale, `'restored'`, until the source confirms it. Rejects with what `records` throws:
   * after `'merge'` what had come stays, after `'replace'` nothing has changed.
   * @throws OptionsError that names the option; StateError when the cache was cleared or rebuilt while it was being replaced.
   */
  importFrom(
    records: AsyncIterable<ExportedRecord<V>> | Iterable<ExportedRecord<V>>,
    options?: ImportOptions,
  ): Promise<ImportReport>;
  /** Empties the memory. */
  clear(): void;

  /** The values that `get` would give, for those of the keys that have one, in the order given. */
  getMany(keys: Iterable<string>): Map<string, V>;
  /**
   * As `put`, for many: `[key, value]` or `[key, value, options]`, hence also a Map. `options` go for all, an entry's own come
   * first. All are checked before the first is stored: where it throws, nothing was.
   *
   * @throws OptionsError for a key that the guard refuses, for undefined, for a wrong option.
   * @example
   * ```ts
   * prices.putMany([['apple', 3], ['melon', 5, { ttl: '1m' }]], { ttl: '10m' });
   * ```
   */
  putMany(entries: Iterable<ManyEntry<V>>, options?: EntryOptions): void;
  /**
   * Puts what `fn` makes of the value held, stale or not, in its place; gives the new one. Where nothing is held `fn` is not
   * called, and the answer is undefined. One step: `fn` is synchronous, and nothing comes between.
   *
   * The entry keeps its age, time to live, `expiresAt`, version and tags, and whatever doubt there is about it: what is
   * derived from a stale value is stale. Otherwise it counts as a `put`: it is believed until the first complete pass that began
   * after it, and a load under way is aborted.
   *
   * @throws OptionsError when `fn` returns undefined; StateError when `fn` changed the key itself. Nothing is stored then.
   * @example
   * ```ts
   * sessions.update(token, (session) => ({ ...session, seen: Date.now() }));
   * ```
   */
  update(key: string, fn: (value: V) => V): V | undefined;
  /**
   * As `update`, but gives what was held *before*, and calls `fn` with undefined where nothing is: what it returns is then stored as
   * by `put`, with these options; undefined stores nothing.
   *
   * @throws as `update`
   */
  getAndUpdate(key: string, fn: (value: V | undefined) => V | undefined, entry?: EntryOptions): V | undefined;
  /**
   * Gives the value held and forgets it, as `invalidate` does: no load or pass that began before brings it back. Of two who take, one
   * gets it. The source is not asked and still has the row.
   */
  take(key: string): V | undefined;
  /**
   * Counts on by `by` (default 1) and gives the new count. The entry keeps its time to live. Where none is held, or where its `ttl` or
   * `expiresAt` is over (`staleFor` does not count), a new count begins at `initial + by`, with these options. Counts as `update`
   * does, and as a `put` where it begins.
   *
   * @throws CounterError when something else than a number is held, or the count would not be exact any more.
   * @example
   * ```ts
   * if (attempts.incr(address, 1, { ttl: '1m' }) > 10) throw new TooManyAttempts();
   * ```
   */
  incr(key: CountedKey<V>, by?: number, options?: CounterOptions): number;
  /** As `incr`, downwards. */
  decr(key: CountedKey<V>, by?: number, options?: CounterOptions): number;

  /** ms for which the entry is still fresh: 0 for a stale one, undefined where no value is held. */
  ttl(key: string): number | undefined;
  /**
   * From now on the entry is served for at most `duration`: `expireAt` by the wall clock's present time. It does not stay fresh longer
   * by that. Says whether a value is held.
   *
   * @throws OptionsError
   */
  expire(key: string, duration: Duration): boolean;
  /**
   * Gives the entry another `expiresAt`, earlier or later: wall-clock ms since the epoch. One that has passed ends it at once. It
   * counts as a `put` of the value held: the next pass brings what the source says. Says whether a value is held.
   *
   * @throws OptionsError when `at` is not a finite number.
   */
  expireAt(key: string, at: number): boolean;
  /**
   * Restarts the entry's age: it is as fresh as on the day it was put, but not confirmed. So what is `restored` or `suspect` stays that,
   * and it is served for no longer than `ttl + staleFor` after the source, or a `put`, last confirmed it, nor past its
   * `expiresAt`. Answers of the source that are under way are not refused for it. Says whether a value is held.
   *
   * With `expiresAt` (wall-clock ms since the epoch) the row is in use until then: it expires then and no sooner, in memory at once and in
   * the source too, which is told of a row at most once in `touchEvery`, of the last touch. Its age goes on. While the source is away the
   * touch waits in the snapshot's outbox, where it survives SIGKILL, or without one in memory; until it has arrived no answer of the
   * source ends the row as expired. A removal drops what waits of its key; neither brings a row back. A source that has no `touch`
   * is given the whole row by `save`, while what is held is fresh.
   *
   * @throws OptionsError; StateError over a source that has neither `touch` nor `save`.
   * @example
   * ```ts
   * sessions.touch(token, { expiresAt: Date.now() + 30 * 60_000 }); // at each request
   * ```
   */
  touch(key: string, options?: TouchOptions): boolean;

  /**
   * Runs `fn` with these keys to itself among all transactions: those that share a key go one after another, in the order in which
   * they came; others side by side. What `fn` does through `tx` is applied in one synchronous step when it has ended; where it
   * throws, nothing is, and its error comes out as it is. Without an `await` between, plain operations cost what they always do, and do
   * not wait.
   *
   * A plain operation, or an answer of the source, may change a key meanwhile. Where the transaction had read another value, or was to write
   * what was removed, it rejects with `TransactionConflictError` (and is run again, given `retries`); a key that it writes without
   * having read it is written over.
   *
   * A transaction begun inside `fn`, on this cache or another, is a part of it: keys held already it has at once, others it waits for,
   * and all is applied, or nothing, when the outermost has ended. Memory only: `save` and `remove` are no part of it.
   *
   * @throws TransactionConflictError, TransactionTimeoutError (`timeout`, default 5 s), DeadlockError, OptionsError.
   * @example
   * ```ts
   * await stock.transaction(['apple', 'melon'], async (tx) => {
   *   await pay();
   *   tx.decr('apple');
   *   tx.incr('melon');
   * });
   * ```
   */
  transaction<R>(
    keys: string | Iterable<string>,
    fn: (tx: Transaction<V>) => R | PromiseLike<R>,
    options?: TransactionOptions,
  ): Promise<R>;
}

/** A key of a cache whose values may be numbers: others cannot count. */
export type CountedKey<V> = number extends V ? string : never;
