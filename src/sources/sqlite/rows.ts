import type { Row } from '../source.js';
import type { SqliteRow, SqliteValue } from './driver.js';
import { keyOf, type RawRows } from './raw-rows.js';
import type { TablePlan } from './table-plan.js';

/** How a row's columns become a value: one of them, several as a record, or whatever a function makes of the record. */
export type ValueReader<V> = (columns: readonly string[], values: readonly SqliteValue[]) => V | undefined;

/** Rows of the table as rows of the source. What cannot be used is handed on as a bad row, with its reason. */
export function toRows<V>(raw: RawRows, plan: TablePlan, read: ValueReader<V>): Row<V>[] {
  return raw.keys.map((_, at) => toRow(raw, at, plan, read));
}

function toRow<V>(raw: RawRows, at: number, plan: TablePlan, read: ValueReader<V>): Row<V> {
  const { [at]: rawKey = null } = raw.keys;
  const { [at]: expiresAt = null } = raw.expiresAt;
  const { [at]: updatedAt = null } = raw.updatedAt;
  const key = keyOf(rawKey);
  if (key === undefined) {
    return bad(
      shown(rawKey),
      `A key must be text or a whole number. Column "${plan.key}" holds ${kindOf(rawKey)}.`,
    );
  }
  if (expiresAt !== null && !isStamp(expiresAt)) return bad(key, notAStamp(plan.expiresAt, expiresAt));
  if (updatedAt !== null && !isStamp(updatedAt)) return bad(key, notAStamp(plan.updatedAt, updatedAt));
  let value: V | undefined;
  try {
    value = read(raw.columns, valuesAt(raw, at));
  } catch (error) {
    return { key, value: undefined, error };
  }
  if (value === undefined) return bad(key, 'Option "value" made undefined of the row.');
  if (value instanceof Promise) {
    value.catch(() => {});
    return bad(key, 'Option "value" must make its value at once, not by a promise.');
  }
  return expiresAt === null ? { key, value } : { key, value, expiresAt };
}

function valuesAt({ values }: RawRows, at: number): SqliteValue[] {
  const row: SqliteValue[] = [];
  for (const column of values) row.push(column[at] ?? null);
  return row;
}

/** The columns by name, whatever the names are. */
export function record(columns: readonly string[], values: readonly SqliteValue[]): SqliteRow {
  const row: Record<string, SqliteValue> = {};
  for (let at = 0; at < columns.length; at += 1) {
    const name = columns[at] as string;
    const value = values[at] ?? null;
    if (name !== '__proto__') row[name] = value;
    else Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return row;
}

const isStamp = (value: SqliteValue): value is number => typeof value === 'number' && Number.isFinite(value);

const notAStamp = (name: string | undefined, value: SqliteValue): string =>
  `Column "${name}" must hold ms since the epoch, or NULL. It holds ${shown(value)}.`;

const bad = (key: string, message: string): Row<never> => ({
  key,
  value: undefined,
  error: new TypeError(message),
});

/** What it holds may be a secret. */
function kindOf(value: SqliteValue): string {
  if (value instanceof Uint8Array) return `a blob of ${value.length} bytes`;
  return value === null ? 'NULL' : 'a number that is not whole';
}

function shown(value: SqliteValue): string {
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  return typeof value === 'string' ? `'${value.slice(0, 40)}'` : String(value);
}
