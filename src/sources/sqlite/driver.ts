import { createRequire } from 'node:module';
import { SourceConfigurationError } from '../../errors.js';

/** What the source needs of a better-sqlite3 statement. */
export interface SqliteStatement {
  all(...parameters: unknown[]): unknown[];
  get(...parameters: unknown[]): unknown;
  run(...parameters: unknown[]): { readonly changes: number };
  raw(toggle?: boolean): SqliteStatement;
  safeIntegers(toggle?: boolean): SqliteStatement;
}

/** What the source needs of a better-sqlite3 connection: every `Database` of better-sqlite3 is one. */
export interface SqliteDatabase {
  readonly name: string;
  readonly memory: boolean;
  readonly open: boolean;
  prepare(sql: string): SqliteStatement;
  pragma(source: string, options?: { simple?: boolean }): unknown;
  close(): unknown;
}

/** A value of SQLite. Integers beyond 2^53 are bigints, BLOBs bytes. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

/** A row of the table as it is, by column. */
export type SqliteRow = Readonly<Record<string, SqliteValue>>;

type Driver = new (
  file: string,
  options: { readonly readonly: boolean; readonly fileMustExist: boolean; readonly timeout: number },
) => SqliteDatabase;

const require = createRequire(import.meta.url);

/** Whether the optional dependency is there, without loading native code. */
export function driverInstalled(): boolean {
  try {
    require.resolve('better-sqlite3');
    return true;
  } catch {
    return false;
  }
}

/**
 * better-sqlite3 is optional: it is loaded at the first connection, not by an import.
 *
 * @throws SourceConfigurationError when its native code does not load.
 */
export function loadDriver(): Driver {
  try {
    return require('better-sqlite3') as Driver;
  } catch (cause) {
    throw new SourceConfigurationError(
      'better-sqlite3 cannot be loaded. Install it, or rebuild it for this version of Node (npm rebuild better-sqlite3).',
      { cause },
    );
  }
}
