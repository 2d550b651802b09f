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
  /** From now on the source tells at once what other writers do. `again`: it had been lost. */
  'listener.open': { readonly again: boolean };
  /** It tells no more; it is asked again after `delay`. `attempt` counts from 1. */
  'listener.lost': {
    readonly error: unknown;
    readonly unavailable: boolean;
    readonly attempt: number;
    readonly delay: number;
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
  /**
   * A load that nobody waited for has failed: one in the background, or one whose askers were given a stale value, or gave up. The
   * key is left alone by loads in the background for a while (`warm.backoff`, longer each time).
   */
  'refresh.failed': { readonly key: string; readonly error: unknown; readonly unavailable: boolean };
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
    /** False: the last full writing did not reach its end; what it had not come to is as it was before, or missing. */
    readonly complete: boolean;
    readonly age: number;
    readonly took: number;
  };
  'snapshot.aside': { readonly file: string; readonly movedTo: string | undefined; readonly because: string };
  'snapshot.failed': { readonly error: unknown; readonly doing: string };
  /** A value could not be serialized. It stays in memory and out of the snapshot. */
  'snapshot.skipped': { readonly key: string; readonly error: unknown };
  /** The source is away: an order for it is in the snapshot's outbox and survives this process. `waiting`: how many do. */
  'outbox.queued': { readonly key: string; readonly order: 'remove' | 'touch'; readonly waiting: number };
  /** The source has done it, `after` ms after it was given. */
  'outbox.delivered': {
    readonly key: string;
    readonly order: 'remove' | 'touch';
    readonly after: number;
    readonly waiting: number;
  };
  /**
   * The source can be reached and does not do it. It is tried again, ever more seldom; `apart`: so often already that the
   * others no longer wait for their turn behind it, and somebody should look. `lost`: the snapshot's file no longer has it.
   */
  'outbox.failed': {
    readonly key: string;
    readonly order: 'remove' | 'touch';
    readonly error: unknown;
    readonly attempt: number;
    readonly apart: boolean;
    readonly lost: boolean;
  };
  /** The source can be reached and refuses to be told that a row is in use. The next touch of the key tries again. */
  'touch.failed': { readonly key: string; readonly error: unknown };
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
  /**
   * A client asked for more keys that do not exist than it may: its answers wait, or it is refused. Told once for each, until it
   * is within its allowance again. `keys` are distinct; `wait` is what the first of these answers waits for.
   */
  throttled: {
    readonly client: string;
    readonly how: 'slowed' | 'refused';
    readonly keys: number;
    readonly wait: number;
  };
  /** A hook of the user's (guard, classifier) threw. It was taken for a harmless answer. */
  'hook.failed': { readonly hook: 'key' | 'unavailable' | 'weigh'; readonly error: unknown };
}
