import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type SqliteSnapshotOptions, sqliteSnapshotStore } from '../../src/snapshot/sqlite/index.js';
import type {
  SnapshotAppend,
  SnapshotEntry,
  SnapshotOpening,
  SnapshotStore,
  SnapshotTombstone,
} from '../../src/snapshot/store.js';
import { sorted } from '../../src/testing/snapshot-store-model.js';

export const never = new AbortController().signal;

export const entry = (key: string, seq: number, value: unknown = { user: key }): SnapshotEntry => ({
  key,
  value,
  seq,
  confirmedAt: 1000,
});

export const tombstone = (key: string, seq: number): SnapshotTombstone => ({
  key,
  kind: 'revoked',
  seq,
  at: 2000,
});

export const page = (given: Partial<SnapshotAppend>): SnapshotAppend => ({
  entries: [],
  gone: [],
  tombstones: [],
  lifted: [],
  writtenAt: 1,
  ...given,
});

export async function contents(
  store: SnapshotStore,
): Promise<readonly (SnapshotEntry | SnapshotTombstone)[]> {
  const all: (SnapshotEntry | SnapshotTombstone)[] = [];
  for await (const { entries, tombstones } of store.restore({ signal: never })) {
    all.push(...entries, ...tombstones);
  }
  return sorted(all);
}

/** A folder of the test's own, and stores in it that are closed when it ends. In the test's thread unless told otherwise. */
export async function place(defaults: Partial<SqliteSnapshotOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
  const file = join(folder, 'sessions.snapshot');
  const stores: SnapshotStore[] = [];
  onTestFinished(async () => {
    for (const store of stores) await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  const make = (options: Partial<SqliteSnapshotOptions> = {}): SnapshotStore => {
    const store = sqliteSnapshotStore({ file, thread: false, ...defaults, ...options });
    stores.push(store);
    return store;
  };
  return {
    folder,
    file,
    store: make,
    async opened(
      options: Partial<SqliteSnapshotOptions> & { readonly cache?: string } = {},
    ): Promise<{ readonly store: SnapshotStore; readonly opening: SnapshotOpening }> {
      const { cache = 'sessions', ...rest } = options;
      const store = make(rest);
      return { store, opening: await store.open({ cache, signal: never }) };
    },
    /** Writes these as a complete snapshot, and closes it. */
    async written(records: Partial<SnapshotAppend>, options: Partial<SqliteSnapshotOptions> = {}) {
      const { store } = await this.opened(options);
      await store.append(page({ full: 'both', ...records }));
      await store.close();
    },
    files: async () => (await readdir(folder)).sort(),
    mode: async (path: string) => ((await stat(path)).mode & 0o777).toString(8),
  };
}
