/** A table of sessions in a schema of its own, behind a proxy, and another client that writes to it. */
import { randomUUID } from 'node:crypto';
import { type PostgresSourceOptions, postgresSource } from 'holdfast/postgres';
import pg from 'pg';
import { triggerSql } from '../../../src/sources/postgres/trigger.js';
import { TcpProxy } from './tcp-proxy.js';

export const context = { signal: new AbortController().signal };

const columns = `token text PRIMARY KEY, value text, expires_at timestamptz, revoked_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(), version bigint`;

export interface Place {
  readonly schema: string;
  readonly table: string;
  readonly writer: pg.Pool;
  readonly proxy: TcpProxy;
  /** The name by which the source's connections are known to the server. */
  readonly name: string;
  readonly connection: { readonly connectionString: string; readonly application_name: string };
  write(row: { readonly key: string; readonly value?: unknown; readonly expiresAt?: number }): Promise<void>;
  /** How many of the source's connections do something, or are in a transaction. */
  busy(): Promise<number>;
  /** How many it has at all. */
  connected(): Promise<number>;
  installTrigger(): Promise<void>;
  dispose(): Promise<void>;
}

export const upsert = (schema: string): string =>
  `INSERT INTO ${schema}.sessions (token, value, expires_at) VALUES ($1, $2, to_timestamp($3::float8 / 1000))
   ON CONFLICT (token) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at, revoked_at = NULL, updated_at = now()`;

export async function sessionsTable(url: string, definition = columns): Promise<Place> {
  const schema = `hf_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const name = `holdfast ${schema}`;
  const writer = new pg.Pool({ connectionString: url, max: 4, application_name: 'holdfast test' });
  writer.on('error', () => {});
  await writer.query(`CREATE SCHEMA ${schema}`);
  await writer.query(`CREATE TABLE ${schema}.sessions (${definition})`);
  const { port, hostname } = new URL(url);
  const proxy = new TcpProxy(Number(port || 5432));
  await proxy.up();
  const through = new URL(url);
  through.hostname = hostname;
  through.port = String(proxy.port);
  const count = async (condition: string): Promise<number> => {
    const { rows } = await writer.query(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1 AND ${condition}`,
      [name],
    );
    return rows[0].n;
  };
  return {
    schema,
    table: `${schema}.sessions`,
    writer,
    proxy,
    name,
    connection: { connectionString: through.href, application_name: name },
    async write({ key, value, expiresAt }) {
      await writer.query(upsert(schema), [key, value ?? null, expiresAt ?? null]);
    },
    busy: () => count(`state <> 'idle'`),
    connected: () => count('true'),
    async installTrigger() {
      for (const statement of triggerSql({ schema, table: 'sessions', key: 'token' })) {
        await writer.query(statement);
      }
    },
    async dispose() {
      await proxy.down();
      await writer.query(`DROP SCHEMA ${schema} CASCADE`).catch(() => {});
      await writer.end();
    },
  };
}

/** A source over the table, with all that it can. */
export const sessionsSource = (
  { table, connection }: Place,
  options: Partial<Omit<PostgresSourceOptions, 'value'>> = {},
) =>
  postgresSource<string>({
    ...(options.pool === undefined && { connection }),
    table,
    key: 'token',
    value: 'value',
    expiresAt: 'expires_at',
    revokedAt: 'revoked_at',
    updatedAt: 'updated_at',
    writable: true,
    ...options,
  });
