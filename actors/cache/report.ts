/** What a cache tells when asked. Durations in ms, points in time in wall-clock ms since the epoch. */

export interface CacheState {
  /** What is in memory: nothing yet, a snapshot, some rows of this process, a complete pass. */
  readonly data: 'cold' | 'restored' | 'partial' | 'complete';
  readonly source: 'unknown' | 'up' | 'down';
  readonly warmer: 'idle' | 'warming' | 'backoff';
}

/** What one warm pass did. `skipped` where the source has no `scan`. */
export interface WarmReport {
  readonly rows: number;
  readonly removed: number;
  readonly quarantined: number;
  readonly took: number;
  readonly skipped?: 'no-scan';
}

export interface SweepReport {
  /** Entries past their own `expiresAt`, or served stale for as long as they may. */
  readonly expired: number;
  /** Keys that the source's change feed said are gone. */
  readonly gone: number;
  readonly changed: number;
  /** Keys that the source, asked, no longer had. */
  readonly missing: number;
  readonly took: number;
}

export interface CacheHealth extends CacheState {
  /** Some answers may be old: the source is away, or the last pass failed. */
  readonly degraded: boolean;
  /** Ready to serve: complete, partial, or restored and still within its staleness. */
  readonly ready: boolean;
  readonly sourceHealth: SourceHealth;
  readonly lastPass?: { readonly at: number; readonly ok: boolean; readonly error?: string };
  readonly lastSweep?: { readonly at: number; readonly error?: string };
  readonly lastSnapshot?: { readonly at: number; readonly ok: boolean; readonly error?: string };
}

export interface SourceHealth {
  readonly reachable: boolean | undefined;
  readonly since: number | undefined;
  /** Failed attempts in the present outage; 0 while the source answers. */
  readonly attempt: number;
  readonly nextAttemptAt: number | undefined;
  readonly error?: string;
}

/** Counters since the cache was defined. */
export interface CacheStats {
  readonly size: number;
  /** Of all entries; 0 in a cache without `maxEntries` and `maxWeight`. */
  readonly weight: number;
  readonly negatives: number;
  readonly tombstones: number;
  readonly quarantined: number;
  /** Answers of `lookup`, `read`, `get` and `fetch`, by status. */
  readonly fresh: number;
  readonly stale: number;
  readonly absent: number;
  readonly unknown: number;
  readonly loads: number;
  readonly loadErrors: number;
  readonly loadTimeouts: number;
  /** Callers who waited for a load that was already in flight. */
  readonly joined: number;
  /** Loads given up on that have not settled yet. */
  readonly abandoned: number;
  readonly inFlight: number;
  /** Late answers that a lease or a version refused. */
  readonly refused: number;
  readonly passes: number;
  readonly passesFailed: number;
  readonly sweeps: number;
  readonly evictedExpired: number;
  readonly evictedCapacity: number;
  readonly invalidated: number;
  readonly snapshots: number;
  readonly snapshotSkipped: number;
  readonly rebuilds: number;
}
