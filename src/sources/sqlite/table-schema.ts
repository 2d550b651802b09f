import { SourceConfigurationError } from '../../errors.js';
import type { SqliteDatabase } from './driver.js';
import type { TablePlan } from './table-plan.js';

/** What the table turned out to be. */
export interface TableSchema {
  /** Every column, as the schema spells it, in its order. */
  readonly columns: readonly string[];
  /** A name for the row's number that no column hides; undefined where rows have none (a view, WITHOUT ROWID). */
  readonly rowid: string | undefined;
}

/** A name as SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * A column as SQL. Always with its table: a quoted name alone that is no column would be taken for a string, and a
 * renamed column for a constant.
 */
export const column = (name: string): string => `t.${quoted(name)}`;

/**
 * Reads the table's schema and looks whether all that the plan names is there.
 *
 * @throws SourceConfigurationError that names the table or the column, and what there is.
 */
export function readSchema(database: SqliteDatabase, plan: TablePlan): TableSchema {
  const columns = names(database, 'SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1', plan.table);
  if (columns.length === 0) {
    const tables = names(
      database,
      "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name",
    );
    throw new SourceConfigurationError(
      `The database has no table "${plan.table}". It has: ${list(tables)}. Mend option "table", or the database.`,
    );
  }
  const there = new Set(columns.map(folded));
  for (const [option, name] of named(plan)) {
    if (there.has(folded(name))) continue;
    throw new SourceConfigurationError(
      `Table "${plan.table}" has no column "${name}". It has: ${list(columns)}. Mend option "${option}", or the table.`,
    );
  }
  const rows = database
    .prepare("SELECT 1 FROM pragma_table_list(?) WHERE type = 'table' AND wr = 0")
    .all(plan.table);
  return {
    columns,
    rowid: rows.length === 0 ? undefined : ['rowid', '_rowid_', 'oid'].find((alias) => !there.has(alias)),
  };
}

function named(plan: TablePlan): [option: string, name: string][] {
  const roles: [string, string | undefined][] = [
    ['key', plan.key],
    ['expiresAt', plan.expiresAt],
    ['revokedAt', plan.revokedAt],
    ['updatedAt', plan.updatedAt],
    ...(plan.values ?? []).map((name): [string, string] => ['value', name]),
  ];
  return roles.filter((role): role is [string, string] => role[1] !== undefined);
}

function names(database: SqliteDatabase, sql: string, ...parameters: readonly string[]): readonly string[] {
  return database
    .prepare(sql)
    .raw()
    .all(...parameters)
    .map((row) => String(Array.isArray(row) ? row[0] : row));
}

/** SQLite folds the case of ASCII letters only. */
const folded = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

const list = (all: readonly string[]): string =>
  all.length === 0 ? 'nothing' : all.map((name) => `"${name}"`).join(', ');
