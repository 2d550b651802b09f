import type { EvictionCause, RemovalCause } from './record.js';

export interface TableOptions {
  /** Entries beyond it make room, first those that were not read again. Default: no bound. */
  readonly maxEntries?: number | undefined;
  /**
   * The same of the sum of the entries' weights, 1 where an entry has none. An entry that is heavier than all of it leaves at once, as
   * if it had been stored and made room. Default: no bound.
   */
  readonly maxWeight?: number | undefined;
  /** Denials beyond it are forgotten, the oldest first. They never make room among the entries. */
  readonly maxNegative: number;
  /** Where mutations begin to count: above every one of a snapshot that is to be restored. Default 0. */
  readonly seq?: number | undefined;
  /** Keep a list of changes for `drain`; tombstones then stay until they are lifted. Default false. */
  readonly track?: boolean | undefined;
  /**
   * Keys of which nothing may be stored, by since when, in the caller's clock: each has a `'revoked'` tombstone that nothing
   * lifts while it is here, `clear` and `restore` included. Bury a key when you put it here, and again when you take it out.
   */
  readonly sealed?: ReadonlyMap<string, number> | undefined;
  /** Told of each entry that left without anybody removing it, after it left. */
  readonly onEvict?: ((key: string, because: EvictionCause) => void) | undefined;
  /** Told of each entry that left because of what was said of its key, after it left. Not of those that left when the table was emptied. */
  readonly onRemove?: ((key: string, because: RemovalCause) => void) | undefined;
}
