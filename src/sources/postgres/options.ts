import * as v from 'valibot';
import { OptionsError } from '../../errors.js';
import { checkedOptions } from '../../runtime/checked-options.js';
import { driverInstalled, type PgConnection, type PgPool } from './driver.js';
import type { TablePlan } from './table-plan.js';

/** A row of the table by column, each as pg gives it: text for `bigint` and `numeric`, a Date for a timestamp. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** Makes a value of a row, at once. Throwing, or undefined, quarantines the row. */
export type ValueFunction<V> = (row: PostgresRow) => V | undefined;

export interface PostgresSourceOptions<Value = undefined> {
  /** Where the server is: a URL, or an object as pg takes it. Default: `PGHOST` and the other variables of libpq. */
  readonly connection?: string | PgConnection;
  /**
   * Instead of `connection`: a pg `Pool` of your own. It is never ended. `scan` holds one of its connections for as long as a pass
   * takes, and `notify` one for good. Give it a `connectionTimeoutMillis`.
   */
  readonly pool?: PgPool;
  /** The table, or the view: `'sessions'`, `'auth.sessions'`, or `{ schema, name }` where a name has a dot in it. */
  readonly table: string | { readonly schema?: string; readonly name: string };
  /**
   * The column of the key: text, uuid or whole numbers, unique and indexed (the primary key, as a rule). Of any other type it is
   * compared as text, for which it needs an index of its own.
   */
  readonly key: string;
  /**
   * What makes the value: one column's content, several columns as an object, or a function of the whole row.
   * Default: the whole row as an object.
   */
  readonly value?: Value;
  /** The column that says until when a row is valid, NULL for ever: a timestamp, or ms since the epoch. Default: none. */
  readonly expiresAt?: string;
  /** The column that says that a row is revoked: anything but NULL, or true. Default: none. */
  readonly revokedAt?: string;
  /**
   * The column that every write stamps with `now()`, or with ms since the epoch; index it. Makes `changes` possible. Default: none.
   */
  readonly updatedAt?: string;
  /** The column of a number that every write of a row raises. Default: none. */
  readonly version?: string;
  /** Whether `save` and `remove` are offered. Default false. */
  readonly writable?: boolean;
  /**
   * Whether writers are listened to, so that what changes is known at once. `true`: by the trigger that
   * `npx holdfast postgres install-trigger` installs; `{ channel }`: by one of your own. Default false.
   */
  readonly notify?: boolean | { readonly channel: string };
}

/** PostgreSQL cuts longer names off, silently: it would be another's. */
const longestName = 63;

const name = v.custom<string>(
  (value) =>
    typeof value === 'string' &&
    value !== '' &&
    !value.includes('\0') &&
    Buffer.byteLength(value) <= longestName,
  `must be a name of at most ${longestName} bytes`,
);

const isPool = (value: unknown): value is PgPool =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'connect') === 'function' &&
  typeof Reflect.get(value, 'totalCount') === 'number';

const schema = v.strictObject({
  connection: v.optional(
    v.union(
      [v.pipe(v.string(), v.nonEmpty()), v.record(v.string(), v.unknown())],
      "must be a URL, such as 'postgres://localhost/app', or an object as pg takes it",
    ),
  ),
  pool: v.optional(v.custom<PgPool>(isPool, 'must be a Pool of pg')),
  table: v.union(
    [
      v.pipe(v.string(), v.regex(/^[^.\0]{1,63}(\.[^.\0]{1,63})?$/)),
      v.strictObject({ schema: v.optional(name), name }),
    ],
    "must be a name, such as 'sessions' or 'auth.sessions', or { schema, name }",
  ),
  key: name,
  value: v.optional(
    v.union(
      [name, v.pipe(v.array(name), v.nonEmpty()), v.function()],
      'must be a column, a list of columns, or a function of the row',
    ),
  ),
  expiresAt: v.optional(name),
  revokedAt: v.optional(name),
  updatedAt: v.optional(name),
  version: v.optional(name),
  writable: v.optional(v.boolean('must be true or false'), false),
  notify: v.optional(
    v.union([v.boolean(), v.strictObject({ channel: name })], "must be true, false or { channel: 'a name' }"),
    false,
  ),
});

/** @throws OptionsError for what is no name of a table or a column. */
export function checkedNames(given: {
  readonly table: string;
  readonly key: string;
}): Pick<TablePlan, 'schema' | 'table' | 'key'> {
  const { table, key } = checkedOptions(
    v.strictObject({ table: schema.entries.table, key: schema.entries.key }),
    given,
    { of: 'install-trigger' },
  );
  return { ...tableOf(table), key };
}

/** The options, checked. */
export interface PostgresSettings {
  readonly plan: TablePlan;
  readonly connection: string | PgConnection | undefined;
  readonly pool: PgPool | undefined;
}

/** @throws OptionsError that names the option, what was given and what would do. */
export function postgresSettings(options: PostgresSourceOptions<unknown>): PostgresSettings {
  const { connection, pool, table, value, notify, ...given } = checkedOptions(schema, options, {
    of: 'postgresSource()',
  });
  if (connection !== undefined && pool !== undefined) {
    throw new OptionsError(
      'Options "connection" and "pool" both say where the server is: give one of them.',
      {
        option: 'pool',
      },
    );
  }
  const { key, expiresAt, revokedAt, updatedAt, version } = given;
  checkRoles({ key, expiresAt, revokedAt, updatedAt, version });
  if (!driverInstalled()) {
    throw new OptionsError(
      'postgresSource() needs the optional dependencies pg and pg-cursor: npm install pg pg-cursor.',
    );
  }
  return {
    plan: {
      ...tableOf(table),
      key,
      expiresAt,
      revokedAt,
      updatedAt,
      version,
      values: typeof value === 'string' ? [value] : Array.isArray(value) ? value : undefined,
      writable: given.writable,
      notify: typeof notify === 'object' ? notify : notify ? 'trigger' : undefined,
    },
    connection,
    pool,
  };
}

/** The parts of a table's name. */
function tableOf(
  table: string | { readonly schema?: string | undefined; readonly name: string },
): Pick<TablePlan, 'schema' | 'table'> {
  if (typeof table === 'object') return { schema: table.schema, table: table.name };
  const [first = '', second] = table.split('.');
  return second === undefined ? { schema: undefined, table: first } : { schema: first, table: second };
}

function checkRoles(roles: Readonly<Record<string, string | undefined>>): void {
  const taken = new Map<string, string>();
  for (const [role, column] of Object.entries(roles)) {
    if (column === undefined) continue;
    const other = taken.get(column);
    if (other !== undefined) {
      throw new OptionsError(
        `Options "${other}" and "${role}" both name column "${column}". Each needs its own.`,
        { option: role, given: column },
      );
    }
    taken.set(column, role);
  }
}
