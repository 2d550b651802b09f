import { StateError } from '../../errors.js';
import type { Milliseconds } from '../../runtime/duration.js';
import type { Touch } from '../source.js';
import { type Connection, DatabaseFile } from './database-file.js';
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './driver.js';
import { explain } from './engine-error.js';
import { keyOf, type RawRows } from './raw-rows.js';
import { keysAtOnce, type Places, type TableSql, tableSql } from './statements.js';
import { inMemory, type TablePlan } from './table-plan.js';
import { readSchema } from './table-schema.js';

/** Where a page ended, and the next begins. Opaque to callers. */
export type Position = readonly [value: SqliteValue, tie: SqliteValue];

export interface PageRequest {
  /** Of which file the pages before were: none of another is given. */
  readonly file: string;
  readonly limit: number;
  readonly now: Milliseconds;
}

/** `next` is undefined on the last page. `replaced`: the path names another file by now. */
export type Page = (RawRows & { readonly next: Position | undefined }) | { readonly replaced: true };

export type ChangesPage =
  | (RawRows & { readonly gone: readonly string[]; readonly next: Position | undefined })
  | { readonly replaced: true };

/** The greatest stamp there can be; everything that is no number is greater to SQLite. */
const latest = Number.MAX_SAFE_INTEGER;

/** A selected row, its integers still bigints. */
type Selected = readonly SqliteValue[];

/** What is kept of one look at the schema. */
interface Prepared {
  readonly database: SqliteDatabase;
  readonly version: string;
  readonly sql: TableSql;
  readonly statements: Map<string, SqliteStatement>;
}

/**
 * One table of one database, synchronously: what runs in the source's thread. Every request looks at the path first, then
 * at the schema's version, so a database that went away, came back, or was mended is noticed by the next request.
 *
 * Every method throws SourceUnavailableError when the database cannot be reached, and SourceConfigurationError when a
 * table or a column is not there.
 */
export class SqliteEngine {
  readonly #plan: TablePlan;
  readonly #file: DatabaseFile;
  #prepared: Prepared | undefined;

  constructor(plan: TablePlan, given?: SqliteDatabase) {
    this.#plan = plan;
    this.#file = new DatabaseFile(plan, given);
  }

  ping(): void {
    this.#request(() => undefined);
  }

