/** What a cache knows of a key, and how it knows it. Ages in ms; `expiresAt` in wall-clock ms since the epoch. */
export type Lookup<V> = Fresh<V> | Stale<V> | Absent | Unknown;

/** Confirmed in this process, within its `ttl`. */
export interface Fresh<V> {
  readonly status: 'fresh';
  readonly value: V;
  readonly age: number;
  readonly expiresAt?: number;
}

/** A value that may have changed meanwhile, and why it is not fresh. */
export interface Stale<V> {
  readonly status: 'stale';
  readonly value: V;
  readonly age: number;
  readonly expiresAt?: number;
  readonly because: 'restored' | 'suspect' | 'source-unreachable' | 'ttl';
}

/** Known not to exist. */
export interface Absent {
  readonly status: 'absent';
  readonly age: number;
  readonly because: 'source' | 'removed' | 'pass' | 'key';
}

/** Nobody can say. Never a logout. */
export interface Unknown {
  readonly status: 'unknown';
  readonly because: 'quarantined' | 'cold' | 'source-unreachable' | 'not-loaded';
}
