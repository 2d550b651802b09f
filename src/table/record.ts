/** What an entry is stored with. */
export interface EntryOptions {
  /** Monotonic ms when the source confirmed it. */
  readonly confirmedAt: number;
  /** ms after `confirmedAt` while it is fresh. */
  readonly ttl: number;
  /** ms beyond `ttl` while it may be served stale. `Infinity`: until its own `expiresAt`. */
  readonly staleFor: number;
  /** Wall-clock ms since the epoch. Default: none. */
  readonly expiresAt?: number | undefined;
  /** Where an entry and an answer both carry one, the lower never replaces the higher. Default: none. */
  readonly version?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly weight?: number | undefined;
  /** Eight bits of the caller's own. Default 0. */
  readonly flags?: number | undefined;
}

/** An entry as it was, brought back from a snapshot or another table. */
export interface RestoredEntry<V> extends EntryOptions {
  readonly key: string;
  readonly value: V;
  /** The mutation that made it then. */
  readonly seq: number;
}

/** The source's word that there is no such row. Times in monotonic ms. */
export interface Denial {
  readonly at: number;
  /** Believed before this time. Not after `at`: not remembered at all. */
  readonly until: number;
  /** Asked for this key; or not seen by a complete pass. */
  readonly because: 'source' | 'pass';
}

/** A removal made here, remembered so that nothing older comes back. */
export interface Tombstone {
  readonly key: string;
  /** `'invalidated'`: nothing is known any more. `'revoked'`: it is known to be gone. */
  readonly kind: 'invalidated' | 'revoked';
  /** The mutation that made it. */
  readonly seq: number;
  /** In the clock of whoever buried it. */
  readonly at: number;
}

/** Why an entry left without anybody asking: past its `expiresAt`, past `ttl + staleFor`, or to make room. */
export type EvictionCause = 'expired' | 'aged' | 'capacity';

/** Why an entry left because somebody said so: a removal made here, the source's word that it is gone, another in its place. */
export type RemovalCause = 'invalidated' | 'revoked' | 'replaced';

export interface Eviction {
  readonly key: string;
  readonly because: EvictionCause;
}

/**
 * Why an answer was not stored. `'lease'`: something was stored for or removed from the key since the read began, or the
 * lease is not open any more, or the key is sealed. `'version'`: what is stored carries a higher one.
 */
export type Refusal = 'lease' | 'version';
