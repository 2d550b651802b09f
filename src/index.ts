/** The public face of `holdfast`. Nothing inside imports it. */
export type { Entry, Query, QueryOptions } from '../actors/cache/contents.js';
export type {
  ExportedEntry,
  ExportedRecord,
  ExportedRemoval,
  ImportReport,
} from '../actors/cache/exported.js';
export type { Absent, Fresh, Lookup, Stale, Unknown } from '../actors/cache/lookup.js';
export type { CacheOptions, EntryOptions, ImportOptions, ReadOptions } from '../actors/cache/options.js';
export type {
  CacheHealth,
  CacheState,
  CacheStats,
  SourceHealth,
  SweepReport,
  WarmReport,
} from '../actors/cache/report.js';
export * from '../supervisors/index.js';
export { type ThreadChildSpec, threadChild } from '../supervisors/thread-child.js';
export type { Bus, BusEvent, CacheEvents } from './bus/index.js';
export { createRuntime, type NamedEvent, type Runtime, type RuntimeOptions } from './create-runtime.js';
export { type Cache, defineCache } from './define-cache.js';
export * from './errors.js';
export { buggify } from './fault-point.js';
export { type RunMainOptions, runMain, type StopSignal } from './run-main.js';
export * from './runtime/index.js';
export {
  memorySnapshotStore,
  type SnapshotAppend,
  type SnapshotAppended,
  type SnapshotEntry,
  type SnapshotOpening,
  type SnapshotPage,
  type SnapshotStore,
  type SnapshotTombstone,
} from './snapshot/index.js';
export { type Cursor, isUnavailable, type Row, type Source, type SourceContext } from './sources/index.js';
