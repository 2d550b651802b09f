import { createRequire } from 'node:module';
import type { ConnectionOptions } from 'node:tls';
import { SourceConfigurationError } from '../../errors.js';

/** What the source needs of pg's `Pool`: every one is one. */
export interface PgPool {
  connect(): Promise<PgPoolClient>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** What the source needs of a connection. */
export interface PgClient {
  query(query: PgQuery): Promise<PgResult>;
  on(event: string, listener: (given: any) => void): unknown;
  off(event: string, listener: (given: any) => void): unknown;
}

/** A connection that is out of its pool, until it is given back. */
export interface PgPoolClient extends PgClient {
  release(destroy?: boolean): void;
}

export interface PgQuery {
  text: string;
  values?: unknown[];
  rowMode: 'array';
}

export interface PgResult {
  readonly rows: unknown[][];
  readonly rowCount: number | null;
}

/** How the server is reached, as pg has it. What is left out is taken from `PGHOST` and the other variables of libpq. */
export interface PgConnection {
  readonly connectionString?: string;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string | (() => string | Promise<string>);
  readonly database?: string;
  readonly ssl?: boolean | ConnectionOptions;
  /** The most connections. Default 10, and one to listen by. */
  readonly max?: number;
  /** How long to connect may take, ms. Default 5,000. */
  readonly connectionTimeoutMillis?: number;
  /** Ends a statement on the server, ms. Default: the server's. */
  readonly statement_timeout?: number;
  readonly lock_timeout?: number;
  /** Default `'holdfast'`. */
  readonly application_name?: string;
}

/** A connection of our own, to listen by. */
export interface PgOwnClient extends PgClient {
  connect(): Promise<unknown>;
  end(): Promise<void>;
}

/** A pool of our own. */
export interface PgOwnPool extends PgPool {
  end(): Promise<void>;
}

interface Pg {
  readonly Pool: new (config: object) => PgOwnPool;
  readonly Client: new (config: object) => PgOwnClient;
}

/** What a cursor gives, batch by batch. */
export interface PgCursor {
  read(rows: number): Promise<unknown[][]>;
  close(): Promise<void>;
}

type CursorConstructor = new (text: string, values: unknown[], config: { rowMode: 'array' }) => PgCursor;

const require = createRequire(import.meta.url);

/** Whether the optional dependencies are there. */
export function driverInstalled(): boolean {
  try {
    require.resolve('pg');
    require.resolve('pg-cursor');
    return true;
  } catch {
    return false;
  }
}

/** They are optional: loaded when first used, not by an import. @throws SourceConfigurationError when they do not load. */
export const loadDriver = (): Pg => load('pg') as Pg;

/** @throws SourceConfigurationError when it does not load. */
export const loadCursor = (): CursorConstructor => load('pg-cursor') as CursorConstructor;

function load(name: 'pg' | 'pg-cursor'): unknown {
  try {
    return name === 'pg' ? require('pg') : require('pg-cursor');
  } catch (cause) {
    throw new SourceConfigurationError(`${name} cannot be loaded. Install it: npm install pg pg-cursor.`, {
      cause,
    });
  }
}
