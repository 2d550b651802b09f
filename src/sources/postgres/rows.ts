import type { Row } from '../source.js';
import type { PostgresRow } from './options.js';
import { places } from './statements.js';
import type { TablePlan } from './table-plan.js';

/** How a row's columns become a value: one of them, several as a record, or whatever a function makes of the record. */
export type ValueReader<V> = (columns: readonly string[], values: readonly unknown[]) => V | undefined;

/** A selected row as a row of the source. What cannot be used is handed on as a bad row, with its reason. */
export function toRow<V>(
  selected: readonly unknown[],
  columns: readonly string[],
  plan: TablePlan,
  read: ValueReader<V>,
): Row<V> {
  const key = String(selected[places.key]);
  const expiresAt = selected[places.expiresAt];
  const version = selected[places.version];
  if (isNoNumber(expiresAt)) return bad(key, `Column "${plan.expiresAt}" holds NaN, which is no time.`);
  if (isNoNumber(version)) return bad(key, `Column "${plan.version}" holds NaN, which is no version.`);
  let value: V | undefined;
  try {
    value = read(columns, selected.slice(places.firstValue));
  } catch (error) {
    return { key, value: undefined, error };
  }
  if (value === undefined) return bad(key, 'Option "value" made undefined of the row.');
  if (value instanceof Promise) {
    value.catch(() => {});
    return bad(key, 'Option "value" must make its value at once, not by a promise.');
  }
  return {
    key,
    value,
    ...(typeof expiresAt === 'number' && Number.isFinite(expiresAt) && { expiresAt }),
    ...(typeof version === 'number' && { version }),
  };
}

/** The columns by name, whatever the names are. */
export function record(columns: readonly string[], values: readonly unknown[]): PostgresRow {
  const row: Record<string, unknown> = {};
  for (const [at, name] of columns.entries()) {
    const value = values[at] ?? null;
    if (name !== '__proto__') row[name] = value;
    else Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return row;
}

const isNoNumber = (value: unknown): boolean => typeof value === 'number' && Number.isNaN(value);

const bad = (key: string, message: string): Row<never> => ({
  key,
  value: undefined,
  error: new TypeError(message),
});
