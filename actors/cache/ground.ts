import type { Lease, Table } from '../../src/table/index.js';
import type { CacheCore } from './core.js';
import { type Held, heldIn, verdictOn } from './held.js';

/** What a transaction found of a key. */
interface Found<V> {
  /** What had last happened to the key then. */
  readonly stamp: number;
  /** It was read, not only reserved. */
  readonly read: boolean;
  readonly held: Held<V> | undefined;
}

/**
 * What a transaction stands on in one cache: what it found there, to be compared with what is there when it is done. A read of the
 * table of its own kind: while its lease is open, the table forgets nothing that happens to a key.
 */
export class Ground<V> {
  readonly #core: CacheCore<V>;
  readonly #table: Table<V>;
  readonly #lease: Lease;
  readonly #found = new Map<string, Found<V>>();

  constructor(core: CacheCore<V>) {
    this.#core = core;
    this.#table = core.table;
    this.#lease = core.table.lease('read', 'transaction');
  }

  /** From now on it matters what happens to the key. */
  reserve(key: string): void {
    if (this.#found.has(key)) return;
    this.#found.set(key, { stamp: this.#table.stampOf(key), read: false, held: undefined });
  }

  /** What was held of the key when it was first asked for, if that may still be served. */
  read(key: string): Held<V> | undefined {
    const found = this.#found.get(key);
    if (!found?.read) {
      const held = heldIn(this.#core, key);
      this.#found.set(key, { stamp: this.#core.table.stampOf(key), read: true, held });
      return held;
    }
    if (found.held === undefined) return undefined;
    const verdict = verdictOn(this.#core, found.held.entry);
    // Seen to be over, it stays so: the table is to know.
    if (verdict === 'expired') heldIn(this.#core, key);
    return verdict === 'expired' || verdict === 'aged' ? undefined : { ...found.held, verdict };
  }

  /** The source was asked for the key: what is held now is what the transaction goes on with. */
  renew(key: string): Held<V> | undefined {
    this.#found.delete(key);
    return this.read(key);
  }

  /** The table was emptied, or another one stands in its place. */
  get lost(): boolean {
    return this.#core.table !== this.#table || !this.#table.isOpen(this.#lease);
  }

  /**
   * Whether something else happened to the key than to let the transaction be: another value in the place of one that was read; or,
   * where it `writes`, a removal, which must not be lost. That the source confirmed the very value, or that a value left with
   * its time or for want of room, is nothing.
   */
  conflicts(key: string, writes: boolean): boolean {
    const found = this.#found.get(key);
    const { table } = this.#core;
    if (found === undefined || table.stampOf(key) <= found.stamp) return false;
    if (found.read) {
      const held = heldIn(this.#core, key);
      if (held === undefined ? found.held !== undefined : !same(held, found.held)) return true;
    }
    return writes && table.slotOf(key) < 0 && table.negativeOf(key) === undefined;
  }

  /** The keys that it found anything of. */
  keys(): Iterable<string> {
    return this.#found.keys();
  }

  end(): void {
    this.#table.release(this.#lease);
  }
}

const same = <V>(one: Held<V>, other: Held<V> | undefined): boolean =>
  other !== undefined && Object.is(one.value, other.value);
