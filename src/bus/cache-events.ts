/**
 * What a cache tells about itself, topic by topic. Plain data. Published at most once: no guarantee rests on an event
 * arriving. Keys are digests where the cache has `secretKeys`. Times are wall-clock ms since the epoch, durations ms.
 */
export interface CacheEvents {
  /** The source stopped answering. */
  'source.down': { readonly error: unknown; readonly since: number };
  /** The source answered again. */
  'source.up': { readonly downFor: number };
  /** The warmer waits before it tries again. `attempt` counts from 1 within one outage. */
  'warmer.backoff': {
    readonly attempt: number;
    readonly delay: number;
    readonly nextAttemptAt: number;
    readonly error: unknown;
  };
  'pass.started': { readonly pass: number };
  /** One batch of a pass is in memory. `total` counts the rows of this pass so far. */
  'batch.loaded': {
    readonly pass: number;
    readonly rows: number;
    readonly quarantined: number;
    readonly total: number;
  };
  'pass.complete': {
    readonly pass: number;
    readonly rows: number;
    readonly removed: number;
    readonly quarantined: number;
    readonly took: number;
  };
  'pass.failed': {
    readonly pass: number;
    readonly error: unknown;
    readonly unavailable: boolean;
    readonly attempt: number;
  };
  swept: {
    readonly expired: number;
    readonly gone: number;
    readonly changed: number;
    readonly missing: number;
    readonly took: number;
    readonly error?: unknown;
  };
  /** Entries left memory without anybody asking: counted, those of one turn of the event loop together. */
  evicted: { readonly count: number; readonly because: 'expired' | 'aged' | 'capacity' };
  /**
   * Entries left memory, for any reason but a `clear` or an import that replaced all: which, those of one turn of the event loop and one reason together. `'expired'`: past
   * their own `expiresAt` or past `ttl + staleFor`; `'evicted'`: to make room; `'replaced'`: another value was stored in their place;
   * `'invalidated'`; `'revoked'`: also removed, or gone from the source. Told only while somebody listens to this topic by its name: to
   * listen to `'*'` does not ask for it.
   */
  left: {
    readonly keys: readonly string[];
    readonly because: 'expired' | 'evicted' | 'invalidated' | 'replaced' | 'revoked';
  };
  invalidated: {
    readonly keys: readonly string[];
    readonly because: 'invalidate' | 'revoke' | 'remove' | 'clear' | 'source';
  };
  /** A row that cannot be used was set apart. The rest goes on. */
  quarantined: { readonly key: string | undefined; readonly error: unknown };
  'snapshot.written': {
    readonly entries: number;
    readonly gone: number;
    readonly complete: boolean;
    readonly took: number;
  };
  'snapshot.restored': {
    readonly entries: number;
    readonly dropped: number;
    readonly tombstones: number;
    readonly age: number;
    readonly took: number;
  };
  'snapshot.aside': { readonly file: string; readonly movedTo: string | undefined; readonly because: string };
  'snapshot.failed': { readonly error: unknown; readonly doing: string };
  /** A value could not be serialized. It stays in memory and out of the snapshot. */
  'snapshot.skipped': { readonly key: string; readonly error: unknown };
  /** An import is complete. `kept`: something newer, or a removal, was known here; `over`: its time had passed. */
  imported: {
    readonly mode: 'merge' | 'replace';
    readonly entries: number;
    readonly removals: number;
    readonly kept: number;
    readonly over: number;
    readonly refused: number;
    readonly took: number;
  };
  /** The table was rebuilt after a second crash of the cache actor. */
  rebuilt: { readonly entries: number; readonly refused: number; readonly took: number };
  /** A hook of the user's (guard, classifier) threw. It was taken for a harmless answer. */
  'hook.failed': { readonly hook: 'key' | 'unavailable' | 'weigh'; readonly error: unknown };
}
