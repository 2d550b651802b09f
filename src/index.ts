/** The public face of `holdfast`. Nothing inside imports it. */

export type {
  EntryOptions,
  ImportOptions,
  ReadOptions,
  RefreshOptions,
  TouchOptions,
} from '../actors/cache/call-options.js';
export type { Entry, Query, QueryOptions } from '../actors/cache/contents.js';
export type { AnswerMessage, LoadMessage } from '../actors/cache/diagnostics.js';
export type {
  ExportedEntry,
  ExportedRecord,
  ExportedRemoval,
  ImportReport,
} from '../actors/cache/exported.js';
export type { Absent, Fresh, Lookup, Stale, Unknown } from '../actors/cache/lookup.js';
export type { CacheOptions } from '../actors/cache/options.js';
export type { ReadPolicyOptions } from '../actors/cache/read-policy.js';
export type {
  CacheHealth,
  CacheState,
  CacheStats,
  EvictionReport,
  ListenerHealth,
  OutboxReport,
  SourceHealth,
  SweepReport,
  ThrottleHealth,
  WarmReport,
} from '../actors/cache/report.js';
export type { Removal } from '../actors/cache/source-writer.js';
export type { Transaction } from '../actors/cache/transaction.js';
export type { TransactionOptions } from '../actors/cache/transactions.js';
export type { CounterOptions, ManyEntry } from '../actors/cache/values.js';
export type { ThrottleOptions } from '../actors/throttle/options.js';
export * from '../supervisors/index.js';
export { type ThreadChildSpec, threadChild } from '../supervisors/thread-child.js';
export type { Bus, BusEvent, CacheEvents } from './bus/index.js';
export { createRuntime, type NamedEvent, type Runtime, type RuntimeOptions } from './create-runtime.js';
export { type Cache, type CountedKey, defineCache } from './define-cache.js';
export * from './errors.js';
export { buggify } from './fault-point.js';
export { type RunMainOptions, runMain, type StopSignal } from './run-main.js';
export type { Distribution } from './runtime/histogram.js';
export * from './runtime/index.js';
export {
  memorySnapshotStore,
  type OutboxEntry,
  type OutboxOrder,
  type SnapshotAppend,
  type SnapshotAppended,
  type SnapshotEntry,
  type SnapshotOpening,
  type SnapshotPage,
  type SnapshotStore,
  type SnapshotTombstone,
} from './snapshot/index.js';
export { type Cursor, isUnavailable, type Row, type Source, type SourceContext } from './sources/index.js';
