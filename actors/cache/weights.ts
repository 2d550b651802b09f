import type { EntryOptions as TableEntry } from '../../src/table/index.js';

/** What entries weigh: what was said of the one, or what the user's `weigh` answers. */
export class Weights<V> {
  readonly #weigh: ((value: V, key: string) => number) | undefined;
  readonly #onError: (error: unknown) => void;

  constructor(options: {
    readonly weigh: ((value: V, key: string) => number) | undefined;
    readonly onError: (error: unknown) => void;
  }) {
    this.#weigh = options.weigh;
    this.#onError = options.onError;
  }

  /** What is to be kept beside a value, with its weight. */
  weighed(entry: TableEntry, value: V, key: string): TableEntry {
    if (this.#weigh === undefined || entry.weight !== undefined) return entry;
    return Object.assign({}, entry, { weight: this.of(value, key) });
  }

  /** The same of a value that was made of one held before: it is weighed anew, where somebody does. */
  reweighed(entry: TableEntry, value: V, key: string): TableEntry {
    if (this.#weigh === undefined) return entry;
    return Object.assign({}, entry, { weight: this.of(value, key) });
  }

  /** Undefined where nobody says: the table then takes it for 1. The key is the table's. */
  of(value: V, key: string, own?: number): number | undefined {
    if (own !== undefined || this.#weigh === undefined) return own;
    try {
      const weight = this.#weigh(value, key);
      if (Number.isFinite(weight) && weight >= 0) return weight;
      throw new TypeError(`weigh answered with ${String(weight)}: a number, 0 or more, would do.`);
    } catch (error) {
      this.#onError(error);
      return 1;
    }
  }
}
