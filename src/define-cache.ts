import {
  checkTouchOptions,
  type EntryOptions,
  type ImportOptions,
  type ReadOptions,
  type RefreshOptions,
  type TouchOptions,
} from '../actors/cache/call-options.js';
import { Contents, type Entry, type Query, type QueryOptions } from '../actors/cache/contents.js';
import { CacheCore } from '../actors/cache/core.js';
import type { ExportedRecord, ImportReport } from '../actors/cache/exported.js';
import { Gate } from '../actors/cache/gate.js';
import type { Lookup } from '../actors/cache/lookup.js';
import { type CacheOptions, cachePolicy } from '../actors/cache/options.js';
import { Purge } from '../actors/cache/purge.js';
import { Reader } from '../actors/cache/reader.js';
import type { CacheHealth, CacheState, CacheStats, SweepReport, WarmReport } from '../actors/cache/report.js';
import { TableShelf } from '../actors/cache/shelf.js';
import { type Removal, SourceWriter } from '../actors/cache/source-writer.js';
import { healthOf, stateOf, statsOf } from '../actors/cache/status.js';
import { Times } from '../actors/cache/times.js';
import type { Transaction } from '../actors/cache/transaction.js';
import { type TransactionOptions, Transactions } from '../actors/cache/transactions.js';
import { Transfer } from '../actors/cache/transfer.js';
import { type CounterOptions, type ManyEntry, manyOf, Values } from '../actors/cache/values.js';
import { waitFor } from '../actors/cache/wait.js';
import { Writer } from '../actors/cache/writer.js';
import { cacheTree } from '../supervisors/cache-tree.js';
import type { SupervisorLogic } from '../supervisors/supervisor.js';
import type { Bus } from './bus/bus.js';
import type { CacheEvents } from './bus/cache-events.js';
import type { Cache } from './cache.js';
import { createRuntime, type Runtime } from './create-runtime.js';
import { LoadTimeoutError, StateError } from './errors.js';
import { type Duration, milliseconds } from './runtime/duration.js';
import { defaultSnapshotStore, type SnapshotFileOptions, type SnapshotStore } from './snapshot/index.js';
import { functionSource } from './sources/index.js';

export type { Cache, CountedKey } from './cache.js';

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
  readonly #gate: Gate<V>;
  readonly #writer: Writer<V>;
  readonly #through: SourceWriter<V>;
  readonly #values: Values<V>;
  readonly #times: Times<V>;
  readonly #transactions: Transactions<V>;
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
    this.#gate = new Gate(this.#core, this.#reader);
    this.#writer = new Writer(this.#core);
    this.#through = new SourceWriter(this.#core, this.#writer);
    const shelf = new TableShelf(this.#core);
    this.#values = new Values(this.#core, this.#writer, shelf);
    this.#times = new Times(this.#core, shelf);
    this.#transactions = new Transactions(this.#core, this.#reader, this.#writer);
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
    return this.#gate.read(key, options);
  }

  readMany(keys: Iterable<string>, options?: ReadOptions): Promise<Map<string, Lookup<V>>> {
    return this.#gate.readMany(keys, options);
  }

  refresh(key: string, options?: RefreshOptions): Promise<Lookup<V>>;
  refresh(keys: Iterable<string>, options?: RefreshOptions): Promise<Map<string, Lookup<V>>>;
  refresh(keys: string | Iterable<string>, options?: RefreshOptions): Promise<unknown> {
    return typeof keys === 'string'
      ? this.#gate.refresh(keys, options)
      : this.#gate.refreshMany(keys, options);
  }

  get(key: string): V | undefined {
    return this.#reader.get(key);
  }

  fetch(key: string, options?: ReadOptions): Promise<V | undefined> {
    return this.#gate.fetch(key, options);
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
    return this.#through.save(key, value, entry);
  }

  remove(key: string): Promise<Removal> {
    return this.#through.remove(key);
  }

  has(key: string): boolean {
    return this.#reader.has(key);
  }

  clear(): void {
    this.#writer.clear();
  }

  getMany(keys: Iterable<string>): Map<string, V> {
    return manyOf(keys, (key) => this.#reader.get(key));
  }

  putMany(entries: Iterable<ManyEntry<V>>, options?: EntryOptions): void {
    this.#values.putMany(entries, options);
  }

  update(key: string, fn: (value: V) => V): V | undefined {
    return this.#values.update(key, fn);
  }

  getAndUpdate(
    key: string,
    fn: (value: V | undefined) => V | undefined,
    entry?: EntryOptions,
  ): V | undefined {
    return this.#values.getAndUpdate(key, fn, entry);
  }

  take(key: string): V | undefined {
    return this.#values.take(key);
  }

  incr(key: string, by = 1, options: CounterOptions = {}): number {
    return this.#values.incr(key, by, options);
  }

  decr(key: string, by = 1, options: CounterOptions = {}): number {
    return this.#values.incr(key, -by, options);
  }

  ttl(key: string): number | undefined {
    return this.#times.ttl(key);
  }

  expire(key: string, duration: Duration): boolean {
    return this.#times.expire(key, duration);
  }

  expireAt(key: string, at: number): boolean {
    return this.#times.expireAt(key, at);
  }

  touch(key: string, options: TouchOptions = {}): boolean {
    checkTouchOptions(options);
    const { expiresAt } = options;
    return expiresAt === undefined ? this.#times.touch(key) : this.#through.touch(key, expiresAt);
  }

  transaction<R>(
    keys: string | Iterable<string>,
    fn: (tx: Transaction<V>) => R | PromiseLike<R>,
    options?: TransactionOptions,
  ): Promise<R> {
    return this.#transactions.run(keys, fn, options);
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
