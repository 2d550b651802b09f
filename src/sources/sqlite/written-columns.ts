import type { Milliseconds } from '../../runtime/duration.js';
import type { Row } from '../source.js';
import type { SqliteValue } from './driver.js';
import type { TablePlan } from './table-plan.js';

/** What a row writes: columns, and a value for each. */
export interface WrittenColumns {
  readonly columns: readonly string[];
  readonly values: readonly SqliteValue[];
}

/** A lone surrogate has no UTF-8: SQLite would store another key. */
const lone = /\p{Surrogate}/u;

/**
 * The columns of a row that is saved. `revokedAt` is never among them.
 *
 * @throws TypeError when the value does not fit the columns.
 */
export function writtenColumns(
  row: Row<unknown>,
  plan: TablePlan,
  { single, now }: { readonly single: boolean; readonly now: Milliseconds },
): WrittenColumns {
  if (lone.test(row.key)) throw new TypeError('The key has a lone surrogate, which SQLite cannot store.');
  const fields = single ? new Map([[plan.values?.[0] ?? '', row.value]]) : fieldsOf(row.value, plan);
  if (fields.has(plan.key) && String(fields.get(plan.key)) !== row.key) {
    throw new TypeError(`The value's "${plan.key}" is not the key that it is saved under.`);
  }
  fields.set(plan.key, row.key);
  if (plan.revokedAt !== undefined) fields.delete(plan.revokedAt);
  if (plan.updatedAt !== undefined) fields.set(plan.updatedAt, now);
  if (plan.expiresAt !== undefined) {
    fields.set(plan.expiresAt, row.expiresAt ?? fields.get(plan.expiresAt) ?? null);
  }
  return {
    columns: [...fields.keys()],
    values: [...fields].map(([name, value]) => storableValue(name, value)),
  };
}

function fieldsOf(value: unknown, plan: TablePlan): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError('The value must be an object with a field for each column.');
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  if (plan.values === undefined) return fields;
  const known = new Set(plan.values);
  for (const name of fields.keys()) {
    if (!known.has(name))
      throw new TypeError(`The value's field "${name}" is none of the columns in option "value".`);
  }
  return new Map(plan.values.map((name) => [name, fields.get(name)]));
}

function storableValue(name: string, value: unknown): SqliteValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(
    `Column "${name}" cannot hold ${typeof value === 'object' ? 'an object' : `a ${typeof value}`}: save text, a number, a bigint, bytes or null.`,
  );
}
