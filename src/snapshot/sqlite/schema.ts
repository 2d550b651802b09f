import type { Database, Statement } from 'better-sqlite3';

/** `HOLD`, where SQLite and `file` look for whose file it is. */
export const applicationId = 0x484f4c44;
/** Of the tables and of what is in them. An older one is brought up to date; any other is set aside. */
export const schemaVersion = 3;

const outbox = `
  CREATE TABLE outbox (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body BLOB NOT NULL);
`;

/** Blocks of entries: of the last full writing, and of one that is under way. */
const block = `
  CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    body BLOB NOT NULL
  );
`;

const tables = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    seq INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    body BLOB NOT NULL
  );
  ${block}
  ${outbox}
`;

/** What makes a file of the version the next one. */
const migrations: Readonly<Record<number, string>> = { 1: outbox, 2: block };

export const isKnownVersion = (version: unknown): boolean =>
  version === schemaVersion || (typeof version === 'number' && version in migrations);

/** Brings a file of an older version up to date, in one transaction. */
export function migrate(db: Database, version: number): void {
  if (version === schemaVersion) return;
  db.transaction(() => {
    for (let from = version; from < schemaVersion; from += 1) db.exec(migrations[from] ?? '');
    db.pragma(`user_version = ${schemaVersion}`);
  }).immediate();
}

/** Makes the tables, in one transaction that `fill` is part of. */
export function createSchema(db: Database, fill: () => void): void {
  db.transaction(() => {
    db.exec(tables);
    fill();
    db.pragma(`application_id = ${applicationId}`);
    db.pragma(`user_version = ${schemaVersion}`);
  }).immediate();
}

/** Records that a finished full writing dropped. The SQL of `isBelow`. */
const below = '(generation < @floor AND (rank = 0 OR seq <= @asOf))';

export type Row = readonly [
  id: number,
  key: Buffer,
  seq: number,
  rank: number,
  generation: number,
  crc: number,
  body: Buffer,
];
const columns = 'id, key, seq, rank, generation, crc, body';

export interface FloorParameters {
  readonly floor: number;
  readonly asOf: number;
}
export interface Between {
  readonly after: number;
  readonly upTo: number;
}
export interface RecordParameters extends FloorParameters {
  readonly key: Buffer;
  readonly seq: number;
  readonly rank: number;
  readonly generation: number;
  readonly crc: number;
  readonly body: Buffer;
}
export type BlockRow = readonly [id: number, generation: number, entries: number, crc: number, body: Buffer];
export type Standing = readonly [seq: number, rank: number];
type MetaRow = readonly [value: Buffer, crc: number];
export type OrderRow = readonly [id: number, crc: number, body: Buffer];

export interface Statements {
  readonly put: Statement<[RecordParameters]>;
  readonly standing: Statement<[key: Buffer], Standing>;
  readonly drop: Statement<[key: Buffer]>;
  readonly last: Statement<[], number | null>;
  readonly count: Statement<[], number>;
  readonly stretch: Statement<[Between & { readonly rows: number }], number>;
  readonly keys: Statement<[Between & FloorParameters], Row>;
  readonly entries: Statement<[Between & FloorParameters], Row>;
  readonly tombstones: Statement<[Between & FloorParameters], Row>;
  readonly purge: Statement<[Between & FloorParameters]>;
  readonly addBlock: Statement<[id: number, generation: number, entries: number, crc: number, body: Buffer]>;
  readonly lastBlock: Statement<[], number | null>;
  readonly oldestBlocks: Statement<[floor: number], number | null>;
  readonly blockBefore: Statement<[floor: number, id: number], BlockRow>;
  readonly blockAfter: Statement<[floor: number, id: number, upTo: number], BlockRow>;
  readonly purgeBlocks: Statement<[floor: number, most: number]>;
  readonly order: Statement<[id: number, crc: number, body: Buffer]>;
  readonly orders: Statement<[after: number, most: number], OrderRow>;
  readonly done: Statement<[id: number]>;
  readonly meta: Statement<[string], MetaRow>;
  readonly setMeta: Statement<[string, Buffer, number]>;
}

/** What tells whose file it is, and how far it is. */
export const prepareHead = (db: Database): Pick<Statements, 'meta'> => ({
  meta: db.prepare<[string], MetaRow>('SELECT value, crc FROM meta WHERE name = ?').raw(),
});

/** Every statement, prepared once. */
export function prepareStatements(db: Database): Statements {
  return {
    /** A record; of two of one key the higher holds (`supersedes`). */
    put: db.prepare<[RecordParameters]>(`
      INSERT INTO record (key, seq, rank, generation, crc, body)
      VALUES (@key, @seq, @rank, @generation, @crc, @body)
      ON CONFLICT (key) DO UPDATE SET
        seq = excluded.seq, rank = excluded.rank, generation = excluded.generation,
        crc = excluded.crc, body = excluded.body
      WHERE excluded.seq > seq OR (excluded.seq = seq AND (excluded.rank >= rank OR rank = 3 AND excluded.rank > 0))
        OR ${below}`),
    standing: db.prepare<[Buffer], Standing>('SELECT seq, rank FROM record WHERE key = ?').raw(),
    drop: db.prepare<[Buffer]>('DELETE FROM record WHERE key = ?'),

    last: db.prepare<[], number | null>('SELECT max(id) FROM record').pluck(),
    count: db
      .prepare<[], number>(
        'SELECT (SELECT count(*) FROM record) + (SELECT coalesce(sum(entries), 0) FROM block)',
      )
      .pluck(),
    /** Where a stretch of so many rows ends, so that a scan is bounded however few of them it wants. */
    stretch: db
      .prepare<[Between & { readonly rows: number }], number>(
        'SELECT id FROM record WHERE id > @after AND id <= @upTo ORDER BY id LIMIT 1 OFFSET @rows',
      )
      .pluck(),
    keys: db
      .prepare<[Between & FloorParameters], Row>(
        `SELECT ${columns} FROM record NOT INDEXED
         WHERE id > @after AND id <= @upTo AND NOT ${below} ORDER BY id`,
      )
      .raw(),
    entries: db
      .prepare<[Between & FloorParameters], Row>(
        `SELECT ${columns} FROM record NOT INDEXED
         WHERE id > @after AND id <= @upTo AND rank = 0 AND NOT ${below} ORDER BY id`,
      )
      .raw(),
    tombstones: db
      .prepare<[Between & FloorParameters], Row>(
        `SELECT ${columns} FROM record NOT INDEXED
         WHERE id > @after AND id <= @upTo AND rank > 0 AND NOT ${below} ORDER BY id`,
      )
      .raw(),
    purge: db.prepare<[Between & FloorParameters]>(
      `DELETE FROM record WHERE id > @after AND id <= @upTo AND ${below}`,
    ),

    addBlock: db.prepare<[number, number, number, number, Buffer]>(
      'INSERT INTO block (id, generation, entries, crc, body) VALUES (?, ?, ?, ?, ?)',
    ),
    lastBlock: db.prepare<[], number | null>('SELECT max(id) FROM block').pluck(),
    oldestBlocks: db
      .prepare<[number], number | null>('SELECT min(generation) FROM block WHERE generation >= ?')
      .pluck(),
    blockBefore: db
      .prepare<[number, number], BlockRow>(
        `SELECT id, generation, entries, crc, body FROM block
         WHERE generation >= ? AND id < ? ORDER BY id DESC LIMIT 1`,
      )
      .raw(),
    blockAfter: db
      .prepare<[number, number, number], BlockRow>(
        `SELECT id, generation, entries, crc, body FROM block
         WHERE generation >= ? AND id > ? AND id <= ? ORDER BY id LIMIT 1`,
      )
      .raw(),
    purgeBlocks: db.prepare<[number, number]>(
      'DELETE FROM block WHERE id IN (SELECT id FROM block WHERE generation < ? ORDER BY id LIMIT ?)',
    ),

    order: db.prepare<[number, number, Buffer]>('INSERT INTO outbox (id, crc, body) VALUES (?, ?, ?)'),
    orders: db
      .prepare<[number, number], OrderRow>(
        'SELECT id, crc, body FROM outbox WHERE id > ? ORDER BY id LIMIT ?',
      )
      .raw(),
    done: db.prepare<[number]>('DELETE FROM outbox WHERE id = ?'),

    ...prepareHead(db),
    setMeta: db.prepare<[string, Buffer, number]>(
      'INSERT INTO meta (name, value, crc) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value, crc = excluded.crc',
    ),
  };
}
