import type { Milliseconds } from '../runtime/duration.js';
import type { History, Seen } from './history.js';

interface Version<V> {
  readonly order: number;
  readonly at: Milliseconds;
  readonly seen: Seen<V>;
}

/** The rows of a scripted database, every version of each: a read sees those of the order it began at. */
export class Storage<V> {
  readonly #history: History<V>;
  /** By key, oldest first. */
  readonly #versions = new Map<string, Version<V>[]>();
  /** Its keys in their order; undefined: to be sorted. */
  #keys: readonly string[] | undefined;
  /** The order of the last change of any row. */
  #changed = -1;

  constructor(history: History<V>) {
    this.#history = history;
  }

  /** What is held now, absent rows left out. */
  get now(): ReadonlyMap<string, Seen<V>> {
    const present = [...this.#versions.keys()]
      .map((key) => this.seen(key, Number.POSITIVE_INFINITY))
      .filter(({ state }) => state !== 'absent');
    return new Map(present.map((seen) => [seen.key, seen]));
  }

  set(seen: Seen<V>): void {
    const order = this.#history.add({ type: 'row', ...seen });
    this.#changed = order;
    const version = { order, at: performance.now(), seen };
    const versions = this.#versions.get(seen.key);
    if (versions !== undefined) versions.push(version);
    else {
      this.#versions.set(seen.key, [version]);
      this.#keys = undefined;
    }
  }

  /** A key as it stood before the happening of that order. */
  seen(key: string, asOf: number): Seen<V> {
    const version = this.#versions.get(key)?.findLast(({ order }) => order < asOf);
    return version?.seen ?? { key, state: 'absent' };
  }

  /** The next rows in key order. */
  page(asOf: number, after: string | undefined, limit: number): Seen<V>[] {
    this.#keys ??= [...this.#versions.keys()].sort();
    const page: Seen<V>[] = [];
    for (const key of this.#keys) {
      if (page.length >= limit) break;
      if (after !== undefined && key <= after) continue;
      const seen = this.seen(key, asOf);
      if (seen.state !== 'absent') page.push(seen);
    }
    return page;
  }

  /** The first rows that changed from one order to another, as they stood at the latter, and the order from which to go on. */
  changed(
    from: number,
    asOf: number,
    limit: number,
  ): { readonly rows: readonly Seen<V>[]; readonly next: number } {
    // What is asked most often: nothing has.
    if (from > this.#changed) return { rows: [], next: asOf };
    const last = [...this.#versions.values()]
      .flatMap((versions) => versions.findLast(({ order }) => order < asOf) ?? [])
      .filter(({ order }) => order >= from)
      .sort((one, other) => one.order - other.order);
    const page = last.slice(0, limit);
    const next = page.length < last.length ? (page.at(-1)?.order ?? from) + 1 : asOf;
    return { rows: page.map(({ seen }) => seen), next };
  }

  /** The order whose state was current `by` ms ago. */
  orderAt(by: Milliseconds): number {
    const then = performance.now() - by;
    const later = [...this.#versions.values()].flat().filter(({ at }) => at > then);
    return Math.min(this.#history.next, ...later.map(({ order }) => order));
  }
}
