/** The table on disk: the port, a store in memory, and the store that a cache with `snapshot: { file }` gets. */
export { defaultSnapshotStore, type SnapshotFileOptions } from './default-store.js';
export { type MemorySnapshotStore, memorySnapshotStore } from './memory-store.js';
export type {
  OutboxEntry,
  OutboxOrder,
  SnapshotAppend,
  SnapshotAppended,
  SnapshotEntry,
  SnapshotOpening,
  SnapshotPage,
  SnapshotStore,
  SnapshotTombstone,
} from './store.js';
