import type { Row } from '../source.js';
import { canBe } from './keys.js';
import type { TablePlan } from './table-plan.js';
import type { TableShape } from './table-shape.js';

/** What a row writes: columns, and a value for each. */
export interface WrittenColumns {
  readonly columns: readonly string[];
  readonly values: readonly unknown[];
}

/**
 * The columns of a row that is saved. `revokedAt` is never among them, and `updatedAt` is the server's to stamp.
 *
 * @throws TypeError when the value does not fit the columns.
 */
export function writtenColumns(row: Row<unknown>, plan: TablePlan, shape: TableShape): WrittenColumns {
  if (!canBe(row.key, shape.key)) {
    throw new TypeError(`The key cannot be stored in column "${plan.key}", which holds ${shape.key}.`);
  }
  const { values } = plan;
  const fields =
    values?.length === 1 ? new Map([[values[0] as string, row.value]]) : fieldsOf(row.value, values);
  if (fields.has(plan.key) && String(fields.get(plan.key)) !== row.key) {
    throw new TypeError(`The value's "${plan.key}" is not the key that it is saved under.`);
  }
  fields.set(plan.key, row.key);
  if (plan.revokedAt !== undefined) fields.delete(plan.revokedAt);
  if (plan.updatedAt !== undefined) fields.delete(plan.updatedAt);
  if (plan.version !== undefined && row.version !== undefined) fields.set(plan.version, row.version);
  if (plan.expiresAt !== undefined) {
    fields.set(plan.expiresAt, row.expiresAt ?? ms(plan.expiresAt, fields.get(plan.expiresAt)));
  }
  for (const name of fields.keys()) {
    if (!shape.columns.has(name))
      throw new TypeError(`The table has no column "${name}" for the value's field.`);
  }
  return {
    columns: [...fields.keys()],
    values: [...fields].map(([name, value]) => parameter(value, shape.columns.get(name) ?? '')),
  };
}

function fieldsOf(value: unknown, columns: readonly string[] | undefined): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError('The value must be an object with a field for each column.');
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  if (columns === undefined) return fields;
  const known = new Set(columns);
  for (const name of fields.keys()) {
    if (!known.has(name))
      throw new TypeError(`The value's field "${name}" is none of the columns in option "value".`);
  }
  return new Map(columns.map((name) => [name, fields.get(name)]));
}

function ms(name: string, value: unknown): number | null {
  if (value === undefined || value === null) return null;
  const time = value instanceof Date ? value.getTime() : Number(value);
  if (Number.isNaN(time)) throw new TypeError(`Column "${name}" must hold a Date, or ms since the epoch.`);
  return time;
}

/** As pg takes it. Of itself it would make of an array a PostgreSQL array, also where JSON is wanted. */
function parameter(value: unknown, type: string): unknown {
  if (value === undefined || value === null) return null;
  return type === 'json' || type === 'jsonb' ? JSON.stringify(value) : value;
}
