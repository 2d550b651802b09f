import { resolve } from 'node:path';
import * as v from 'valibot';
import { OptionsError } from '../../errors.js';
import { driverInstalled, type SqliteDatabase, type SqliteRow } from './driver.js';
import { inMemory, type TablePlan } from './table-plan.js';

/** Makes a value of a row. Runs in the caller's thread, at once. Throwing, or undefined, quarantines the row. */
export type ValueFunction<V> = (row: SqliteRow) => V | undefined;

export interface SqliteSourceOptions<Value = undefined> {
  /**
   * The database file. It is never created. While it is not there the source is unavailable.
   * With `thread: false` also `':memory:'`, or a better-sqlite3 `Database` of your own, which is never closed.
   */
  readonly file: string | SqliteDatabase;
  /** The table, or the view, to read. */
  readonly table: string;
  /** The column of the key: text or whole numbers, unique and indexed (the primary key, as a rule). */
  readonly key: string;
  /**
   * What makes the value: one column's content, several columns as an object, or a function of the whole row.
   * Default: the whole row as an object.
   */
  readonly value?: Value;
  /** The column that says until when a row is valid: ms since the epoch, or NULL for ever. Default: none. */
  readonly expiresAt?: string;
  /** The column that says that a row is revoked: anything but NULL. Default: none. */
  readonly revokedAt?: string;
  /**
   * The column that every write stamps with ms since the epoch; index it. Makes `changes` possible. It is not a row's
   * `version`: clocks disagree, backups are restored, and the database is right even when its stamps go back.
   * Default: none.
   */
  readonly updatedAt?: string;
  /** Whether `save` and `remove` are offered, and with `expiresAt` also `touch`. Otherwise the file is opened read-only. Default false. */
  readonly writable?: boolean;
  /** Whether SQLite runs in a thread of its own. `false` blocks the caller: for tests in virtual time. Default true. */
  readonly thread?: boolean;
}

const isDatabase = (value: unknown): value is SqliteDatabase =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'prepare') === 'function' &&
  typeof Reflect.get(value, 'pragma') === 'function';

const name = v.custom<string>(
  (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
  'must be a name',
);

const schema = v.strictObject({
  file: v.union(
    [v.pipe(v.string(), v.nonEmpty()), v.custom<SqliteDatabase>(isDatabase)],
    "must be a path, such as 'var/sessions.db'",
  ),
  table: name,
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
  writable: v.optional(v.boolean('must be true or false'), false),
  thread: v.optional(v.boolean('must be true or false'), true),
});

/** The options, checked. */
export interface SqliteSettings {
  readonly plan: TablePlan;
  readonly thread: boolean;
  readonly database: SqliteDatabase | undefined;
}

/** @throws OptionsError that names the option, what was given and what would do. */
export function sqliteSettings(options: SqliteSourceOptions<unknown>): SqliteSettings {
  const checked = v.safeParse(schema, options);
  if (!checked.success) throw new OptionsError(complaint(checked.issues[0]));
  const { file, table, key, value, expiresAt, revokedAt, updatedAt, writable, thread } = checked.output;
  if (thread && (isDatabase(file) || file === inMemory)) {
    throw new OptionsError(
      `Option "file" must be a path: ${isDatabase(file) ? 'a connection' : inMemory} cannot be shared with a thread. Give a path, or set "thread" to false (tests).`,
    );
  }
  checkRoles({ key, expiresAt, revokedAt, updatedAt });
  if (!driverInstalled()) {
    throw new OptionsError(
      'sqliteSource() needs the optional dependency better-sqlite3: npm install better-sqlite3.',
    );
  }
  return {
    plan: {
      file: isDatabase(file) ? file.name : file === inMemory ? file : resolve(file),
      table,
      key,
      values: typeof value === 'string' ? [value] : Array.isArray(value) ? value : undefined,
      expiresAt,
      revokedAt,
      updatedAt,
      writable,
    },
    thread,
    database: isDatabase(file) ? file : undefined,
  };
}

function checkRoles(roles: Readonly<Record<string, string | undefined>>): void {
  const taken = new Map<string, string>();
  for (const [role, column] of Object.entries(roles)) {
    if (column === undefined) continue;
    const other = taken.get(column.toLowerCase());
    if (other !== undefined) {
      throw new OptionsError(
        `Options "${other}" and "${role}" both name column "${column}". Each needs its own.`,
      );
    }
    taken.set(column.toLowerCase(), role);
  }
}

function complaint(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  if (path === null) return `sqliteSource() takes an object of options. Given: ${issue.received}.`;
  if (issue.type === 'strict_object') {
    return issue.received === 'undefined'
      ? `Option "${path}" of sqliteSource() must be given.`
      : `Unknown option "${path}" of sqliteSource(). Known are: ${Object.keys(schema.entries).join(', ')}.`;
  }
  return `Option "${path}" of sqliteSource() ${issue.message}. Given: ${issue.received}.`;
}
