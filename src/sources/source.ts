import type { ChildSpec } from '../runtime/child-spec.js';

/** Where a reader of the source stopped. Opaque to Holdfast, which keeps it and hands it back. */
export type Cursor = string;

/** One record of the source. A `value` of `undefined` is a bad row: it is quarantined, and counts as seen. */
export interface Row<V> {
  readonly key: string;
  readonly value: V | undefined;
  /** Wall-clock ms since the epoch; never served past it. */
  readonly expiresAt?: number;
  /** Where both carry one, the lower never replaces the higher. */
  readonly version?: number;
  readonly tags?: readonly string[];
  /** Why the row is bad, where the source knows. Reported with the quarantine. */
  readonly error?: unknown;
}

export interface SourceContext {
  /** Fires when nobody waits for the answer any more: timeout, abort, or the death of the actor that asked. */
  readonly signal: AbortSignal;
}

/** What is told of a row that is in use. Wall-clock ms since the epoch. */
export interface Touch {
  /** When it is to expire. */
  readonly expiresAt: number;
  /** When it was known to be there. What had expired by then is over. */
  readonly at: number;
}

/** Who is told what other writers do to the source. */
export interface SourceListener {
  /** Fires when nobody listens any more. */
  readonly signal: AbortSignal;
  /** From now on nothing is missed. What was read before may be out of date already. */
  onOpen(): void;
  /** Rows of these keys were written or deleted; without keys, some were, and nobody says which. */
  onChange(keys?: readonly string[]): void;
  /** Something may have been missed, or so much was written that nobody names it. */
  onGap(): void;
}

/**
 * Where the truth lives. Only `load` must be there. Whatever a method rejects with is data to Holdfast and never crashes
 * an actor; reject with `SourceUnavailableError` to say "away".
 *
 * @example
 * ```ts
 * const users: Source<User> = {
 *   async load(key, { signal }) {
 *     const row = await db.query('select * from users where id = $1', [key], { signal });
 *     return row && { key, value: row, version: row.version };
 *   },
 * };
 * ```
 */
export interface Source<V> {
  /** One row; `undefined` says that there is no such row (also: revoked or expired in the source). */
  load(key: string, context: SourceContext): Promise<Row<V> | undefined>;
  /**
   * Many rows by one question: a Map from each key that exists to its row. A key left out does not exist; what was not asked for is
   * not looked at. Where it is there, `load` is not used.
   */
  loadMany?(keys: readonly string[], context: SourceContext): Promise<Map<string, Row<V>>>;
  /** All rows, in batches, in bounded memory whatever their number. Ending without an error makes the pass complete. */
  scan?(context: SourceContext & { readonly batch: number }): AsyncIterable<{
    readonly rows: readonly Row<V>[];
    readonly cursor?: Cursor;
    /** The rows are as they were when the scan began, and not when this batch was asked for: one snapshot for all batches. */
    readonly snapshot?: boolean;
  }>;
  /** What changed since the cursor; without one, from now on. May repeat itself. */
  changes?(
    since: Cursor | undefined,
    context: SourceContext & { readonly batch: number },
  ): AsyncIterable<{
    readonly gone: readonly string[];
    readonly changed: readonly Row<V>[];
    readonly cursor: Cursor;
    /** The feed has a gap before this batch (another file, a cut log): pass in full. `cursor` is from now on. */
    readonly reset?: boolean;
  }>;
  /**
   * Tells at once what other writers do, until the signal fires: then it resolves. Rejects when it can no longer tell, and is then called
   * again, with a backoff; what was missed meanwhile is the listener's to find out.
   */
  subscribe?(listener: SourceListener): Promise<void>;
  /**
   * The feed tells of every change, whoever made it, hard deletes included, and leaves none out. Reading it to its end without a gap then
   * confirms all that is held, as of the moment when the reading began. Leave it out for a feed by time stamps.
   */
  readonly changesComplete?: boolean;
  /** Which of these no longer exist. Finds hard deletes between passes. */
  missing?(keys: readonly string[], context: SourceContext): Promise<readonly string[]>;
  save?(row: Row<V>, context: SourceContext): Promise<void>;
  remove?(key: string, context: SourceContext): Promise<void>;
  /**
   * The row is in use: from now on it expires at `expiresAt`, or when it does already, where that is later or never. Nothing else of it
   * changes. A row that is not there, was removed or revoked, or had expired by `at`, is left as it is: none is made or brought back. One that
   * has expired since then is extended, for the touch may have waited out an outage. May be done twice.
   */
  touch?(key: string, touch: Touch, context: SourceContext): Promise<void>;
  ping?(context: SourceContext): Promise<void>;
  close?(): Promise<void>;
  /** Whether an error of this source means "away". Asked before the built-in classification. */
  unavailable?(error: unknown): boolean;
  /** What the source needs running (a worker, a pool): the tree starts it first, under the id `source`. */
  readonly child?: ChildSpec;
}
