/** `holdfast/postgres`: a table of a PostgreSQL database as a source. Needs the optional dependencies pg and pg-cursor. */
export type { PgClient, PgConnection, PgPool, PgPoolClient, PgQuery, PgResult } from './driver.js';
export type { PostgresRow, PostgresSourceOptions, ValueFunction } from './options.js';
export { type PostgresSource, postgresSource } from './postgres-source.js';
