import type { Cursor } from '../sources/source.js';

/**
 * The table on disk. What a store must do so that a boot finds what a crash left.
 *
 * Every record carries the table's mutation number `seq`. It grows for ever, across restarts too (`open` says where it
 * stood): of an entry and a tombstone of one key the higher `seq` holds, in whatever order they arrive. So a page that
 * was gathered before an invalidation and written after it brings nothing back.
 */
export interface SnapshotStore {
  /**
   * Makes the store ready. A corrupt or foreign one is set aside, which the answer reports, and the store starts empty.
   * On a store that is open: closes it first.
   * @throws SnapshotInUseError when another process holds it: a store has one writer.
   */
  open(options: { readonly cache: string; readonly signal: AbortSignal }): Promise<SnapshotOpening>;
  /**
   * Everything that is held, page by page, each key once: all tombstones first, then the entries. Yields a page as soon
   * as it has one; a consumer that stops early ends the reading. A record that turns out corrupt sets the store aside
   * and rejects with `SnapshotCorruptError`: opened again, it starts empty. `page` is the most records of one page,
   * default 1000; a page may hold fewer, where they are large.
   */
  restore(options: { readonly signal: AbortSignal; readonly page?: number }): AsyncIterable<SnapshotPage>;
  /**
   * Writes one page: atomic, and durable enough to survive SIGKILL once resolved. Pages are written in the order of the
   * calls. A journal waits for the page that is being written, so keep pages at about 1000 records or 4 MB.
   */
  append(page: SnapshotAppend): Promise<SnapshotAppended>;
  /** Writes tombstones at once, ahead of whatever pages wait: resolved means that they survive SIGKILL. */
  journal(tombstones: readonly SnapshotTombstone[]): Promise<void>;
  /**
   * Puts orders for the source into the outbox, behind those that wait there and ahead of whatever pages wait: all of them or
   * none, and resolved means that they survive SIGKILL. Answers their numbers: each higher than that of any order before it.
   * Nothing but `acknowledge` takes an order out: no full writing, no removal, no `compact`.
   */
  enqueue(orders: readonly OutboxOrder[]): Promise<readonly number[]>;
  /** The orders that wait, oldest first: those behind the number `after` (default: from the first on), at most so many (default 1000). */
  waiting(options?: { readonly after?: number; readonly most?: number }): Promise<readonly OutboxEntry[]>;
  /** The source has done these: they go, ahead of whatever pages wait, and resolved means for good. Others are passed over. */
  acknowledge(ids: readonly number[]): Promise<void>;
  /**
   * What it keeps can be read by nobody who lacks its secret, or by no other process at all. Only such a store may hold the
   * orders of a cache with `secretKeys`, for they must give the key itself back. Default false.
   */
  readonly keepsSecrets?: boolean;
  /** Gives space back. May do nothing. */
  compact(): Promise<void>;
  /** Lets what was accepted finish. After it nothing is written, until opened again. Idempotent. */
  close(): Promise<void>;
}

export interface SnapshotOpening {
  /** The highest `seq` that the store has ever seen; 0 when empty. */
  readonly seq: number;
  /** Wall-clock ms of the last append; undefined when empty. */
  readonly writtenAt: number | undefined;
  readonly cursor: Cursor | undefined;
  /** Whether the last full writing was finished: false makes the next one full. */
  readonly complete: boolean;
  /** How many entries a restore will give, about. */
  readonly entries: number;
  /** Set when a corrupt or foreign file was put aside. */
  readonly aside?: { readonly file: string; readonly movedTo: string | undefined; readonly because: string };
}

export interface SnapshotEntry {
  readonly key: string;
  /** Structured-cloneable; the store serializes it. */
  readonly value: unknown;
  readonly seq: number;
  /** Wall-clock ms when the source last confirmed it. */
  readonly confirmedAt: number;
  readonly expiresAt?: number;
  readonly version?: number;
  /** Only where the entry has its own, ms. `Infinity` for until-expiry. */
  readonly ttl?: number;
  readonly staleFor?: number;
  /** Only where the entry has its own: whether reads keep it fresh. */
  readonly sliding?: boolean;
  readonly tags?: readonly string[];
  /** Only where one was given or asked for. */
  readonly weight?: number;
}

export interface SnapshotTombstone {
  readonly key: string;
  readonly kind: 'invalidated' | 'revoked';
  readonly seq: number;
  /** Wall-clock ms. */
  readonly at: number;
}

/** What the source is to be told as soon as it can be reached: that a row is to go, or that it is in use until `expiresAt`. */
export type OutboxOrder = (
  | { readonly kind: 'remove' }
  | {
      readonly kind: 'touch';
      /** Wall-clock ms. */
      readonly expiresAt: number;
    }
) & {
  /** As the source has it, also where the table holds digests. */
  readonly key: string;
  /** Wall-clock ms when it was given; of a touch: when the row was known to be there. */
  readonly at: number;
};

/** An order that waits. */
export type OutboxEntry = OutboxOrder & {
  /** Its place in the order of giving; never used twice. */
  readonly id: number;
};

export interface SnapshotPage {
  readonly entries: readonly SnapshotEntry[];
  readonly tombstones: readonly SnapshotTombstone[];
}

export interface SnapshotAppend {
  readonly entries: readonly SnapshotEntry[];
  /**
   * Keys whose entries left the table; each with the `seq` at which it left. What is not newer goes; but a tombstone with that very
   * `seq` is why the entry left.
   */
  readonly gone: readonly { readonly key: string; readonly seq: number }[];
  readonly tombstones: readonly SnapshotTombstone[];
  /** Keys whose tombstones have served: dropped where not newer than this `seq`. */
  readonly lifted: readonly { readonly key: string; readonly seq: number }[];
  readonly cursor?: Cursor;
  /** Wall-clock ms. */
  readonly writtenAt: number;
  /**
   * `'begin'`: the first page of a full writing. `'end'`: its last page; with it, entries that were not written again
   * since `'begin'` are dropped, and tombstones as `asOf` says. `'both'`: a full writing of one page. A full writing that
   * does not reach its end drops nothing. An `'end'` without a `'begin'` since the store was opened is refused.
   */
  readonly full?: 'begin' | 'end' | 'both';
  /**
   * With `'begin'` or `'both'`: the table's `seq` when the gathering of this full writing began. A tombstone that is newer
   * may have been journaled meanwhile and outlives the end though it was not written again; without `asOf`, all do.
   */
  readonly asOf?: number;
}

export interface SnapshotAppended {
  /** Entries whose value could not be serialized: not written, and an older record of the key is dropped. */
  readonly skipped: readonly { readonly key: string; readonly error: unknown }[];
}
