import type { Distribution } from '../../src/runtime/histogram.js';

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

/** Why entries left, and keys were sent away. */
export interface EvictionReport {
  /** Past its own `expiresAt`. */
  readonly expired: number;
  /** Past `ttl + staleFor`. */
  readonly aged: number;
  /** To make room. */
  readonly capacity: number;
  readonly invalidated: number;
  /** By `revoke` or `remove`. */
  readonly revoked: number;
}

export interface CacheHealth extends CacheState {
  /**
   * Some answers may be old: the source is away, the last pass failed, or what other writers do is not told at once though the source
   * has `subscribe`. Or what was ordered does not get where it should: the snapshot, the source.
   */
  readonly degraded: boolean;
  /** Ready to serve: complete, partial, or restored and still within its staleness. */
  readonly ready: boolean;
  readonly sourceHealth: SourceHealth;
  /** Where the source has `subscribe`: whether it tells what other writers do. */
  readonly listener?: ListenerHealth;
  readonly lastPass?: { readonly at: number; readonly ok: boolean; readonly error?: string };
  readonly lastSweep?: { readonly at: number; readonly error?: string };
  readonly lastSnapshot?: { readonly at: number; readonly ok: boolean; readonly error?: string };
  /** Where the cache has one. */
  readonly throttle?: ThrottleHealth;
  /** With a snapshot: what waits in it for the source. */
  readonly outbox?: OutboxReport;
}

export interface OutboxReport {
  /** Orders that the source has not confirmed. */
  readonly waiting: number;
  /** Those among them that tell of rows in use. */
  readonly touches: number;
  /** Those among them that it has refused so often that somebody should look. */
  readonly apart: number;
  /** How long the oldest has waited; missing where none does. */
  readonly oldest?: number;
}

export interface SourceHealth {
  readonly reachable: boolean | undefined;
  readonly since: number | undefined;
  /** Failed attempts in the present outage; 0 while the source answers. */
  readonly attempt: number;
  readonly nextAttemptAt: number | undefined;
  readonly error?: string;
}

export interface ListenerHealth {
  /** It tells, at once. While it does not, sweeps and passes find what changed, as over a source without `subscribe`. */
  readonly subscribed: boolean;
  /** Since when it tells; missing while it does not. */
  readonly since?: number;
  /** Since when it does not any more; missing while it does, and before it has for the first time. */
  readonly lostSince?: number;
  /** Why not. */
  readonly error?: string;
}

/** Counters since the cache was defined. Told on `node:diagnostics_channel`, too: see the guide. */
export interface CacheStats {
  readonly size: number;
  /** Of all entries; 0 in a cache without `maxEntries` and `maxWeight`. */
  readonly weight: number;
  readonly negatives: number;
  readonly tombstones: number;
  readonly quarantined: number;
  /** Answers of `lookup`, `get`, `read`, `fetch`, `readMany` and `refresh`, by status. */
  readonly fresh: number;
  readonly stale: number;
  readonly absent: number;
  readonly unknown: number;
  /** Loads of single keys; a batch of `loadMany` counts each of its keys here, in `loadErrors` and in `loadTimeouts`. */
  readonly loads: number;
  readonly loadErrors: number;
  readonly loadTimeouts: number;
  /** Questions by `loadMany`. */
  readonly batches: number;
  /** Loads begun in the background: for a stale value that was given at once, or ahead of its end. */
  readonly refreshes: number;
  /** Loads that failed and nobody waited for (any more). */
  readonly refreshErrors: number;
  /** How long the source took over its questions, ms; given-up ones left out. Missing before the first, and in a browser. */
  readonly loadLatency?: Distribution;
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
  /** Past its `expiresAt`, or past `ttl + staleFor`: both. */
  readonly evictedExpired: number;
  readonly evictedCapacity: number;
  /** Keys that were invalidated, revoked or removed. */
  readonly invalidated: number;
  /** The same, by reason: each in one of them. */
  readonly evictions: EvictionReport;
  /** What the last complete pass did; `at` in wall-clock ms. */
  readonly lastPass?: WarmReport & { readonly at: number };
  /** What the last sweep did; `at` in wall-clock ms. */
  readonly lastSweep?: SweepReport & { readonly at: number };
  readonly snapshots: number;
  readonly snapshotSkipped: number;
  readonly rebuilds: number;
  /** Answers that were made to wait by the throttle. */
  readonly slowed: number;
  /** Questions that it refused: ThrottledError. */
  readonly throttled: number;
  /** Orders in the snapshot's outbox; delivered ones; refusals by the source; orders that a damaged file has lost. */
  readonly outboxWaiting: number;
  readonly outboxDelivered: number;
  readonly outboxFailed: number;
  readonly outboxLost: number;
  /** Rows of which the source was told that they are in use; refusals; those given up, because too many waited. */
  readonly touches: number;
  readonly touchesFailed: number;
  readonly touchesDropped: number;
}

export interface ThrottleHealth {
  /** Clients that are remembered, because they asked for keys that do not exist. */
  readonly clients: number;
  /** Those above their allowance. */
  readonly guessing: number;
  /** Answers that wait now. */
  readonly waiting: number;
}
