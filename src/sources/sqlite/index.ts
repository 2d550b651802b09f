/** `holdfast/sqlite`: a table of a SQLite file as a source. Needs the optional dependency better-sqlite3. */
export type { SqliteDatabase, SqliteRow, SqliteStatement, SqliteValue } from './driver.js';
export type { SqliteSourceOptions, ValueFunction } from './options.js';
export { type SqliteSource, sqliteSource } from './sqlite-source.js';
