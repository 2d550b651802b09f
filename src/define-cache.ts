import { CacheCore } from '../actors/cache/core.js';
import type { Lookup } from '../actors/cache/lookup.js';
import {
  type CacheOptions,
  cachePolicy,
  type EntryOptions,
  type ReadOptions,
} from '../actors/cache/options.js';
import { Reader } from '../actors/cache/reader.js';
import type { CacheHealth, CacheState, CacheStats, SweepReport, WarmReport } from '../actors/cache/report.js';
import { healthOf, stateOf, statsOf } from '../actors/cache/status.js';
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
