import { Contents, type Entry, type Query, type QueryOptions } from '../actors/cache/contents.js';
import { CacheCore } from '../actors/cache/core.js';
import type { ExportedRecord, ImportReport } from '../actors/cache/exported.js';
import type { Lookup } from '../actors/cache/lookup.js';
import {
  type CacheOptions,
  cachePolicy,
  type EntryOptions,
  type ImportOptions,
  type ReadOptions,
} from '../actors/cache/options.js';
import { Purge } from '../actors/cache/purge.js';
import { Reader } from '../actors/cache/reader.js';
import type { CacheHealth, CacheState, CacheStats, SweepReport, WarmReport } from '../actors/cache/report.js';
import { healthOf, stateOf, statsOf } from '../actors/cache/status.js';
import { Transfer } from '../actors/cache/transfer.js';
import { waitFor } from '../actors/cache/wait.js';
import { Writer } from '../actors/cache/writer.js';
import { cacheTree } from '../supervisors/cache-tree.js';
import type { SupervisorLogic } from '../supervisors/supervisor.js';
import type { Bus } from './bus/bus.js';
import type { CacheEvents } from './bus/cache-events.js';
import { createRuntime, type Runtime } from './create-runtime.js';
import { LoadTimeoutError, StateError } from './errors.js';
import { type Duration, milliseconds } from './runtime/duration.js';
import { defaultSnapshotStore, type SnapshotFileOptions, type SnapshotStore } from './snapshot/index.js';
import { functionSource } from './sources/index.js';

/** A cache in front of a source, and the handle of all that outlives its actors. */
export interface Cache<V> extends AsyncDisposable {
  /** The small tree: put it under a supervisor of your own. It runs in one place at a time. */
  readonly supervisor: SupervisorLogic;
  /** Runs it alone. Waits for the snapshot to be restored (for a bounded time), never for the source. */
  start(): Promise<this>;
  /** Stops what `start` began: the snapshot is completed. */
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

  /** Memory only, synchronous: what is known of the key, and how. */
  lookup(key: string): Lookup<V>;
  /** Memory, then the source, once for all who ask. That the source is away is an answer here, not a rejection. */
  read(key: string, options?: ReadOptions): Promise<Lookup<V>>;
  /** The value that `lookup` would give. For code that need not tell absent from unknown. */
  get(key: string): V | undefined;
  /**
   * The value that `read` would give; undefined for absent.
   * @throws SourceUnavailableError when nobody can say.
   */
  fetch(key: string, options?: ReadOptions): Promise<V | undefined>;

  /** "I have just seen this row." Memory only, at once. */
  put(key: string, value: V, entry?: EntryOptions): void;
  /** "I know nothing of it any more." Memory only, at once. */
  invalidate(keys: string | readonly string[]): void;
  /** "I know it is gone." Memory only, at once; until the source confirms. */
  revoke(keys: string | readonly string[]): void;
  /** Through the source, then as `put`. Rejects with SourceUnavailableError while it is away: nothing is queued. */
  save(key: string, value: V, entry?: EntryOptions): Promise<void>;
  /** Through the source, then as `revoke`. Resolved, it survives SIGKILL where there is a snapshot. */
  remove(key: string): Promise<void>;
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
   * journal within 100 ms; of a tag with very many entries the others follow as they are cleared away.
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
}

/**
 * Defines a cache. Nothing runs before `start()`, or before a supervisor starts its tree; `put` and `lookup` work at once.
 *
 * @throws OptionsError that names the option, what was given, and what would do.
 * @example
 * ```ts
 * const users = await defineCache<User>({ name: 'users', source: (id) => db.findUser(id) }).start();
 * const answer = await users.read('42');
 * ```
 */
export function defineCache<V>(options: CacheOptions<V>): Cache<V> {
  return new CacheHandle(options);
}

class CacheHandle<V> implements Cache<V> {
  readonly supervisor: SupervisorLogic;
  readonly #core: CacheCore<V>;
  readonly #reader: Reader<V>;
  readonly #writer: Writer<V>;
  readonly #contents: Contents<V>;
  readonly #purge: Purge<V>;
  readonly #transfer: Transfer<V>;
  readonly #options: CacheOptions<V>;
  #runtime: Runtime | undefined;
  #starting: Promise<this> | undefined;
  #stopping: Promise<void> = Promise.resolve();

