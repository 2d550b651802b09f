import { randomUUID } from 'node:crypto';
import { type BigIntStats, statSync } from 'node:fs';
import { SourceUnavailableError } from '../../errors.js';
import type { Milliseconds } from '../../runtime/duration.js';
import { loadDriver, type SqliteDatabase } from './driver.js';
import { inMemory, type TablePlan } from './table-plan.js';

/** SQLite's own wait for a lock, during which its thread does nothing else. The longer waits are the caller's. */
const busyTimeout: Milliseconds = 50;

/** An open connection, and which file it reads: two files never have one identity. */
export interface Connection {
  readonly database: SqliteDatabase;
  /** Of this connection alone. */
  readonly id: string;
  readonly identity: string;
}

/**
 * The database file behind a path. An open reader goes on answering from a file that was deleted or replaced for ever, so
 * the path is looked at before each use.
 */
export class DatabaseFile {
  readonly #path: string;
  readonly #readonly: boolean;
  /** A connection of the caller's: used, never opened or closed. */
  readonly #given: SqliteDatabase | undefined;
  #connection: Connection | undefined;
  /** Changes whenever the file was seen gone: what comes back may bear the inode of what went. */
  #epoch = '';

  constructor(plan: Pick<TablePlan, 'file' | 'writable'>, given?: SqliteDatabase) {
    this.#path = given?.name ?? plan.file;
    this.#readonly = !plan.writable;
    this.#given = given;
  }

  /** @throws SourceUnavailableError when the file is not there or cannot be opened. */
  connect(): Connection {
    const identity = this.#identify();
    if (this.#connection?.identity === identity && this.#connection.database.open) return this.#connection;
    if (this.#given !== undefined) this.#adopt(this.#given, identity);
    else {
      this.close();
      this.#connection = { identity, id: randomUUID(), database: this.#open() };
    }
    return this.#connection as Connection;
  }

  /** Idempotent. The next `connect` opens anew. */
  close(): void {
    if (this.#given === undefined) this.#connection?.database.close();
    this.#connection = undefined;
  }

  #open(): SqliteDatabase {
    const Driver = loadDriver();
    return this.#path === inMemory
      ? new Driver(inMemory, { readonly: false, fileMustExist: false, timeout: busyTimeout })
      : new Driver(this.#path, { readonly: this.#readonly, fileMustExist: true, timeout: busyTimeout });
  }

  #adopt(database: SqliteDatabase, identity: string): void {
    if (this.#connection !== undefined && this.#connection.identity !== identity) {
      throw new SourceUnavailableError(
        `The database file "${this.#path}" was replaced under the connection that was handed in. Hand the path in instead.`,
      );
    }
    this.#connection = { database, id: this.#connection?.id ?? randomUUID(), identity };
  }

  #identify(): string {
    if (this.#path === inMemory || this.#given?.memory) return 'memory';
    let stats: BigIntStats;
    try {
      stats = statSync(this.#path, { bigint: true });
    } catch (cause) {
      this.#epoch = randomUUID();
      this.close();
      throw new SourceUnavailableError(`The database file "${this.#path}" cannot be reached.`, { cause });
    }
    // Where the time of birth is not kept, the last change stands in for it, which is no identity.
    const born = stats.birthtimeNs === stats.ctimeNs ? '' : stats.birthtimeNs;
    return `${stats.dev}:${stats.ino}:${born}:${this.#epoch}`;
  }
}
