import { CounterError, OptionsError, StateError } from '../../src/errors.js';
import { ageNow } from '../../src/runtime/time.js';
import type { EntryOptions as TableEntry } from '../../src/table/index.js';
import type { EntryOptions } from './call-options.js';
import type { CacheCore } from './core.js';
import type { Held } from './held.js';
import { Flag } from './judge.js';
import { KeptBatch } from './kept-batch.js';
import type { Shelf } from './shelf.js';
import { checkValue, type Writer } from './writer.js';

/** An entry for `putMany`: what a `Map` gives, and where wanted what is said of this one beside its value. */
export type ManyEntry<V> = readonly [key: string, value: V, entry?: EntryOptions];

/** What may be said of a count. All but `initial` is for the entry that begins a count. */
export interface CounterOptions extends EntryOptions {
  /** Where a new count begins. Default 0. */
  readonly initial?: number;
}

/**
 * What is done to values beside storing and removing them. Each is one step: nothing of anybody else comes between its look and
 * its write. Whatever it stores counts as a `put`: answers of reads that began before are refused, the key's load is aborted.
 */
export class Values<V> {
  readonly #core: CacheCore<V>;
  readonly #writer: Writer<V>;
  readonly #shelf: Shelf<V>;

  constructor(core: CacheCore<V>, writer: Writer<V>, shelf: Shelf<V>) {
    this.#core = core;
    this.#writer = writer;
    this.#shelf = shelf;
  }

  get(key: string): V | undefined {
    return this.#held(key)?.value;
  }

  put(key: string, value: V, entry: EntryOptions = {}): void {
    this.putMany([[key, value, entry]]);
  }

  putMany(entries: Iterable<ManyEntry<V>>, common: EntryOptions = {}): void {
    checkIterable(entries);
    const writer = this.#writer;
    const { weights } = this.#core;
    const shared = writer.entry(common);
    // Each is given a time to live of its own.
    const each = this.#core.policy.jitter > 0 && common.ttl === undefined;
    const kept = new KeptBatch<V>(shared);
    for (const given of entries) {
      checkEntry(given);
      const [key, value, own] = given;
      checkValue(value);
      const stored = writer.admitted(key);
      const entry = own === undefined && !each ? shared : writer.entry({ ...common, ...own });
      kept.add(stored, value, weights.weighed(entry, value, stored));
    }
    this.#shelf.apply(kept);
  }

  update(key: string, fn: (value: V) => V): V | undefined {
    const stored = this.#writer.admitted(key);
    const held = this.#shelf.held(stored);
    if (held === undefined) return undefined;
    const next = this.#computed('update', stored, () => fn(held.value));
    checkValue(next);
    this.#revise(stored, next, held);
    return next;
  }

  getAndUpdate(
    key: string,
    fn: (value: V | undefined) => V | undefined,
    entry: EntryOptions = {},
  ): V | undefined {
    const stored = this.#writer.admitted(key);
    const begin = this.#writer.entry(entry);
    const held = this.#shelf.held(stored);
    const next = this.#computed('getAndUpdate', stored, () => fn(held?.value));
    if (held === undefined) {
      if (next !== undefined) this.#begin(stored, next, begin);
      return undefined;
    }
    checkValue(next);
    this.#revise(stored, next as V, held);
    return held.value;
  }

  take(key: string): V | undefined {
    const held = this.#held(key);
    if (held === undefined) return undefined;
    this.invalidate(key);
    return held.value;
  }

  /** V is a type that numbers belong to: the cache's face sees to it. */
  incr(key: string, by: number, options: CounterOptions): number {
    const { initial = 0, ...entry } = options;
    checkFinite(by, 'by');
    checkFinite(initial, 'initial');
    const stored = this.#writer.admitted(key);
    const begin = this.#writer.entry(entry);
    const held = this.#shelf.held(stored);
    // A count is over with its own time to live: what is served stale for a while is not counted on.
    if (held === undefined || ageNow() - held.entry.confirmedAt >= held.entry.ttl) {
      const first = this.#sum(stored, initial, by);
      this.#begin(stored, first as V, begin);
      return first;
    }
    const next = this.#sum(stored, held.value, by);
    this.#revise(stored, next as V, held);
    return next;
  }

