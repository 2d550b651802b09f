/** The snapshot on the local disk, in an SQLite file. Loads better-sqlite3 when it is opened. */
export { type SqliteSnapshotOptions, sqliteSnapshotStore } from './sqlite-snapshot-store.js';
