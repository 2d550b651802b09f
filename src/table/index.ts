/**
 * The table in memory, in the role of ETS: entries, denials, tombstones, what is due when, and which answers of the source
 * come too late.
 */
export { Backlog } from './backlog.js';
export { BurstTrie } from './burst-trie.js';
export type { Changes, KeySeq } from './change-list.js';
export type { Lease } from './leases.js';
export type { TableOptions } from './options.js';
export type {
  Denial,
  EntryOptions,
  Eviction,
  EvictionCause,
  Refusal,
  RemovalCause,
  RestoredEntry,
  Tombstone,
} from './record.js';
export { Table } from './table.js';
export type { TagMark } from './tags.js';
export type { Clocks, Standing } from './view.js';