  constructor(options: CacheOptions<V>) {
    const policy = cachePolicy(options);
    const { source, snapshot } = options;
    this.#options = options;
    this.#core = new CacheCore<V>({
      policy,
      source: typeof source === 'function' ? functionSource(source) : source,
      guard: options.key,
      weigh: options.weigh,
      unavailable: options.unavailable,
      logger: options.logger,
      openStore:
        snapshot === undefined
          ? undefined
          : async () => ('store' in snapshot ? snapshot.store : fileStore(snapshot)),
    });
    this.#reader = new Reader(this.#core);
    this.#writer = new Writer(this.#core);
    this.#contents = new Contents(this.#core);
    this.#purge = new Purge(this.#core, this.#writer);
    this.#transfer = new Transfer(this.#core, this.#contents, this.#writer);
    this.supervisor = cacheTree(this.#core);
  }

  start(): Promise<this> {
    if (this.#starting === undefined) {
      const starting = this.#start();
      this.#starting = starting;
      starting.catch(() => {
        if (this.#starting === starting) this.#starting = undefined;
      });
    }
    return this.#starting;
  }

  async #start(): Promise<this> {
    await this.#stopping;
    const { logger } = this.#options;
    const runtime = createRuntime(this.supervisor, logger === undefined ? {} : { logger });
    this.#runtime = runtime;
    // It may end by itself: above the restart intensity.
    void runtime.exited.then(() => {
      if (this.#runtime !== runtime) return;
      this.#runtime = undefined;
      this.#starting = undefined;
      this.#core.ended();
    });
    await runtime.start();
    return this;
  }

  async stop(): Promise<void> {
    this.#starting = undefined;
    const runtime = this.#runtime;
    if (runtime !== undefined) this.#stopping = runtime.stop();
    await this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get state(): CacheState {
    return stateOf(this.#core);
  }

  get bus(): Bus<CacheEvents> {
    return this.#core.bus;
  }

  get size(): number {
    return this.#core.table.size;
  }

  async warmed(options: { readonly timeout?: Duration; readonly signal?: AbortSignal } = {}): Promise<void> {
    const { passes, policy } = this.#core;
    const { timeout, signal } = options;
    if (!passes.possible || passes.completed > 0) return;
    let off = (): void => {};
    const completed = new Promise<void>((resolve) => {
      off = passes.completion.listen(resolve);
    });
    try {
      const wait = await waitFor(completed, {
        timeout: timeout === undefined ? Number.POSITIVE_INFINITY : milliseconds(timeout, 'timeout'),
        ...(signal && { signal }),
      });
      if (wait.type === 'late') {
        throw new LoadTimeoutError(`Cache "${policy.name}" was not warmed within ${timeout}.`, {
          cause: passes.last?.error,
        });
      }
    } finally {
      off();
    }
  }

  async warm(): Promise<WarmReport> {
    const { passes } = this.#core;
    if (!passes.possible) return { rows: 0, removed: 0, quarantined: 0, took: 0, skipped: 'no-scan' };
    this.#mustRun();
    return passes.requests.make();
  }

  async sweep(): Promise<SweepReport> {
    this.#mustRun();
    return this.#core.sweeps.make();
  }

  health(): CacheHealth {
    return healthOf(this.#core);
  }

  stats(): CacheStats {
    return statsOf(this.#core);
  }

  lookup(key: string): Lookup<V> {
    return this.#reader.lookup(key);
  }

  read(key: string, options?: ReadOptions): Promise<Lookup<V>> {
    return this.#reader.read(key, options);
  }

  get(key: string): V | undefined {
    return this.#reader.get(key);
  }

  fetch(key: string, options?: ReadOptions): Promise<V | undefined> {
    return this.#reader.fetch(key, options);
  }

  put(key: string, value: V, entry?: EntryOptions): void {
    this.#writer.put(key, value, entry);
  }

  invalidate(keys: string | readonly string[]): void {
    this.#writer.invalidate(keys);
  }

  revoke(keys: string | readonly string[]): void {
    this.#writer.revoke(keys);
  }

  save(key: string, value: V, entry?: EntryOptions): Promise<void> {
    return this.#writer.save(key, value, entry);
  }

  remove(key: string): Promise<void> {
    return this.#writer.remove(key);
  }

  has(key: string): boolean {
    return this.#reader.has(key);
  }

  clear(): void {
    this.#writer.clear();
  }

  keys(): IterableIterator<string> {
    return this.#contents.keys();
  }

  entries(): IterableIterator<[key: string, value: V]> {
    return this.#contents.entries();
  }

  query<T = Entry<V>>(options?: QueryOptions<V, T>): Query<T> {
    return this.#contents.query(options);
  }

  prune(size: number): Promise<number> {
    return this.#purge.prune(size);
  }

  invalidateTag(tag: string): Promise<number> {
    return this.#purge.invalidateTag(tag);
  }

  exportTo(): AsyncIterable<ExportedRecord<V>>;
  exportTo(sink: (record: ExportedRecord<V>) => unknown): Promise<number>;
  exportTo(
    sink?: (record: ExportedRecord<V>) => unknown,
  ): AsyncIterable<ExportedRecord<V>> | Promise<number> {
    return sink === undefined ? this.#transfer.export() : this.#transfer.exportInto(sink);
  }

  importFrom(
    records: AsyncIterable<ExportedRecord<V>> | Iterable<ExportedRecord<V>>,
    options?: ImportOptions,
  ): Promise<ImportReport> {
    return this.#transfer.import(records, options);
  }

  #mustRun(): void {
    const { running, expectsRestart, policy } = this.#core;
    if (!running && !expectsRestart) {
      throw new StateError(
        `Cache "${policy.name}" is not running: await start() first, or put its supervisor under a running one.`,
      );
    }
  }
}

/** The store is given what is its own: how often it is written is the snapshotter's. */
const fileStore = ({ file, secret }: SnapshotFileOptions): SnapshotStore =>
  defaultSnapshotStore(secret === undefined ? { file } : { file, secret });
