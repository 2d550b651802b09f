import {
  HoldfastError,
  LoadTimeoutError,
  SourceConfigurationError,
  SourceUnavailableError,
} from '../../errors.js';
import { isUnavailable } from '../classify.js';

/** SQLSTATEs that say: the server is there, and is not what the source was told. */
const misconfigured = new Set([
  '28000', // no such role, or pg_hba.conf lets it not in
  '28P01', // wrong password
  '3D000', // no such database
  '3F000', // no such schema
  '42501', // not allowed
  '42601', // syntax, of a type that is not what it was
  '42703', // no such column
  '42804', // another type of column
  '42809', // another kind of object
  '42883', // no such operator for the type
  '42P01', // no such table
  '42P10', // no unique index for ON CONFLICT
  '57P04', // the database was dropped
]);

/** The server ended the statement for its time: `statement_timeout`, `lock_timeout`, `idle_in_transaction_session_timeout`. */
const late = new Set(['57014', '55P03', '25P03']);

/**
 * Passing troubles of one statement: a standby that went on (recovery conflict), a deadlock, and a server that only reads, which is
 * a standby that a failover has yet to promote, or a primary that one has demoted.
 */
const passing = new Set(['40001', '40P01', '25006']);

/** Of sockets and of pg, which have no code of their own for it. */
const tlsRefused = /^The server does not support SSL connections$/;
const certificate =
  /^(CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL_|HOSTNAME_MISMATCH)/;
const gone =
  /^(Connection terminated|Client was closed and is not queryable|Cannot use a pool after calling end on the pool|There was an error establishing an SSL connection|Client network socket disconnected before secure TLS connection was established|Query read timeout)/;

/** What is told of an error, and what follows from it. */
export interface Explained {
  /** As callers get it. */
  readonly error: unknown;
  /** The table may have become another: look at it anew. */
  readonly schemaChanged: boolean;
}

/** Tells "away" from "wrong", whatever pg, the server or the socket threw. */
export function explain(error: unknown, where: string): Explained {
  if (error instanceof HoldfastError) {
    return { error, schemaChanged: error instanceof SourceConfigurationError };
  }
  const { code, message } = told(error);
  const options = { cause: error };
  if (misconfigured.has(code) || tlsRefused.test(message) || certificate.test(code)) {
    return {
      error: new SourceConfigurationError(
        `${where} is not what the source was told: ${message}. Mend the source's options, or the database.`,
        options,
      ),
      schemaChanged: true,
    };
  }
  if (late.has(code)) {
    return {
      error: new LoadTimeoutError(`${where} did not answer in the server's time: ${message}.`, options),
      schemaChanged: false,
    };
  }
  if (passing.has(code) || gone.test(message) || isUnavailable(error)) {
    return {
      error: new SourceUnavailableError(`${where} cannot be reached: ${message}.`, options),
      schemaChanged: false,
    };
  }
  return { error, schemaChanged: false };
}

function told(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code: unknown = Reflect.get(error, 'code');
  // Where a name has several addresses the socket's error is of all of them, and says nothing itself.
  const first = error instanceof AggregateError ? error.errors[0] : undefined;
  const message = error.message === '' && first instanceof Error ? first.message : error.message;
  return { code: typeof code === 'string' ? code : '', message };
}
