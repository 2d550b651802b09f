import type { EntryOptions as TableEntry } from '../../src/table/index.js';
import type { Kept } from './changes.js';

/**
 * What `putMany` is to keep, in columns: a million objects at once are as much for the collector as the table itself. Each comes to
 * be when its turn comes, and is gone with it.
 */
export class KeptBatch<V> implements Iterable<Kept<V>> {
  readonly #common: TableEntry;
  readonly #keys: string[] = [];
  readonly #values: V[] = [];
  /** None before one is kept with another entry than the common one. */
  #entries: TableEntry[] | undefined;

  constructor(common: TableEntry) {
    this.#common = common;
  }

  add(key: string, value: V, entry: TableEntry): void {
    if (entry !== this.#common) this.#entries ??= this.#keys.map(() => this.#common);
    this.#keys.push(key);
    this.#values.push(value);
    this.#entries?.push(entry);
  }

  *[Symbol.iterator](): Generator<Kept<V>, void, void> {
    for (let at = 0; at < this.#keys.length; at += 1) {
      const entry = this.#entries === undefined ? this.#common : this.#entries[at]!;
      yield { key: this.#keys[at]!, value: this.#values[at]!, entry, seen: true };
    }
  }
}
