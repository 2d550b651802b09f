import type { Because, Change } from './changes.js';
import { applyChanges } from './changes.js';
import type { CacheCore } from './core.js';
import { type Held, heldIn } from './held.js';

/** Where values are taken from and put to, by keys as stored: the table itself, or what a transaction makes of it. */
export interface Shelf<V> {
  /** What is held of the key, if it may be served. */
  held(key: string): Held<V> | undefined;
  /** Another one after everything that happened to the key. */
  stamp(key: string): unknown;
  /** Makes all of the changes, or none. They can be gone through more than once. */
  apply(changes: Iterable<Change<V>>, because?: Because): void;
}

/** The table: changes are seen by everybody at once. */
export class TableShelf<V> implements Shelf<V> {
  readonly #core: CacheCore<V>;

  constructor(core: CacheCore<V>) {
    this.#core = core;
  }

  held(key: string): Held<V> | undefined {
    return heldIn(this.#core, key);
  }

  stamp(key: string): number {
    return this.#core.table.stampOf(key);
  }

  apply(changes: Iterable<Change<V>>, because?: Because): void {
    applyChanges(this.#core, changes, because)();
  }
}
