import { SnapshotError } from '../../errors.js';
import type { Driver } from './connection.js';

/** @throws SnapshotError when better-sqlite3 is not installed, or does not run here. */
export async function loadDriver(): Promise<Driver> {
  try {
    return (await import('better-sqlite3')).default;
  } catch (cause) {
    throw new SnapshotError(
      'A snapshot file needs the package better-sqlite3, which cannot be loaded. Install it with ' +
        '"npm install better-sqlite3", or give the cache another store: snapshot: { store }.',
      { cause },
    );
  }
}