  invalidate(keys: string | readonly string[]): void {
    this.#bury(keys, 'invalidated');
  }

  revoke(keys: string | readonly string[]): void {
    this.#bury(keys, 'revoked');
  }

  #held(key: string): Held<V> | undefined {
    const { keys } = this.#core;
    return keys.allows(key) ? this.#shelf.held(keys.stored(key)) : undefined;
  }

  #bury(given: string | readonly string[], gone: 'invalidated' | 'revoked'): void {
    const { keys } = this.#core;
    const allowed = (typeof given === 'string' ? [given] : given).filter((key) => keys.allows(key));
    if (allowed.length > 0) this.#shelf.apply(allowed.map((key) => ({ key: keys.stored(key), gone })));
  }

  /** What the user's function makes of it. Whatever that does to the key itself must not be lost under what it returns. */
  #computed<T>(what: string, stored: string, compute: () => T): T {
    const before = this.#shelf.stamp(stored);
    const computed = compute();
    if (this.#shelf.stamp(stored) === before) return computed;
    throw new StateError(
      `The function given to ${what}() changed ${this.#core.named(stored)} itself: nothing more was done to it. Return the new value instead.`,
    );
  }

  #begin(key: string, value: V, entry: TableEntry): void {
    this.#shelf.apply([{ key, value, entry: this.#core.weights.weighed(entry, value, key), seen: true }]);
  }

  /** Another value in the place of the one held: as old, as long to live, and as doubtful as that was. */
  #revise(key: string, value: V, { entry: held }: Held<V>): void {
    const own = { ...held, flags: (held.flags ?? 0) | Flag.local };
    const entry = this.#core.weights.reweighed(own, value, key);
    this.#shelf.apply([{ key, value, entry, seen: false }]);
  }

  #sum(stored: string, count: unknown, by: number): number {
    if (typeof count !== 'number' || Number.isNaN(count)) {
      const what = typeof count === 'number' ? 'NaN' : count === null ? 'null' : `a ${typeof count}`;
      throw new CounterError(
        `${this.#core.named(stored)} holds ${what}, which cannot be counted: put() a number first.`,
      );
    }
    const sum = count + by;
    const exact = !Number.isInteger(count) || !Number.isInteger(by) || Number.isSafeInteger(sum);
    if (exact && Number.isFinite(sum)) return sum;
    throw new CounterError(
      `${this.#core.named(stored)} holds ${count}: counted on by ${by}, it would pass the whole numbers that are exact.`,
    );
  }
}

/** The keys that have a value, in the order given. */
export function manyOf<V>(keys: Iterable<string>, get: (key: string) => V | undefined): Map<string, V> {
  // A string is an iterable of strings, and hardly meant as one.
  if (typeof keys === 'string') throw new OptionsError('getMany() takes keys: put the key into an array.');
  const found = new Map<string, V>();
  for (const key of keys) {
    const value = get(key);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}

function checkIterable(entries: unknown): void {
  if (typeof (entries as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === 'function') return;
  throw new OptionsError(
    'putMany() takes an iterable of [key, value] or [key, value, options]: a Map, or an array.',
  );
}

function checkEntry(entry: unknown): void {
  if (Array.isArray(entry)) return;
  throw new OptionsError('An entry of putMany() must be [key, value] or [key, value, options].');
}

function checkFinite(number: unknown, option: string): void {
  if (typeof number === 'number' && Number.isFinite(number)) return;
  throw new OptionsError(`Option "${option}" must be a number. Given: ${String(number)}.`, {
    option,
    given: number,
  });
}
