import { SnapshotError } from '../errors.js';
import type { SnapshotStore } from './store.js';

/** `snapshot: { file, secret }` of a cache. */
export interface SnapshotFileOptions {
  readonly file: string;
  readonly secret?: string | Uint8Array;
}

/**
 * The store behind `snapshot: { file }`: the SQLite file, whose code is loaded at the first `open`. Who brings another
 * store, or none, needs nothing of it.
 */
export function defaultSnapshotStore(options: SnapshotFileOptions): SnapshotStore {
  let loading: Promise<SnapshotStore> | undefined;
  let loaded: SnapshotStore | undefined;
  const load = (): Promise<SnapshotStore> => {
    loading ??= import('./sqlite/index.js').then(({ sqliteSnapshotStore }) => {
      loaded = sqliteSnapshotStore(options);
      return loaded;
    });
    return loading;
  };
  const store = (): SnapshotStore => {
    if (loaded === undefined) throw new SnapshotError('The snapshot store is not open. Open it first.');
    return loaded;
  };
  return {
    open: async (request) => (await load()).open(request),
    async *restore(request) {
      yield* store().restore(request);
    },
    append: async (page) => store().append(page),
    journal: async (tombstones) => store().journal(tombstones),
    enqueue: async (orders) => store().enqueue(orders),
    waiting: async (options) => store().waiting(options),
    acknowledge: async (ids) => store().acknowledge(ids),
    keepsSecrets: options.secret !== undefined,
    compact: async () => store().compact(),
    // Not `loaded`: an opening that is on its way to be loaded is closed after it.
    close: async () => (await loading)?.close(),
  };
}
