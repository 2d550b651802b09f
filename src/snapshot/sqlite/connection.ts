import { statSync } from 'node:fs';
import type BetterSqlite3 from 'better-sqlite3';
import type { Database } from 'better-sqlite3';
import { SnapshotError, SnapshotInUseError } from '../../errors.js';
import { Damage, isDamagedHead } from './failure.js';
import {
  emptyState,
  type Identity,
  readIdentity,
  readState,
  type State,
  writeIdentity,
  writeState,
} from './meta.js';
import { type Aside, identityOf, isWritable, type Place, setAside } from './place.js';
import {
  applicationId,
  createSchema,
  isKnownVersion,
  migrate,
  prepareHead,
  prepareStatements,
  type Statements,
  schemaVersion,
} from './schema.js';
import { newLock, plain, type Seal, sealedWith } from './seal.js';
import { isLogDamaged } from './wal.js';

export type Driver = typeof BetterSqlite3;

/** Whom the file must belong to. */
export interface Owner {
  readonly cache: string;
  readonly secret: Uint8Array | undefined;
}

/** An open file that is ours, sound, and locked for everybody else. */
export interface Connection {
  readonly db: Database;
  readonly statements: Statements;
  readonly seal: Seal;
  readonly state: State;
  /** How many records there were. */
  readonly entries: number;
  readonly identity: string;
  readonly aside?: Aside;
}

/** SQLite waits so long for a lock, and blocks its thread. After SIGKILL a lock is gone at once. */
const busyTimeout = 50;
/** Beyond this size the look through the whole file would delay the boot; each record's own checksum remains. */
const mostChecked = 1_000_000_000;
/** Another process may put a new file in the place of the one that we just opened. It does so once. */
const attempts = 3;

/**
 * Opens and locks the file. What is not this cache's own, sound snapshot is set aside, and a new one made in its place.
 *
 * @throws SnapshotInUseError, SnapshotError, and what SQLite throws
 */
export function connect(Driver: Driver, prepared: () => Place, owner: Owner): Connection {
  let aside: Aside | undefined;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { path, fresh } = prepared();
    const identity = identityOf(path);
    const db = new Driver(path, { timeout: busyTimeout, fileMustExist: true });
    try {
      const empty = statSync(path).size === 0;
      // Possible in a new file only, and only before its first transaction, be that an empty one.
      if (empty) db.pragma('auto_vacuum = INCREMENTAL');
      lock(db);
      if (identity === undefined || identityOf(path) !== identity) {
        db.close();
        continue;
      }
      const connection = verified(db, path, owner, empty && !fresh);
      return { ...connection, identity, ...(aside === undefined ? {} : { aside }) };
    } catch (error) {
      if (!isDamagedHead(error, () => isWritable(path))) {
        db.close();
        throw error;
      }
      aside = setAside(db, path, identity, error.message) ?? aside;
    }
  }
  throw new SnapshotInUseError(
    `Another process goes on replacing the snapshot's file ${prepared().path}. Give each process its own file.`,
  );
}

/** The lock is the connection's until it closes, and there is no shared memory file. Changes nothing in the file. */
function lock(db: Database): void {
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.exec('BEGIN EXCLUSIVE; ROLLBACK');
}

function verified(
  db: Database,
  path: string,
  owner: Owner,
  truncated: boolean,
): Omit<Connection, 'identity' | 'aside'> {
  if (isLogDamaged(path)) throw new Damage('its write-ahead log is damaged');
  const whose = db.pragma('application_id', { simple: true });
  const version = db.pragma('user_version', { simple: true });
  if (whose !== applicationId) {
    if (truncated) throw new Damage('it is empty');
    // A file of ours that was killed before its first transaction has a header and nothing else.
    const nothing = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
    if (whose !== 0 || version !== 0 || !nothing) throw new Damage('it is not a snapshot of Holdfast');
    return created(db, owner);
  }
  if (!isKnownVersion(version)) {
    throw new Damage(`it is of version ${version}; this is version ${schemaVersion}`);
  }
  tune(db);
  if (statSync(path).size <= mostChecked) {
    const [found] = db.pragma('quick_check(1)', { simple: false }) as { quick_check: string }[];
    if (found?.quick_check !== 'ok') throw new Damage(`it is damaged: ${found?.quick_check ?? 'unknown'}`);
  }
  const head = prepared(() => prepareHead(db));
  const seal = unlocked(readIdentity(head), owner);
  const state = readState(head, seal);
  // Not before it has shown to be ours and sound: what is set aside is set aside as it was.
  migrate(db, Number(version));
  const statements = prepared(() => prepareStatements(db));
  return { db, statements, seal, state, entries: statements.count.get() ?? 0 };
}

function prepared<Prepared>(prepare: () => Prepared): Prepared {
  try {
    return prepare();
  } catch (cause) {
    throw new Damage('its tables are not those of a snapshot', { cause });
  }
}

function created(db: Database, { cache, secret }: Owner): Omit<Connection, 'identity' | 'aside'> {
  tune(db);
  const identity = secret === undefined ? { cache } : { cache, lock: newLock(secret, cache) };
  const seal = unlocked(identity, { cache, secret });
  let statements: Statements | undefined;
  createSchema(db, () => {
    statements = prepareStatements(db);
    writeIdentity(statements, identity);
    writeState(statements, seal, emptyState);
  });
  return { db, statements: statements ?? prepareStatements(db), seal, state: emptyState, entries: 0 };
}

function tune(db: Database): void {
  if (db.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
    throw new SnapshotError('This file system does not let SQLite keep a write-ahead log.');
  }
  // Survives the death of the process. A power cut may cost the last transactions, never the file.
  db.pragma('synchronous = NORMAL');
  db.pragma('cache_size = -32000');
  db.pragma('wal_autocheckpoint = 2000');
}

/** @throws Damage for another cache's file, and for one that this secret does not open */
function unlocked({ cache, lock: itsLock }: Identity, owner: Owner): Seal {
  if (cache !== owner.cache) throw new Damage(`it belongs to the cache '${cache}', not to '${owner.cache}'`);
  if (owner.secret === undefined) {
    if (itsLock !== undefined) throw new Damage('it is encrypted, and no secret is given');
    return plain;
  }
  if (itsLock === undefined) throw new Damage('it is not encrypted, and a secret is given');
  const seal = sealedWith(owner.secret, itsLock, cache);
  if (seal === undefined) throw new Damage('it was written with another secret');
  return seal;
}
