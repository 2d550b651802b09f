import { SourceUnavailableError, StateError } from '../../errors.js';
import { wallNow } from '../../runtime/time.js';
import { encodeCursor, standing } from '../change-cursor.js';
import type { Cursor, Row, Source, SourceContext } from '../source.js';
import { changesOf, feedOf } from './changes.js';
import type { SqliteRow, SqliteValue } from './driver.js';
import type { Position } from './engine.js';
import { type EnginePort, inlinePort, threadPort } from './engine-port.js';
import { type SqliteSourceOptions, sqliteSettings, type ValueFunction } from './options.js';
import { record, toRows, type ValueReader } from './rows.js';
import { keysAtOnce } from './statements.js';
import { inMemory, type TablePlan } from './table-plan.js';
import { watch } from './watch.js';
import { writtenColumns } from './written-columns.js';

/** What `sqliteSource` makes: what is always there, and `changes`, `save`, `remove` and `touch` where the options allow them. */
export type SqliteSource<V> = Source<V> &
  Required<Pick<Source<V>, 'loadMany' | 'scan' | 'missing' | 'ping' | 'close'>>;

/**
 * A table of a SQLite file as a source, read by better-sqlite3 in a thread of its own. The tree starts that thread first,
 * under the id `source`, and starts it again when it dies.
 *
 * @remarks
 * - Whatever keeps the database from being reached (no file, no folder, a lock, an I/O error, a file that is no database,
 *   a dead thread) rejects with SourceUnavailableError. A table or a column that is not there rejects with
 *   SourceConfigurationError, and heals when it is there again.
 * - A file that is deleted or replaced is noticed by the next request. After it `changes` begins with a batch marked
 *   `reset`: pass in full. A file *overwritten in place* cannot be told from a written one; the next pass sees it.
 * - A query cannot be interrupted: who gives up is rejected at once, and later requests wait until it ends.
 * - `changes` finds what appears up to 5 s later than its stamp says. Hard deletes it cannot see: `missing` does.
 * - What another process or connection commits is noticed within 250 ms, by `subscribe`: a cache then asks what changed, at once.
 * - Integers beyond 2^53 arrive as bigints, BLOBs as Uint8Arrays.
 * - `save` needs a primary key or a unique index on `key`. It refuses a revoked row: what was revoked stays so.
 *
 * @throws OptionsError that names the option.
 * @example
 * ```ts
 * const source = sqliteSource({
 *   file: 'var/sessions.db',
 *   table: 'sessions',
 *   key: 'token',
 *   value: (row) => ({ userId: String(row.user_id) }),
 *   expiresAt: 'expires_at',
 *   revokedAt: 'revoked_at',
 *   updatedAt: 'updated_at',
 * });
 * const sessions = defineCache({ name: 'sessions', source });
 * ```
 */
export function sqliteSource<V>(
  options: SqliteSourceOptions<ValueFunction<V>> & { readonly value: ValueFunction<V> },
): SqliteSource<V>;
export function sqliteSource<V extends SqliteValue = SqliteValue>(
  options: SqliteSourceOptions<string> & { readonly value: string },
): SqliteSource<V>;
export function sqliteSource<V extends object = SqliteRow>(
  options: SqliteSourceOptions<readonly string[]>,
): SqliteSource<V>;
export function sqliteSource(
  options: SqliteSourceOptions<string | readonly string[] | ValueFunction<unknown>>,
): SqliteSource<unknown> {
  const { plan, thread, database } = sqliteSettings(options);
  const port = thread ? threadPort(plan) : inlinePort(plan, database);
  const { value } = options;
  const read: ValueReader<unknown> =
    typeof value === 'function'
      ? (columns, values) => value(record(columns, values))
      : typeof value === 'string'
        ? (_, [only]) => only
        : record;
  const source = readable(plan, port, read);
  return {
    ...source,
    ...(plan.updatedAt === undefined ? {} : { changes: changesOf(plan, port, read) }),
    // Nobody else writes to a database of this process's memory.
    ...(plan.file === inMemory ? {} : { subscribe: (listener) => watch(port, listener) }),
    ...(plan.writable ? { remove: remover(port) } : {}),
    ...(plan.writable && plan.expiresAt !== undefined ? { touch: toucher(port) } : {}),
    ...(plan.writable && typeof value !== 'function'
      ? { save: saver(plan, port, typeof value === 'string') }
      : {}),
    ...(port.child === undefined ? {} : { child: port.child }),
  };
}

function readable<V>(plan: TablePlan, port: EnginePort, read: ValueReader<V>): SqliteSource<V> {
  return {
    async load(key, { signal }) {
      const [row] = toRows(await port.call('load', [key, wallNow()], { signal }), plan, read);
      return row;
    },
    async loadMany(keys, { signal }) {
      const found = new Map<string, Row<V>>();
      for (const some of chunks(keys)) {
        const rows = toRows(await port.call('loadMany', [some, wallNow()], { signal }), plan, read);
        for (const row of rows) found.set(row.key, row);
      }
      return found;
    },
    scan: (context) => scan(plan, port, read, context),
    async missing(keys, { signal }) {
      const gone = new Set(keys);
      for (const some of chunks(keys)) {
        for (const key of await port.call('existing', [some, wallNow()], { signal })) gone.delete(key);
      }
      return [...gone];
    },
    ping: async ({ signal }) => port.call('ping', [], { signal }),
    close: () => port.close(),
  };
}

async function* scan<V>(
  plan: TablePlan,
  port: EnginePort,
  read: ValueReader<V>,
  { signal, batch }: SourceContext & { readonly batch: number },
): AsyncGenerator<{ readonly rows: readonly Row<V>[]; readonly cursor?: Cursor }> {
  const begun = wallNow();
  const { file, newest } = await port.call('head', [], { signal });
  const cursor = encodeCursor(standing(undefined, { of: feedOf(plan, file), newest, now: begun }));
  let after: Position | undefined;
  do {
    const page = await port.call('scan', [{ file, limit: batch, now: wallNow(), after }], { signal });
    if ('replaced' in page) {
      throw new SourceUnavailableError(
        `The database file "${plan.file}" was replaced while it was read. Read it again.`,
      );
    }
    const rows = toRows(page, plan, read);
    yield plan.updatedAt === undefined ? { rows } : { rows, cursor };
    after = page.next;
  } while (after !== undefined);
}

function saver(plan: TablePlan, port: EnginePort, single: boolean): NonNullable<Source<unknown>['save']> {
  return async (row, { signal }) => {
    const { columns, values } = writtenColumns(row, plan, { single, now: wallNow() });
    if (await port.call('save', [columns, values], { signal })) return;
    throw new StateError(`Key "${row.key}" is revoked in table "${plan.table}": it is not saved again.`);
  };
}

function remover(port: EnginePort): NonNullable<Source<unknown>['remove']> {
  return async (key, { signal }) => {
    await port.call('remove', [key, wallNow()], { signal });
  };
}

function toucher(port: EnginePort): NonNullable<Source<unknown>['touch']> {
  return async (key, { expiresAt, at }, { signal }) => {
    await port.call('touch', [key, { expiresAt, at }, wallNow()], { signal });
  };
}

function* chunks(keys: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < keys.length; at += keysAtOnce) yield keys.slice(at, at + keysAtOnce);
}
