import type { Milliseconds } from '../runtime/duration.js';

/** What a cache promised: the options it was made with, in ms. */
export interface CacheTerms {
  readonly ttl: Milliseconds;
  /** Infinity: until expiry. */
  readonly staleFor: Milliseconds;
  readonly negativeTtl: Milliseconds;
  readonly concurrency: number;
  /** `authoritative` was set. */
  readonly authoritative?: boolean;
  /** The shortest wait between two tries of a source that is away. Default 0. */
  readonly leastBackoff?: Milliseconds;
  /** How long after it was made an invalidation may still be lost with the process. Default 100. */
  readonly journalWithin?: Milliseconds;
}

/** Something that a cache promised and did not keep. */
export interface Violation {
  readonly guarantee:
    | 'no resurrection'
    | 'the outbox holds'
    | 'gone after the pass'
    | 'unknown is not absent'
    | 'bounded staleness'
    | 'one load'
    | 'one probe';
  readonly message: string;
  /** The order of the happening that broke it. */
  readonly order: number;
  readonly key?: string;
}
