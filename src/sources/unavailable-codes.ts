/**
 * What drivers say when they cannot reach what they are for. Data only; `isUnavailable` reads it.
 *
 * Left out on purpose, because they say that the source was reached and did not like what it was asked: syntax, missing
 * tables, constraints, deadlocks and serialization failures, a statement cancelled or timed out by the server (57014).
 */

/** `error.code` (Prisma: also `errorCode`) of sockets, name look-up, HTTP clients and database drivers. */
export const unavailableCodes: ReadonlySet<string> = new Set([
  // Sockets and name look-up.
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ECONNCLOSED',
  'ETIMEDOUT',
  'ETIMEOUT',
  'ESOCKETTIMEDOUT',
  'ESOCKET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'EADDRNOTAVAIL',
  'ENOTCONN',
  'EMFILE',
  'ENFILE',
  'ERR_SOCKET_CLOSED',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_HTTP2_GOAWAY_SESSION',
  // undici, and so Node's fetch (in `cause`).
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  // MySQL and MariaDB.
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_SERVER_SHUTDOWN',
  'ER_CLIENT_INTERACTION_TIMEOUT',
  'ER_GET_CONNECTION_TIMEOUT',
  'ER_SOCKET_UNEXPECTED_CLOSE',
  'ER_CONNECTION_TIMEOUT',
  'POOL_CLOSED',
  'POOL_NONEONLINE',
  // postgres.js.
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  // Prisma.
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
]);

/**
 * SQLSTATE: connection exceptions, out of resources, shutting down or starting up, I/O errors. Five characters, so no
 * other family of codes is taken for it.
 */
export const unavailableSqlState = /^(08[0-9A-Z]{3}|53[0-9A-Z]{3}|57P0[1235]|58000|58030)$/;

/**
 * SQLite, extended codes included. A corrupt file, or one that is no database, counts as away: no row of it can be
 * believed, and a file that is being copied or restored mends itself. So does a full disk.
 */
export const unavailableSqlite =
  /^SQLITE_((BUSY|LOCKED|CANTOPEN|IOERR|NOTADB|CORRUPT|PROTOCOL|FULL|NOLFS)(_.*)?|READONLY_(CANTINIT|CANTLOCK|DBMOVED|DIRECTORY|RECOVERY))$/;

/** `error.name` of drivers that give no code, and of timeouts of the user's own (`AbortSignal.timeout`). */
export const unavailableNames: ReadonlySet<string> = new Set([
  'TimeoutError',
  'KnexTimeoutError',
  'MaxRetriesPerRequestError',
  'ClientClosedError',
  'ClientOfflineError',
  'ConnectionTimeoutError',
  'DisconnectsClientError',
  'SocketClosedUnexpectedlyError',
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoTopologyClosedError',
]);

/** `error.message` of drivers that give neither: better-sqlite3, pg, ioredis. */
export const unavailableMessages =
  /^(The database connection is not open|Cannot open database because the directory does not exist|Connection terminated( unexpectedly| due to connection timeout)?|timeout (exceeded|expired) when trying to connect|timeout expired|Client has encountered a connection error and is not queryable|Connection is closed\.)$/;
