import { sqlTypeOf } from './keys.js';
import { quoted, type TablePlan, tableName } from './table-plan.js';
import type { TableShape, TimeKind } from './table-shape.js';
import { clock, fromMs, fromTicks, latest, toMs, toTicks, unitOf } from './times.js';

/** The text of every statement over one table. */
export interface TableSql {
  /** The columns that make the value, as they come after `firstValue`. */
  readonly valueColumns: readonly string[];
  /** `$1` keys, `$2` now. Living rows. */
  readonly byKeys: string;
  /** `$1` now. Living rows in the order of their keys. */
  readonly all: string;
  /** The newest stamp, and when the oldest transaction began. In ticks. Undefined without `updatedAt`. */
  readonly head: string | undefined;
  /** `$1` now, `$2` from, `$3` to, `$4` limit; with `$5`: behind the key, at the stamp `$2`. Dead rows, too. */
  readonly changes: { readonly first: string; readonly next: string } | undefined;
  /** `$1` key, `$2` now. */
  readonly remove: string;
  /** `$1` key, `$2` when it is to expire, `$3` when it was known to be there. Undefined without `expiresAt`. */
  readonly touch: string | undefined;
  save(columns: readonly string[]): string;
}

/** Where what stands among the selected columns. */
export const places = { key: 0, living: 1, expiresAt: 2, version: 3, stamp: 4, firstValue: 5 } as const;

export function tableSql(plan: TablePlan, shape: TableShape): TableSql {
  const column = (name: string): string => `t.${quoted(name)}`;
  const table = `${tableName(shape)} AS t`;
  const from = `FROM ${table}`;
  const key = shape.key === 'other' ? `${column(plan.key)}::text` : column(plan.key);
  const keyType = sqlTypeOf(shape.key);
  const valueColumns = plan.values ?? [...shape.columns.keys()];
  const expiresAt = role(plan.expiresAt, shape.expiresAt);
  const updatedAt = role(plan.updatedAt, shape.updatedAt);

  const living = (now: string): string => {
    const conditions = [
      ...(plan.revokedAt === undefined ? [] : [notRevoked()]),
      ...(expiresAt === undefined
        ? []
        : [`(${expiresAt.sql} IS NULL OR ${expiresAt.sql} > ${fromMs(now, expiresAt.kind)})`]),
    ];
    // The parameter is there in any case, and its type must be known.
    return [`${now}::float8 IS NOT NULL`, ...conditions].join(' AND ');
  };
  const selected = (isLiving: string): string =>
    [
      `${column(plan.key)}::text`,
      isLiving,
      expiresAt === undefined ? 'NULL' : toMs(expiresAt.sql, expiresAt.kind),
      plan.version === undefined ? 'NULL' : `${column(plan.version)}::float8`,
      updatedAt === undefined ? 'NULL' : toTicks(updatedAt.sql, updatedAt.kind),
      ...valueColumns.map(column),
    ].join(', ');

  return {
    valueColumns,
    byKeys: `SELECT ${selected('true')} ${from} WHERE ${key} = ANY($1::${keyType}[]) AND ${living('$2')}`,
    all: `SELECT ${selected('true')} ${from} WHERE ${key} IS NOT NULL AND ${living('$1')} ORDER BY ${key}`,
    head: updatedAt && headSql(updatedAt),
    changes: updatedAt && changesSql(updatedAt),
    remove: removeSql(),
    touch: expiresAt && touchSql(expiresAt),
    save: saveSql,
  };

  function role(name: string | undefined, kind: TimeKind | undefined) {
    return name === undefined || kind === undefined ? undefined : { sql: column(name), kind };
  }

  function notRevoked(): string {
    return `${column(plan.revokedAt ?? '')} IS ${shape.revokedAt === 'boolean' ? 'NOT TRUE' : 'NULL'}`;
  }

  function headSql({ sql, kind }: { readonly sql: string; readonly kind: TimeKind }): string {
    const newest = `SELECT ${toTicks(sql, kind)} ${from} WHERE ${sql} <= ${fromTicks(String(latest), kind)} ORDER BY ${sql} DESC LIMIT 1`;
    // Of other users' transactions nobody without pg_read_all_stats is told.
    const running = `SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    return `SELECT (${newest}), ${toTicks(`(${running})`, 'instant')} * ${unitOf(kind) / unitOf('instant')}`;
  }

  function changesSql({ sql, kind }: { readonly sql: string; readonly kind: TimeKind }) {
    const select = `SELECT ${selected(`(${living('$1')})`)} ${from} WHERE ${key} IS NOT NULL AND ${sql} <= ${fromTicks('$3', kind)}`;
    const order = `ORDER BY ${sql}, ${key} LIMIT $4`;
    const start = fromTicks('$2', kind);
    return {
      first: `${select} AND ${sql} >= ${start} ${order}`,
      next: `${select} AND (${sql}, ${key}) > (${start}, $5::${keyType}) ${order}`,
    };
  }

  function removeSql(): string {
    const where = `WHERE ${key} = $1::${keyType}`;
    if (plan.revokedAt === undefined) return `DELETE ${from} ${where} AND $2::float8 IS NOT NULL`;
    const { revokedAt } = shape;
    const revoked =
      revokedAt === 'boolean' ? 'true' : revokedAt === undefined ? 'now()' : fromMs('$2', revokedAt);
    const set = [`${quoted(plan.revokedAt)} = ${revoked}`, ...(updatedAt ? [stamp(updatedAt.kind)] : [])];
    return `UPDATE ${table} SET ${set.join(', ')} ${where} AND $2::float8 IS NOT NULL AND ${notRevoked()}`;
  }

  function touchSql({ sql, kind }: { readonly sql: string; readonly kind: TimeKind }): string {
    const end = fromMs('$2', kind);
    const set = [`${quoted(plan.expiresAt ?? '')} = ${end}`, ...(updatedAt ? [stamp(updatedAt.kind)] : [])];
    const living = plan.revokedAt === undefined ? '' : ` AND ${notRevoked()}`;
    return (
      `UPDATE ${table} SET ${set.join(', ')} WHERE ${key} = $1::${keyType} ` +
      `AND ${sql} > ${fromMs('$3', kind)} AND ${sql} < ${end}${living}`
    );
  }

  /** Never back: whoever reads changes would miss this one. */
  function stamp(kind: TimeKind): string {
    const name = plan.updatedAt ?? '';
    return `${quoted(name)} = greatest(${clock(kind)}, ${column(name)})`;
  }

  function saveSql(columns: readonly string[]): string {
    const value = (name: string, at: number): string => {
      if (name === plan.expiresAt && shape.expiresAt) return fromMs(`$${at + 1}`, shape.expiresAt);
      return `$${at + 1}`;
    };
    const written = columns.map(quoted);
    const values = columns.map(value);
    if (updatedAt !== undefined) {
      written.push(quoted(plan.updatedAt ?? ''));
      values.push(clock(updatedAt.kind));
    }
    const set = [
      ...columns
        .filter((name) => name !== plan.key)
        .map((name) => `${quoted(name)} = excluded.${quoted(name)}`),
      ...(updatedAt ? [stamp(updatedAt.kind)] : []),
    ];
    const living = plan.revokedAt === undefined ? '' : ` WHERE ${notRevoked()}`;
    return (
      `INSERT INTO ${table} (${written.join(', ')}) VALUES (${values.join(', ')}) ` +
      `ON CONFLICT (${quoted(plan.key)}) ` +
      (set.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${set.join(', ')}${living}`)
    );
  }
}
