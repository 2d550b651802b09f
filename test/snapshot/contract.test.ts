import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { memorySnapshotStore } from '../../src/snapshot/memory-store.js';
import { type SqliteSnapshotOptions, sqliteSnapshotStore } from '../../src/snapshot/sqlite/index.js';
import { type SnapshotPlace, snapshotStoreSuite } from '../../src/testing/snapshot-store-suite.js';

describe('the store in memory', () => {
  snapshotStoreSuite({
    describe,
    it,
    async make() {
      const store = memorySnapshotStore();
      return { store: () => store };
    },
  });
});

const onDisk = (options: Omit<SqliteSnapshotOptions, 'file'>) => async (): Promise<SnapshotPlace> => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
  const file = join(folder, 'deep', 'sessions.snapshot');
  return {
    store: () => sqliteSnapshotStore({ file, ...options }),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
};

describe('the SQLite file', () => {
  snapshotStoreSuite({ describe, it, make: onDisk({ thread: false }) });
});

describe('the SQLite file, encrypted', () => {
  snapshotStoreSuite({ describe, it, make: onDisk({ thread: false, secret: 'correct horse' }) });
});

/** A thread that runs from source takes long to start. What the thread can change: order, hand-over, ends. */
const threaded = ['closing', 'a page', 'a restore', 'records', 'the outbox'];

describe('the SQLite file in its thread', () => {
  snapshotStoreSuite({
    describe: (name, body) => (threaded.includes(name) ? describe(name, body) : undefined),
    it,
    make: onDisk({}),
  });
});
