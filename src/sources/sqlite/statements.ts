import type { TablePlan } from './table-plan.js';
import { column, quoted, type TableSchema } from './table-schema.js';

/** How many keys one statement asks for. SQLite's own bound is far above. */
export const keysAtOnce = 500;

/** The text of every statement over one table. What stands before the columns of the value is `fixedColumns` wide. */
export interface TableSql {
  /** Names of the columns of the value, in the order in which they are selected. */
  readonly valueColumns: readonly string[];
  readonly byKey: string;
  readonly byKeys: string;
  readonly firstPage: string;
  readonly nextPage: string;
  readonly standing: string;
  /** Undefined without `updatedAt`. */
  readonly changes: { readonly newest: string; readonly first: string; readonly next: string } | undefined;
  readonly remove: string;
  /** Inserts a row, or updates the one that is there unless it is revoked. */
  save(columns: readonly string[]): string;
}

/** key, expiresAt, revokedAt, updatedAt, tie */
export const fixedColumns = 5;

export function tableSql(plan: TablePlan, schema: TableSchema): TableSql {
  const valueColumns = plan.values ?? schema.columns;
  const optional = (name: string | undefined): string => (name === undefined ? 'NULL' : column(name));
  const key = column(plan.key);
  // Rows of one key, or of one millisecond, are told apart by their number.
  const tie = schema.rowid === undefined ? key : `t.${schema.rowid}`;
  const fixed = [key, optional(plan.expiresAt), optional(plan.revokedAt), optional(plan.updatedAt), tie];
  const from = `FROM ${quoted(plan.table)} AS t`;
  const select = `SELECT ${[...fixed, ...valueColumns.map(column)].join(', ')} ${from}`;
  const keys = `${key} IN (${Array(keysAtOnce).fill('?').join(', ')})`;
  return {
    valueColumns,
    byKey: `${select} WHERE ${key} = ?`,
    byKeys: `${select} WHERE ${keys}`,
    firstPage: `${select} WHERE ${key} IS NOT NULL ORDER BY ${key}, ${tie} LIMIT ?`,
    nextPage: `${select} WHERE (${key}, ${tie}) > (?, ?) ORDER BY ${key}, ${tie} LIMIT ?`,
    standing: `SELECT ${fixed.join(', ')} ${from} WHERE ${keys}`,
    changes: plan.updatedAt === undefined ? undefined : changesSql(column(plan.updatedAt)),
    remove: removeSql(),
    save: saveSql,
  };

  function changesSql(updatedAt: string) {
    const order = `ORDER BY ${updatedAt}, ${tie} LIMIT ?`;
    const there = `AND ${updatedAt} <= ? AND ${key} IS NOT NULL`;
    return {
      newest: `SELECT ${updatedAt} ${from} WHERE ${updatedAt} <= ? ORDER BY ${updatedAt} DESC LIMIT 1`,
      first: `${select} WHERE ${updatedAt} >= ? ${there} ${order}`,
      next: `${select} WHERE (${updatedAt}, ${tie}) > (?, ?) ${there} ${order}`,
    };
  }

  function removeSql(): string {
    // By the very bytes: a collation that folds case must not remove another key's row.
    const where = `WHERE ${key} = $key AND CAST(${key} AS TEXT) = $key COLLATE BINARY`;
    const update = `UPDATE ${quoted(plan.table)} AS t SET`;
    const stamp = (name: string): string => `${quoted(name)} = max($now, coalesce(${column(name)}, 0))`;
    if (plan.revokedAt === undefined) return `DELETE ${from} ${where}`;
    const set = [
      `${quoted(plan.revokedAt)} = $now`,
      ...(plan.updatedAt === undefined ? [] : [stamp(plan.updatedAt)]),
    ];
    return `${update} ${set.join(', ')} ${where} AND ${column(plan.revokedAt)} IS NULL`;
  }

  function saveSql(columns: readonly string[]): string {
    const set = columns
      .filter((name) => name !== plan.key)
      .map((name) =>
        name === plan.updatedAt
          ? // A writer with a fast clock was here: the stamp must not go back, or readers of changes miss this one.
            `${quoted(name)} = max(excluded.${quoted(name)}, coalesce(${column(name)}, 0))`
          : `${quoted(name)} = excluded.${quoted(name)}`,
      );
    const living = plan.revokedAt === undefined ? '' : ` WHERE ${column(plan.revokedAt)} IS NULL`;
    return (
      `INSERT INTO ${quoted(plan.table)} AS t (${columns.map(quoted).join(', ')}) ` +
      `VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT (${quoted(plan.key)}) ` +
      (set.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${set.join(', ')}${living}`)
    );
  }
}
