import { fromPromise, setup } from 'xstate';
import { StateError } from '../../errors.js';
import type { ChildSpec } from '../../runtime/child-spec.js';
import { wallNow } from '../../runtime/time.js';
import type { Row, Source } from '../source.js';
import { changesOf } from './changes.js';
import { Connections } from './connections.js';
import { canBe } from './keys.js';
import { listen } from './listen.js';
import {
  type PostgresRow,
  type PostgresSourceOptions,
  postgresSettings,
  type ValueFunction,
} from './options.js';
import { TableReader } from './reader.js';
import { record, type ValueReader } from './rows.js';
import { scanOf } from './scan.js';
import { toldTable } from './table-plan.js';
import { writtenColumns } from './written-columns.js';

/** What `postgresSource` makes: what is always there, and `changes`, `subscribe`, `save`, `remove` and `touch` where the options allow them. */
export type PostgresSource<V> = Source<V> &
  Required<Pick<Source<V>, 'loadMany' | 'scan' | 'missing' | 'ping' | 'close'>>;

/** So many keys are asked for by one statement. */
const keysAtOnce = 1_000;

/**
 * A table of a PostgreSQL database as a source, over pg. It has a pool of connections of its own, which its child in the tree closes, or
 * uses yours.
 *
 * @remarks
 * - Whatever keeps the server from being reached (refused, reset, shutting down, starting up, too many connections, a standby that was not
 *   promoted yet) rejects with SourceUnavailableError; what it ended for its time (`statement_timeout`, `lock_timeout`) with
 *   LoadTimeoutError. A table, a column, a right or a password that is not there, or TLS that is refused, rejects with
 *   SourceConfigurationError, and heals when it is mended.
 * - Who gives up by a signal is rejected at once. What the server does for it is cancelled there, and the connection closed.
 * - `scan` reads one snapshot in a transaction of its own: a row that is written meanwhile does not tear it. The server keeps what it
 *   would otherwise vacuum as long as that takes.
 * - `changes` finds what is stamped since the oldest transaction that still runs began, so a transaction may be as long as it likes where
 *   `now()` stamps it; stamps of other clocks may be 5 s off. Hard deletes it cannot see: `missing` does, and `notify`.
 * - `timestamp` without a time zone is read as UTC. `bigint` and `numeric` of a value arrive as text, as pg gives them.
 * - `save` needs a primary key or a unique index on `key`. It refuses a revoked row: what was revoked stays so.
 *
 * @throws OptionsError that names the option.
 * @example
 * ```ts
 * const source = postgresSource({
 *   connection: process.env.DATABASE_URL,
 *   table: 'auth.sessions',
 *   key: 'token',
 *   value: (row) => ({ userId: String(row.user_id) }),
 *   expiresAt: 'expires_at',
 *   revokedAt: 'revoked_at',
 *   updatedAt: 'updated_at',
 *   notify: true,
 * });
 * const sessions = defineCache({ name: 'sessions', source });
 * ```
 */
export function postgresSource<V>(
  options: PostgresSourceOptions<ValueFunction<V>> & { readonly value: ValueFunction<V> },
): PostgresSource<V>;
export function postgresSource<V = unknown>(
  options: PostgresSourceOptions<string> & { readonly value: string },
): PostgresSource<V>;
export function postgresSource<V extends object = PostgresRow>(
  options: PostgresSourceOptions<readonly string[]>,
): PostgresSource<V>;
export function postgresSource(
  options: PostgresSourceOptions<string | readonly string[] | ValueFunction<unknown>>,
): PostgresSource<unknown> {
  const { plan, connection, pool } = postgresSettings(options);
  const connections = new Connections(connection, pool);
  const { value } = options;
  const read: ValueReader<unknown> =
    typeof value === 'function'
      ? (columns, values) => value(record(columns, values))
      : typeof value === 'string'
        ? (_, [only]) => only
        : record;
  const reader = new TableReader(plan, connections, read);
  return {
    ...readable(reader),
    ...(plan.updatedAt !== undefined && { changes: changesOf(reader) }),
    ...(plan.notify !== undefined && { subscribe: (listener) => listen(plan, connections, listener) }),
    ...(plan.writable && { remove: remover(reader) }),
    ...(plan.writable && plan.expiresAt !== undefined && { touch: toucher(reader) }),
    ...(plan.writable && typeof value !== 'function' && { save: saver(reader) }),
    ...(pool === undefined && { child: poolChild(connections) }),
  };
}

function readable<V>(reader: TableReader<V>): PostgresSource<V> {
  const { connections } = reader;
  return {
    load: (key, { signal }) =>
      reader.ask(signal, async (prepared) => (await reader.living(prepared, [key])).get(key)),
    async loadMany(keys, { signal }) {
      const found = new Map<string, Row<V>>();
      for (const some of chunks(keys)) {
        const rows = await reader.ask(signal, (prepared) => reader.living(prepared, some));
        for (const [key, row] of rows) found.set(key, row);
      }
      return found;
    },
    scan: scanOf(reader),
    async missing(keys, { signal }) {
      const gone = new Set(keys);
      for (const some of chunks(keys)) {
        const rows = await reader.ask(signal, (prepared) => reader.living(prepared, some));
        for (const key of rows.keys()) gone.delete(key);
      }
      return [...gone];
    },
    ping: ({ signal }) => reader.ask(signal, async ({ session }) => void (await session.query('SELECT 1'))),
    close: () => connections.close(),
  };
}

function saver(reader: TableReader<unknown>): NonNullable<Source<unknown>['save']> {
  const { plan } = reader;
  return (row, { signal }) =>
    reader.ask(signal, async ({ session, shape, sql }) => {
      const { columns, values } = writtenColumns(row, plan, shape);
      const { rowCount } = await session.query(sql.save(columns), values);
      if (rowCount !== 0 || columns.length === 1) return;
      throw new StateError(`The row is revoked in table ${toldTable(plan)}: it is not saved again.`);
    });
}

function remover(reader: TableReader<unknown>): NonNullable<Source<unknown>['remove']> {
  return (key, { signal }) =>
    reader.ask(signal, async ({ session, shape, sql }) => {
      if (canBe(key, shape.key)) await session.query(sql.remove, [key, wallNow()]);
    });
}

function toucher(reader: TableReader<unknown>): NonNullable<Source<unknown>['touch']> {
  return (key, { expiresAt, at }, { signal }) =>
    reader.ask(signal, async ({ session, shape, sql }) => {
      if (canBe(key, shape.key) && sql.touch !== undefined)
        await session.query(sql.touch, [key, expiresAt, at]);
    });
}

/** What the tree starts first and stops last: when it stops, so do the connections. */
const poolLogic = setup({
  types: {
    context: {} as { readonly connections: Connections },
    events: {} as { readonly type: 'holdfast.shutdown' },
    input: {} as { readonly connections: Connections },
  },
  actors: {
    close: fromPromise<void, { readonly connections: Connections }>(({ input }) => input.connections.close()),
  },
}).createMachine({
  context: ({ input }) => input,
  initial: 'open',
  states: {
    open: { on: { 'holdfast.shutdown': 'closing' } },
    closing: { invoke: { src: 'close', input: ({ context }) => context, onDone: 'closed' } },
    closed: { type: 'final' },
  },
});

const poolChild = (connections: Connections): ChildSpec => ({
  id: 'source',
  logic: poolLogic,
  input: { connections },
});

function* chunks(keys: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < keys.length; at += keysAtOnce) yield keys.slice(at, at + keysAtOnce);
}
