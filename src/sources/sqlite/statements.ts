import type { TablePlan } from './table-plan.js';
import { column, quoted, type TableSchema } from './table-schema.js';

/** How many keys one statement asks for. SQLite's own bound is far above. */
export const keysAtOnce = 500;

/** Where a role stands among the selected columns. One column may have several. */
export interface Places {
  readonly key: number;
  readonly expiresAt: number;
  readonly revokedAt: number;
  readonly updatedAt: number;
  /** Tells rows of one key, or of one millisecond, apart. */
  readonly tie: number;
  readonly values: readonly number[];
}

/** The text of every statement over one table. All of them select the same columns. */
export interface TableSql {
  readonly places: Places;
  readonly width: number;
  /** Names of the columns of the value. */
  readonly valueColumns: readonly string[];
  readonly byKey: string;
  readonly byKeys: string;
  readonly firstPage: string;
  readonly nextPage: string;
  /** Undefined without `updatedAt`. */
  readonly changes: { readonly newest: string; readonly first: string; readonly next: string } | undefined;
  readonly remove: string;
  /** `$key`, `$expiresAt`, `$at`, `$now`. Undefined without `expiresAt`. */
  readonly touch: string | undefined;
  /** Inserts a row, or updates the one that is there unless it is revoked. */
  save(columns: readonly string[]): string;
}

export function tableSql(plan: TablePlan, schema: TableSchema): TableSql {
  const valueColumns = plan.values ?? schema.columns;
  const selected: string[] = [];
  const place = (sql: string): number => {
    if (!selected.includes(sql)) selected.push(sql);
    return selected.indexOf(sql);
  };
  const optional = (name: string | undefined): string => (name === undefined ? 'NULL' : column(name));
  const key = column(plan.key);
  const tie = schema.rowid === undefined ? key : `t.${schema.rowid}`;
  const places: Places = {
    key: place(key),
    expiresAt: place(optional(plan.expiresAt)),
    revokedAt: place(optional(plan.revokedAt)),
    updatedAt: place(optional(plan.updatedAt)),
    tie: place(tie),
    values: valueColumns.map((name) => place(column(name))),
  };
  const from = `FROM ${quoted(plan.table)} AS t`;
  const select = `SELECT ${selected.join(', ')} ${from}`;
  return {
    places,
    width: selected.length,
    valueColumns,
    byKey: `${select} WHERE ${key} = ?`,
    byKeys: `${select} WHERE ${key} IN (${Array(keysAtOnce).fill('?').join(', ')})`,
    firstPage: `${select} WHERE ${key} IS NOT NULL ORDER BY ${key}, ${tie} LIMIT ?`,
    nextPage: `${select} WHERE (${key}, ${tie}) > (?, ?) ORDER BY ${key}, ${tie} LIMIT ?`,
    changes: plan.updatedAt === undefined ? undefined : changesSql(column(plan.updatedAt)),
    remove: removeSql(),
    touch: plan.expiresAt === undefined ? undefined : touchSql(column(plan.expiresAt)),
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

  /** By the very bytes: a collation that folds case must not change another key's row. */
  function whereKey(): string {
    return `WHERE ${key} = $key AND CAST(${key} AS TEXT) = $key COLLATE BINARY`;
  }

  function updateSql(set: string): string {
    const { updatedAt } = plan;
    const stamp =
      updatedAt === undefined ? '' : `, ${quoted(updatedAt)} = max($now, coalesce(${column(updatedAt)}, 0))`;
    const living = plan.revokedAt === undefined ? '' : ` AND ${column(plan.revokedAt)} IS NULL`;
    return `UPDATE ${quoted(plan.table)} AS t SET ${set}${stamp} ${whereKey()}${living}`;
  }

  function removeSql(): string {
    if (plan.revokedAt === undefined) return `DELETE ${from} ${whereKey()}`;
    return updateSql(`${quoted(plan.revokedAt)} = $now`);
  }

  function touchSql(expiresAt: string): string {
    // What is no number is greater than any: such a row is left as it is.
    const extended = `${expiresAt} > $at AND ${expiresAt} < $expiresAt`;
    return `${updateSql(`${quoted(plan.expiresAt ?? '')} = $expiresAt`)} AND ${extended} AND $now IS NOT NULL`;
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