  /** Which file is read now, and the newest stamp in its table. */
  head(): { readonly file: string; readonly newest: Milliseconds | undefined } {
    return this.#request(({ changes }, file) => {
      if (changes === undefined) return { file, newest: undefined };
      const newest = plain(this.#read(changes.newest, [latest])[0]?.[0] ?? null);
      return { file, newest: typeof newest === 'number' ? newest : undefined };
    });
  }

  /** Another one whenever somebody else has committed anything since the last call, or nobody knows whether. */
  version(): string {
    return this.#connected(
      ({ database, id }) => `${id}:${String(database.pragma('data_version', { simple: true }))}`,
    );
  }

  load(key: string, now: Milliseconds): RawRows {
    return this.#request((sql) => {
      const rows = living(this.#read(sql.byKey, [key]), sql.places, now);
      return byColumn(among([key], rows, sql.places), sql);
    });
  }

  /** At most `keysAtOnce` keys. */
  loadMany(keys: readonly string[], now: Milliseconds): RawRows {
    return this.#request((sql) => {
      const rows = living(this.#read(sql.byKeys, padded(keys)), sql.places, now);
      return byColumn(among(keys, rows, sql.places), sql);
    });
  }

  /** Which of these are there and neither revoked nor expired. At most `keysAtOnce` keys. */
  existing(keys: readonly string[], now: Milliseconds): readonly string[] {
    return this.#request(({ byKeys, places }) =>
      keysOf(living(this.#read(byKeys, padded(keys)), places, now), places),
    );
  }

  scan({ file, limit, now, after }: PageRequest & { readonly after: Position | undefined }): Page {
    return this.#request((sql, current) => {
      if (current !== file) return { replaced: true };
      const raw =
        after === undefined
          ? this.#read(sql.firstPage, [limit])
          : this.#read(sql.nextPage, [...after, limit]);
      const { places } = sql;
      return {
        ...byColumn(living(raw, places, now), sql),
        next: ending(raw, limit, places.key, places.tie),
      };
    });
  }

  /** What is stamped from `from` (a stamp, or where the last page ended) to `to`. */
  changes({
    file,
    limit,
    now,
    from,
    to,
  }: PageRequest & { readonly from: Milliseconds | Position; readonly to: Milliseconds }): ChangesPage {
    return this.#request((sql, current) => {
      if (current !== file) return { replaced: true };
      if (sql.changes === undefined)
        throw new StateError('Without "updatedAt" there are no changes to read.');
      const raw =
        typeof from === 'number'
          ? this.#read(sql.changes.first, [from, to, limit])
          : this.#read(sql.changes.next, [...from, to, limit]);
      const { places } = sql;
      const rows = living(raw, places, now);
      const kept = new Set(rows);
      return {
        ...byColumn(rows, sql),
        gone: keysOf(
          raw.filter((row) => !kept.has(row)),
          places,
        ),
        next: ending(raw, limit, places.updatedAt, places.tie),
      };
    });
  }

  /** @returns false when the row is there and revoked: it stays as it is. */
  save(columns: readonly string[], values: readonly SqliteValue[]): boolean {
    return this.#request((sql) => {
      const { changes } = this.#statement(sql.save(columns)).run(...values);
      return changes > 0 || columns.length === 1;
    });
  }

  remove(key: string, now: Milliseconds): void {
    this.#request((sql) => this.#statement(sql.remove).run({ key, now }));
  }

  touch(key: string, { expiresAt, at }: Touch, now: Milliseconds): void {
    this.#request(({ touch }) => {
      if (touch === undefined) throw new StateError('Without "expiresAt" there is nothing to extend.');
      this.#statement(touch).run({ key, expiresAt, at, now });
    });
  }

  close(): void {
    this.#prepared = undefined;
    this.#file.close();
  }

  #request<Answer>(perform: (sql: TableSql, file: string) => Answer): Answer {
    return this.#connected(({ database, identity }) => perform(this.#prepare(database), identity));
  }

  #connected<Answer>(perform: (connection: Connection) => Answer): Answer {
    try {
      return perform(this.#file.connect());
    } catch (error) {
      const { explained, reopen } = explain(error, this.#plan);
      if (reopen && this.#plan.file !== inMemory) this.#file.close();
      throw explained;
    }
  }

  #prepare(database: SqliteDatabase): TableSql {
    const version = String(database.pragma('schema_version', { simple: true }));
    if (this.#prepared?.database !== database || this.#prepared.version !== version) {
      const sql = tableSql(this.#plan, readSchema(database, this.#plan));
      this.#prepared = { database, version, sql, statements: new Map() };
    }
    return this.#prepared.sql;
  }

  #statement(sql: string): SqliteStatement {
    const { database, statements } = this.#prepared as Prepared;
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      // Rows may be saved with ever other columns.
      if (statements.size >= 32) statements.clear();
      statements.set(sql, statement);
    }
    return statement;
  }

  #read(sql: string, parameters: readonly SqliteValue[]): Selected[] {
    const statement = this.#statement(sql).raw().safeIntegers();
    return statement.all(...parameters) as Selected[];
  }
}

/** Neither revoked nor expired. */
function living(rows: readonly Selected[], { expiresAt, revokedAt }: Places, now: Milliseconds): Selected[] {
  return rows.filter((row) => {
    const until = row[expiresAt];
    const expired = (typeof until === 'number' || typeof until === 'bigint') && until <= now;
    return row[revokedAt] === null && !expired;
  });
}

/** Without rows whose key equals one of these by collation or affinity only. */
function among(keys: readonly string[], rows: readonly Selected[], { key }: Places): Selected[] {
  const asked = new Set(keys);
  return rows.filter((row) => asked.has(keyOf(row[key]) ?? ''));
}

const keysOf = (rows: readonly Selected[], { key }: Places): string[] =>
  rows.flatMap((row) => keyOf(row[key]) ?? []);

function byColumn(rows: readonly Selected[], { places, width, valueColumns }: TableSql): RawRows {
  const columns = Array.from({ length: width }, (_, at) => rows.map((row) => plain(row[at] ?? null)));
  const column = (place: number): readonly SqliteValue[] => columns[place] ?? [];
  return {
    columns: valueColumns,
    values: places.values.map(column),
    keys: column(places.key),
    expiresAt: column(places.expiresAt),
    updatedAt: column(places.updatedAt),
  };
}

/** The position behind a full page. A page that is not full is the last. */
function ending(rows: readonly Selected[], limit: number, by: number, tie: number): Position | undefined {
  const last = rows.at(-1);
  if (last === undefined || rows.length < limit) return undefined;
  return [plain(last[by] ?? null), last[tie] ?? null];
}

/** Exactly as many parameters as the statement has places: NULL equals nothing. */
function padded(keys: readonly string[]): (string | null)[] {
  return Array.from({ length: keysAtOnce }, (_, at) => keys[at] ?? null);
}

/** Integers as numbers where that loses nothing. */
function plain(value: SqliteValue): SqliteValue {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
