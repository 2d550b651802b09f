/** The sources that come with Holdfast against the contract that any source must keep. */
import { renameSync } from 'node:fs';
import Database from 'better-sqlite3';
import { postgresSource } from 'holdfast/postgres';
import { sqliteSource } from 'holdfast/sqlite';
import { type SourceHarness, simulatedSource, sourceContract } from 'holdfast/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { needsPostgres, postgresPrograms } from '../needs.js';
import { ordinaryServer } from './postgres/cluster.js';
import { sessionsSource, sessionsTable, upsert } from './postgres/sessions-table.js';
import { folder } from './sqlite/sessions-database.js';

describe.each([{ tells: false }, { tells: true }])('the simulated source, tells: $tells', ({ tells }) => {
  sourceContract(
    async () => {
      const db = simulatedSource<unknown>(
        tells
          ? { has: ['scan', 'changes', 'missing', 'save', 'remove', 'touch', 'ping', 'subscribe'] }
          : { has: ['scan', 'changes', 'missing', 'save', 'remove', 'touch', 'ping'] },
      );
      return {
        source: db,
        write: async ({ key, value, expiresAt }) =>
          db.write(key, value, expiresAt === undefined ? {} : { expiresAt }),
        erase: async (key) => db.erase(key),
        spoil: async (key) => db.corrupt(key),
        takeAway: async () => db.down(),
        bringBack: async () => db.up(),
        async stall() {
          db.hang();
          return async () => db.up();
        },
      };
    },
    {
      describe,
      it,
      without: ['loadMany', 'close', 'revoke', 'begin', 'inUse', ...(tells ? [] : (['subscribe'] as const))],
      values: ['a', null, 0, { deep: [1] }, ''],
    },
  );
});

const surrogate = /\p{Surrogate}/u;

describe.each([{ thread: false }, { thread: true }])('the SQLite source, thread: $thread', ({ thread }) => {
  sourceContract(
    async (): Promise<SourceHarness> => {
      const file = `${folder()}/sessions.db`;
      const writer = new Database(file);
      writer.pragma('journal_mode = DELETE');
      writer.pragma('synchronous = OFF');
      writer.exec(
        'CREATE TABLE sessions (token TEXT PRIMARY KEY, value, expires_at INTEGER, revoked_at INTEGER, updated_at INTEGER NOT NULL)',
      );
      const write = writer.prepare(
        `INSERT INTO sessions VALUES (?, ?, ?, NULL, ?) ON CONFLICT DO UPDATE SET value = excluded.value,
         expires_at = excluded.expires_at, revoked_at = NULL, updated_at = excluded.updated_at`,
      );
      return {
        source: sqliteSource({
          file,
          table: 'sessions',
          key: 'token',
          value: 'value',
          expiresAt: 'expires_at',
          revokedAt: 'revoked_at',
          updatedAt: 'updated_at',
          writable: true,
          thread,
        }),
        write: async ({ key, value, expiresAt }) => void write.run(key, value, expiresAt ?? null, Date.now()),
        erase: async (key) => void writer.prepare('DELETE FROM sessions WHERE token = ?').run(key),
        revoke: async (key) =>
          void writer
            .prepare('UPDATE sessions SET revoked_at = 1, updated_at = ? WHERE token = ?')
            .run(Date.now(), key),
        spoil: async (key) =>
          void writer.prepare("UPDATE sessions SET expires_at = 'soon' WHERE token = ?").run(key),
        takeAway: async () => renameSync(file, `${file}.away`),
        bringBack: async () => renameSync(`${file}.away`, file),
        dispose: async () => void writer.close(),
      };
    },
    {
      describe,
      it,
      without: ['begin', 'stall', 'inUse'],
      holds: (key) => !surrogate.test(key),
      values: ['text', '', 1, 1.5, null],
    },
  );
});

describe('the PostgreSQL source', () => {
  let server: Awaited<ReturnType<typeof ordinaryServer>> | undefined;
  beforeAll(async () => {
    if (postgresPrograms() !== undefined || process.env.HOLDFAST_POSTGRES !== undefined)
      server = await ordinaryServer();
  });
  afterAll(() => server?.dispose());

  const ifThere = (name: string, body: () => Promise<void>) =>
    it(name, async (test) => {
      if (server === undefined) needsPostgres(test);
      await body();
    });

  /** What fits into an index, and has a UTF-8 without NUL. */
  const holds = (key: string): boolean => !surrogate.test(key) && !key.includes('\0') && key.length < 2_000;

  const harness = async (options: {
    readonly notify?: boolean;
    readonly own?: boolean;
  }): Promise<SourceHarness> => {
    const place = await sessionsTable(server?.url ?? '');
    if (options.notify) await place.installTrigger();
    const { writer, proxy, schema } = place;
    const pool = options.own
      ? undefined
      : new pg.Pool({ ...place.connection, max: 5, connectionTimeoutMillis: 3_000 });
    const own = {
      table: place.table,
      key: 'token',
      expiresAt: 'expires_at',
      revokedAt: 'revoked_at',
      updatedAt: 'updated_at',
    };
    return {
      source:
        pool === undefined
          ? sessionsSource(place, { notify: options.notify ?? false })
          : postgresSource({
              ...own,
              pool,
              value: (row) => {
                if (row.value === 'spoilt') throw new Error('It cannot be read.');
                return row.value;
              },
            }),
      write: place.write,
      erase: async (key) => void (await writer.query(`DELETE FROM ${place.table} WHERE token = $1`, [key])),
      revoke: async (key) =>
        void (await writer.query(
          `UPDATE ${place.table} SET revoked_at = now(), updated_at = now() WHERE token = $1`,
          [key],
        )),
      spoil: async (key) =>
        void (await writer.query(`UPDATE ${place.table} SET value = 'spoilt' WHERE token = $1`, [key])),
      async begin({ key, value }) {
        const client = await writer.connect();
        await client.query('BEGIN');
        await client.query(upsert(schema), [key, value, null]);
        return async () => {
          await client.query('COMMIT');
          client.release();
        };
      },
      takeAway: () => proxy.down(),
      bringBack: () => proxy.up(),
      async stall() {
        const client = await writer.connect();
        await client.query(`BEGIN; LOCK TABLE ${place.table} IN ACCESS EXCLUSIVE MODE`);
        return async () => {
          await client.query('ROLLBACK');
          client.release();
        };
      },
      inUse: place.busy,
      async dispose() {
        await pool?.end();
        await place.dispose();
      },
    };
  };

  describe('with connections of its own, and notified', () => {
    sourceContract(() => harness({ own: true, notify: true }), {
      describe,
      it: ifThere,
      without: ['spoil'],
      holds,
    });
  });

  describe("with the user's pool, and a function that makes the value", () => {
    sourceContract(() => harness({}), {
      describe,
      it: ifThere,
      without: ['save', 'remove', 'touch', 'subscribe'],
      holds,
    });
  });
});
