import { SourceConfigurationError } from '../../errors.js';
import type { Session } from './session.js';
import { quoted, type TablePlan, tableName, toldTable } from './table-plan.js';

/** How the keys of a column are compared. `'other'`: as text. */
export type KeyKind = 'text' | 'uuid' | 'int2' | 'int4' | 'int8' | 'other';

/** How a column tells a time. `'local'`: a timestamp without a time zone, read as UTC. */
export type TimeKind = 'instant' | 'local' | 'integer' | 'number';

/** What the table turned out to be. */
export interface TableShape {
  /** Changes with the table and with what it is stored in: a feed of another one has a gap. */
  readonly identity: string;
  /** Where it is, resolved. */
  readonly schema: string;
  readonly table: string;
  /** Every column in its order, with its type. */
  readonly columns: ReadonlyMap<string, string>;
  readonly key: KeyKind;
  readonly expiresAt: TimeKind | undefined;
  readonly revokedAt: TimeKind | 'boolean' | undefined;
  readonly updatedAt: TimeKind | undefined;
}

const columnsOf = `
SELECT n.nspname, c.relname, c.oid::text, c.relfilenode::text, current_database(), a.attname,
  (SELECT b.typname FROM pg_type b WHERE b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.oid = to_regclass($1) ORDER BY a.attnum`;

/** Another server, or the same after another took over what it had not replicated: whoever may not ask goes without. */
const serverOf = `
SELECT system_identifier::text, timeline_id::text FROM pg_control_system(), pg_control_checkpoint()`;

const keyKinds: Readonly<Record<string, KeyKind>> = {
  text: 'text',
  varchar: 'text',
  uuid: 'uuid',
  int2: 'int2',
  int4: 'int4',
  int8: 'int8',
};

const timeKinds: Readonly<Record<string, TimeKind>> = {
  timestamptz: 'instant',
  timestamp: 'local',
  int8: 'integer',
  int4: 'integer',
  numeric: 'number',
  float8: 'number',
};

/**
 * Looks whether all that the plan names is there, and of which types.
 *
 * @throws SourceConfigurationError that names the table or the column, and what there is.
 */
export async function readShape(session: Session, plan: TablePlan): Promise<TableShape> {
  const { rows } = await session.query(columnsOf, [tableName(plan)]);
  const server = await session.query(serverOf).catch((error: unknown) => {
    if (error instanceof Error && Reflect.get(error, 'code') === '42501') return undefined;
    throw error;
  });
  const [first] = rows;
  if (first === undefined) {
    throw new SourceConfigurationError(
      `The database has no table ${toldTable(plan)} that this user can see. Mend option "table", or the database.`,
    );
  }
  const [schema, table, oid, storage, database] = first.map(String);
  const columns = new Map(rows.map((row) => [String(row[5]), String(row[6])]));
  const typeOf = (option: string, name: string | undefined): string | undefined => {
    if (name === undefined) return undefined;
    const type = columns.get(name);
    if (type !== undefined) return type;
    throw new SourceConfigurationError(
      `Table ${toldTable(plan)} has no column "${name}". It has: ${[...columns.keys()].map(quoted).join(', ')}. Mend option "${option}", or the table.`,
    );
  };
  const timeOf = (option: 'expiresAt' | 'updatedAt'): TimeKind | undefined => {
    const type = typeOf(option, plan[option]);
    if (type === undefined) return undefined;
    const kind = timeKinds[type];
    if (kind !== undefined) return kind;
    throw new SourceConfigurationError(
      `Column "${plan[option]}" of table ${toldTable(plan)}, option "${option}", must be a timestamp or a number of ms. It is ${type}.`,
    );
  };
  for (const name of plan.values ?? []) typeOf('value', name);
  typeOf('version', plan.version);
  const revoked = typeOf('revokedAt', plan.revokedAt);
  return {
    identity: JSON.stringify([...(server?.rows[0] ?? []), database, oid, storage, plan.updatedAt]),
    schema: schema ?? '',
    table: table ?? '',
    columns,
    key: keyKinds[typeOf('key', plan.key) ?? ''] ?? 'other',
    expiresAt: timeOf('expiresAt'),
    revokedAt: revoked === undefined ? undefined : revoked === 'bool' ? 'boolean' : timeKinds[revoked],
    updatedAt: timeOf('updatedAt'),
  };
}
