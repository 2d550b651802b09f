import { StateError } from '../../src/errors.js';
import type { Duration } from '../../src/runtime/duration.js';
import type { EntryOptions } from './call-options.js';
import type { Change } from './changes.js';
import type { CacheCore } from './core.js';
import type { Held } from './held.js';
import type { Reader } from './reader.js';
import type { Scope } from './scope.js';
import type { Shelf } from './shelf.js';
import { Times } from './times.js';
import { type CounterOptions, type ManyEntry, manyOf, Values } from './values.js';
import type { Workspace } from './workspace.js';
import type { Writer } from './writer.js';

/**
 * What a transaction's function works with. It reads what was there when the transaction first asked for a key, and its own
 * changes over that; nobody else sees those before the transaction is done. It knows the keys that were named, and no others.
 * All but `fetch` are synchronous, and mean what they mean for the cache.
 */
export interface Transaction<V> {
  /** Fires when the transaction ends without having happened: its time is over, or the one around it failed. */
  readonly signal: AbortSignal;
  get(key: string): V | undefined;
  has(key: string): boolean;
  getMany(keys: Iterable<string>): Map<string, V>;
  /**
   * What the transaction holds of the key; where that is nothing, or stale, the source is asked as by `cache.fetch`.
   *
   * @throws SourceUnavailableError when nobody can say.
   */
  fetch(key: string): Promise<V | undefined>;
  put(key: string, value: V, entry?: EntryOptions): void;
  putMany(entries: Iterable<ManyEntry<V>>, options?: EntryOptions): void;
  update(key: string, fn: (value: V) => V): V | undefined;
  getAndUpdate(key: string, fn: (value: V | undefined) => V | undefined, entry?: EntryOptions): V | undefined;
  take(key: string): V | undefined;
  incr(key: number extends V ? string : never, by?: number, options?: CounterOptions): number;
  decr(key: number extends V ? string : never, by?: number, options?: CounterOptions): number;
  invalidate(keys: string | readonly string[]): void;
  revoke(keys: string | readonly string[]): void;
  ttl(key: string): number | undefined;
  expire(key: string, duration: Duration): boolean;
  expireAt(key: string, at: number): boolean;
  /** Its age begins anew at this moment, not at the transaction's end; what the source confirms in between is younger. */
  touch(key: string): boolean;
}

/** A transaction's own view of one cache, while it runs. */
export class CacheTransaction<V> implements Transaction<V> {
  readonly #core: CacheCore<V>;
  readonly #reader: Reader<V>;
  readonly #scope: Scope;
  readonly #workspace: Workspace<V>;
  readonly #shelf: Shelf<V>;
  readonly #values: Values<V>;
  readonly #times: Times<V>;

  constructor(of: {
    readonly core: CacheCore<V>;
    readonly reader: Reader<V>;
    readonly writer: Writer<V>;
    readonly scope: Scope;
    readonly workspace: Workspace<V>;
    /** Throws where the key (as stored) is not this transaction's to use now. */
    readonly check: (key: string) => void;
  }) {
    const { core, reader, writer, scope, workspace, check } = of;
    this.#core = core;
    this.#reader = reader;
    this.#scope = scope;
    this.#workspace = workspace;
    this.#shelf = new CheckedShelf(workspace, check);
    this.#values = new Values(core, writer, this.#shelf);
    this.#times = new Times(core, this.#shelf);
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.get(key) !== undefined;
  }

  getMany(keys: Iterable<string>): Map<string, V> {
    return manyOf(keys, (key) => this.#values.get(key));
  }

  async fetch(key: string): Promise<V | undefined> {
    const stored = this.#core.keys.stored(key);
    const held = this.#shelf.held(stored);
    if (held?.verdict === 'fresh') return held.value;
    const draft = this.#workspace.draft(stored);
    if (draft !== undefined && 'gone' in draft) {
      if (draft.gone === 'revoked') return undefined;
      throw new StateError(
        `This transaction has itself forgotten ${this.#core.named(stored)}: fetch() it when that is done.`,
      );
    }
    if (draft !== undefined && held !== undefined) return held.value;
    this.#workspace.checkKey(stored);
    const { signal } = this.#scope;
    const fetched = await this.#scope.during(this.#reader.fetch(key, { signal }));
    // What another one put there meanwhile is as good as what the source brought; it may also be over at once.
    const renewed = this.#workspace.ground.renew(stored);
    return renewed === undefined ? fetched : renewed.value;
  }

  put(key: string, value: V, entry?: EntryOptions): void {
    this.#values.put(key, value, entry);
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

  invalidate(keys: string | readonly string[]): void {
    this.#values.invalidate(keys);
  }

  revoke(keys: string | readonly string[]): void {
    this.#values.revoke(keys);
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

  touch(key: string): boolean {
    return this.#times.touch(key);
  }
}

/** A shelf of which only some keys may be used, and those not always. */
class CheckedShelf<V> implements Shelf<V> {
  readonly #shelf: Shelf<V>;
  readonly #check: (key: string) => void;

  constructor(shelf: Shelf<V>, check: (key: string) => void) {
    this.#shelf = shelf;
    this.#check = check;
  }

  held(key: string): Held<V> | undefined {
    this.#check(key);
    return this.#shelf.held(key);
  }

  stamp(key: string): unknown {
    this.#check(key);
    return this.#shelf.stamp(key);
  }

  apply(changes: Iterable<Change<V>>): void {
    for (const { key } of changes) this.#check(key);
    this.#shelf.apply(changes);
  }
}
