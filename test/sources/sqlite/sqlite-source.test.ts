import Database from 'better-sqlite3';
import { describe, expect, it, vi } from 'vitest';
import { StateError } from '../../../src/errors.js';
import { sqliteSource } from '../../../src/sources/sqlite/index.js';
import {
  all,
  closing,
  context,
  database,
  rejection,
  sessionsDatabase,
  sessionsSource,
  writableSource,
} from './sessions-database.js';

const hour = 3_600_000;

describe('load', () => {
  it.each([false, true])(
    'gives what is there, and undefined for what is not (thread: %s)',
    async (thread) => {
      const { file, write } = sessionsDatabase();
      const source = sessionsSource(file, { thread });
      const expires_at = Date.now() + hour;
      write({ token: 'a' }, { token: 'b', expires_at });
      expect(await source.load('a', context)).toEqual({ key: 'a', value: 'user-a' });
      expect(await source.load('b', context)).toEqual({ key: 'b', value: 'user-b', expiresAt: expires_at });
      expect(await source.load('c', context)).toBeUndefined();
    },
  );

  it('takes revoked and expired rows for none', async () => {
    const { file, write } = sessionsDatabase();
    const now = Date.now();
    vi.useFakeTimers({ now, toFake: ['Date'] });
    write(
      { token: 'revoked', revoked_at: 0 },
      { token: 'expired', expires_at: now },
      { token: 'valid', expires_at: now + 1 },
    );
    const source = sessionsSource(file);
    expect(await source.load('revoked', context)).toBeUndefined();
    expect(await source.load('expired', context)).toBeUndefined();
    expect(await source.load('valid', context)).toBeDefined();
    vi.setSystemTime(now + 1);
    expect(await source.load('valid', context)).toBeUndefined();
    vi.useRealTimers();
  });

  it('rejects an aborted question with its reason', async () => {
    const { file } = sessionsDatabase();
    for (const thread of [true, false]) {
      const source = sessionsSource(file, { thread });
      expect(await rejection(source.load('a', { signal: AbortSignal.abort('enough') }))).toBe('enough');
    }
  });
});

describe('loadMany and missing', () => {
  it('take more keys than one statement does', async () => {
    const { file, writer, write } = sessionsDatabase();
    writer.transaction(() => {
      for (let at = 0; at < 1100; at++) write({ token: `k${at}`, revoked_at: at % 10 === 0 ? 1 : null });
    })();
    const source = sessionsSource(file);
    const keys = [...Array.from({ length: 1100 }, (_, at) => `k${at}`), 'none', 'none too'];
    expect((await source.loadMany(keys, context)).size).toBe(990);
    const missing = await source.missing(keys, context);
    expect(missing).toHaveLength(112);
    expect(missing).toEqual(expect.arrayContaining(['none', 'none too', 'k0', 'k1090']));
    expect(await source.missing([], context)).toEqual([]);
  });
});

describe('scan', () => {
  it('gives every living row once, by key, in pages', async () => {
    const { file, write } = sessionsDatabase();
    for (const at of [5, 3, 9, 1, 7, 4]) write({ token: `k${at}` });
    write({ token: 'k2', revoked_at: 1 }, { token: 'k6', expires_at: 1 });
    const source = sessionsSource(file);
    for (const batch of [1, 2, 3, 100]) {
      const pages = await all(source.scan({ ...context, batch }));
      expect(pages.flatMap(({ rows }) => rows.map(({ key }) => key))).toEqual([
        'k1',
        'k3',
        'k4',
        'k5',
        'k7',
        'k9',
      ]);
      for (const { rows } of pages) expect(rows.length).toBeLessThanOrEqual(batch);
    }
  });

  it('of an empty table gives one empty page, with a cursor', async () => {
    const { file } = sessionsDatabase();
    const pages = await all(sessionsSource(file).scan({ ...context, batch: 10 }));
    expect(pages).toEqual([{ rows: [], cursor: expect.any(String) }]);
  });

  it('hands out a cursor of its beginning: what is written meanwhile is found by it', async () => {
    const { file, write } = sessionsDatabase();
    write({ token: 'a', updated_at: 1_000_000 }, { token: 'z', updated_at: 1_000_000 });
    const source = sessionsSource(file);
    let cursor: string | undefined;
    for await (const page of source.scan({ ...context, batch: 1 })) {
      write({ token: '0', updated_at: 1_000_001 });
      cursor = page.cursor;
    }
    const changed = await all(source.changes!(cursor, { ...context, batch: 10 }));
    expect(changed.flatMap((batch) => batch.changed.map(({ key }) => key))).toContain('0');
  });

  it('ends between pages when its signal fires', async () => {
    const { file, write } = sessionsDatabase();
    write({ token: 'a' }, { token: 'b' }, { token: 'c' });
    const aborter = new AbortController();
    const seen: string[] = [];
    const error = await rejection(
      (async () => {
        for await (const { rows } of sessionsSource(file).scan({ signal: aborter.signal, batch: 1 })) {
          seen.push(...rows.map(({ key }) => key));
          aborter.abort('enough');
        }
      })(),
    );
    expect(error).toBe('enough');
    expect(seen).toEqual(['a']);
  });

  it.each(['v INTEGER', 'v INTEGER, rowid TEXT, oid TEXT'])(
    'loses no row of a table whose key is not unique (%s)',
    async (columns) => {
      const { file, writer } = database(`CREATE TABLE t (k TEXT, ${columns})`);
      for (let at = 0; at < 7; at++) writer.prepare('INSERT INTO t (k, v) VALUES (?, ?)').run('same', at);
      const source = closing(sqliteSource({ file, table: 't', key: 'k', value: 'v', thread: false }));
      const pages = await all(source.scan({ ...context, batch: 2 }));
      expect(pages.flatMap(({ rows }) => rows.map(({ value }) => value))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    },
  );

  it('reads 100,000 rows in a thread without holding them', async () => {
    const { file, writer, write } = sessionsDatabase();
    writer.transaction(() => {
      for (let at = 0; at < 100_000; at++) write({ token: `token-${at}` });
    })();
    let rows = 0;
    let largest = 0;
    for await (const page of sessionsSource(file, { thread: true }).scan({ ...context, batch: 1000 })) {
      rows += page.rows.length;
      largest = Math.max(largest, page.rows.length);
    }
    expect({ rows, largest }).toEqual({ rows: 100_000, largest: 1000 });
  });
});

describe('value', () => {
  const schema = 'CREATE TABLE t (k TEXT PRIMARY KEY, a INTEGER, b BLOB, c REAL)';
  const filled = () => {
    const made = database(schema);
    made.writer.prepare("INSERT INTO t VALUES ('x', 9007199254740993, x'0102', NULL)").run();
    return made;
  };

  it('is the whole row by default', async () => {
    for (const thread of [true, false]) {
      const source = closing(sqliteSource({ file: filled().file, table: 't', key: 'k', thread }));
      const row = await source.load('x', context);
      expect(row?.value).toMatchObject({ k: 'x', a: 9007199254740993n, c: null });
      expect([...((row?.value?.b ?? []) as Uint8Array)]).toEqual([1, 2]);
    }
  });

  it('is one column, NULL included, or several', async () => {
    const { file } = filled();
    const one = closing(sqliteSource({ file, table: 't', key: 'k', value: 'c', thread: false }));
    expect(await one.load('x', context)).toEqual({ key: 'x', value: null });
    const two = closing(sqliteSource({ file, table: 't', key: 'k', value: ['c', 'k'], thread: false }));
    expect(await two.load('x', context)).toEqual({ key: 'x', value: { c: null, k: 'x' } });
  });

  it('of a function that throws, gives undefined or a promise is a bad row, and the others are good', async () => {
    const { file, write } = sessionsDatabase();
    write({ token: 'good' }, { token: 'later' }, { token: 'none' }, { token: 'throws' });
    const bug = new Error('bug');
    const source = closing(
      sqliteSource<unknown>({
        file,
        table: 'sessions',
        key: 'token',
        thread: false,
        value: ({ token }) => {
          if (token === 'throws') throw bug;
          if (token === 'later') return Promise.reject(new Error('later'));
          return token === 'none' ? undefined : 1;
        },
      }),
    );
    const [page] = await all(source.scan({ ...context, batch: 10 }));
    expect(page?.rows).toEqual([
      { key: 'good', value: 1 },
      { key: 'later', value: undefined, error: expect.any(TypeError) },
      { key: 'none', value: undefined, error: expect.any(TypeError) },
      { key: 'throws', value: undefined, error: bug },
    ]);
  });

  it('is bad where the key or a stamp is not what it must be', async () => {
    const { file, writer } = sessionsDatabase();
    writer.exec(`
      INSERT INTO sessions VALUES (x'beef', 'u', NULL, NULL, 1);
      INSERT INTO sessions VALUES ('expires', 'u', 'tomorrow', NULL, 1);
      INSERT INTO sessions VALUES ('updated', 'u', NULL, NULL, 'yesterday');
      INSERT INTO sessions VALUES (NULL, 'u', NULL, NULL, 1);
      INSERT INTO sessions VALUES ('fine', 'u', NULL, NULL, 1);
    `);
    const source = sessionsSource(file);
    const [page] = await all(source.scan({ ...context, batch: 10 }));
    expect(page?.rows.map(({ key, value }) => [key, value])).toEqual([
      ['expires', undefined],
      ['fine', 'u'],
      ['updated', undefined],
      ["x'beef'", undefined],
    ]);
    for (const { value, error } of page?.rows ?? [])
      expect(error instanceof TypeError).toBe(value === undefined);
  });
});

describe('keys and names', () => {
  it.each(['__proto__', 'constructor', '', 'a"b\'c;--', 'nul\0inside', '💾', 'k'.repeat(1 << 20)])(
    'key %j is an ordinary key',
    async (key) => {
      const { file, write } = sessionsDatabase();
      write({ token: key });
      const source = sessionsSource(file);
      expect(await source.load(key, context)).toMatchObject({ key });
      expect((await source.loadMany([key, 'other'], context)).get(key)).toMatchObject({ key });
      expect(await source.missing([key, 'other'], context)).toEqual(['other']);
      const [page] = await all(source.scan({ ...context, batch: 10 }));
      expect(page?.rows).toMatchObject([{ key }]);
    },
  );

  it('a key that SQLite cannot hold is no other key', async () => {
    const { file, writer, write } = sessionsDatabase();
    write({ token: '\ufffd' });
    const source = writableSource(file);
    expect(await source.load('\ud800', context)).toBeUndefined();
    expect(await source.missing(['\ud800'], context)).toEqual(['\ud800']);
    await source.remove!('\ud800', context);
    expect(await rejection(source.save!({ key: '\ud800', value: 'u' }, context))).toBeInstanceOf(TypeError);
    expect(writer.prepare('SELECT token FROM sessions WHERE revoked_at IS NULL').pluck().all()).toEqual([
      '\ufffd',
    ]);
  });

  it('whole numbers are keys by their digits, however large', async () => {
    const { file, writer } = database('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)');
    writer.exec(
      "INSERT INTO t VALUES (42, 'a'), (9007199254740993, 'b'), (9007199254740992, 'c'), (-7, 'd')",
    );
    const source = closing(
      sqliteSource({ file, table: 't', key: 'id', value: 'v', thread: false, writable: true }),
    );
    expect(await source.load('42', context)).toEqual({ key: '42', value: 'a' });
    expect(await source.load('042', context)).toBeUndefined();
    expect(await source.load('9007199254740993', context)).toEqual({ key: '9007199254740993', value: 'b' });
    expect(await source.missing(['42', '042', '9007199254740993', '9007199254740991'], context)).toEqual([
      '042',
      '9007199254740991',
    ]);
    const pages = await all(source.scan({ ...context, batch: 1 }));
    expect(pages.flatMap(({ rows }) => rows.map(({ value }) => value))).toEqual(['d', 'a', 'c', 'b']);
    await source.remove!('042', context);
    await source.remove!('9007199254740993', context);
    expect(await source.missing(['42', '9007199254740993', '9007199254740992'], context)).toEqual([
      '9007199254740993',
    ]);
  });

  it('a collation that folds case makes no two keys one', async () => {
    const { file, writer } = database('CREATE TABLE t (k TEXT PRIMARY KEY COLLATE NOCASE, v TEXT)');
    writer.exec("INSERT INTO t VALUES ('Key', 'a')");
    const source = closing(
      sqliteSource({ file, table: 't', key: 'k', value: 'v', thread: false, writable: true }),
    );
    expect(await source.load('key', context)).toBeUndefined();
    await source.remove!('key', context);
    expect(await source.load('Key', context)).toEqual({ key: 'Key', value: 'a' });
  });

  it('names are quoted: of tables, of columns, and of a table without rowids whose columns hide them', async () => {
    const { file, writer } = database(`
      CREATE TABLE "select" ("a""b" TEXT PRIMARY KEY, "order by" TEXT, "__proto__" TEXT, "rowid" INTEGER, "''" INTEGER) WITHOUT ROWID;
      CREATE TABLE "[x]; --" ("key" TEXT PRIMARY KEY, rowid TEXT, oid TEXT, _rowid_ TEXT);
    `);
    writer.exec(
      `INSERT INTO "select" VALUES ('1', 'v', 'p', 3, NULL), ('2', 'w', 'q', 4, 1), ('3', 'x', 'r', 5, NULL)`,
    );
    writer.exec(`INSERT INTO "[x]; --" VALUES ('1', 'a', 'b', 'c'), ('2', 'a', 'b', 'c')`);
    const source = closing(
      sqliteSource({
        file,
        table: 'select',
        key: 'a"b',
        revokedAt: "''",
        updatedAt: 'rowid',
        thread: false,
        writable: true,
      }),
    );
    const row = await source.load('1', context);
    expect(Object.entries(row?.value ?? {})).toEqual([
      ['a"b', '1'],
      ['order by', 'v'],
      ['__proto__', 'p'],
      ['rowid', 3],
      ["''", null],
    ]);
    expect(Object.getPrototypeOf(row?.value)).toBe(Object.prototype);
    await source.save!({ key: '4', value: { 'order by': 'new' } }, context);
    await source.remove!('1', context);
    const pages = await all(source.scan({ ...context, batch: 1 }));
    expect(pages.flatMap(({ rows }) => rows.map(({ key }) => key))).toEqual(['3', '4']);
    const other = closing(sqliteSource({ file, table: '[x]; --', key: 'key', thread: false }));
    expect((await all(other.scan({ ...context, batch: 1 }))).flatMap(({ rows }) => rows)).toHaveLength(2);
  });

  it('a view can be read', async () => {
    const { file, writer, write } = sessionsDatabase();
    writer.exec('CREATE VIEW users AS SELECT token AS id, user_id FROM sessions');
    write({ token: 'a' }, { token: 'b' });
    const source = closing(
      sqliteSource({ file, table: 'users', key: 'id', value: 'user_id', thread: false }),
    );
    const pages = await all(source.scan({ ...context, batch: 1 }));
    expect(pages.flatMap(({ rows }) => rows.map(({ key }) => key))).toEqual(['a', 'b']);
  });
});

describe('save and remove', () => {
  it('are there only where they can work', () => {
    const { file } = sessionsDatabase();
    expect(sessionsSource(file)).not.toHaveProperty('save');
    expect(sessionsSource(file)).not.toHaveProperty('remove');
    expect(sessionsSource(file, { writable: true })).not.toHaveProperty('save');
    expect(sessionsSource(file, { writable: true })).toHaveProperty('remove');
    expect(writableSource(file)).toHaveProperty('save');
  });

  it.each([true, false])('write through, stamped, and are read back (thread: %s)', async (thread) => {
    const { file, writer } = sessionsDatabase();
    const source = writableSource(file, { thread });
    const before = Date.now();
    const expiresAt = before + hour;
    await source.save!({ key: 'a', value: 'u1', expiresAt }, context);
    await source.save!({ key: 'a', value: 'u2', expiresAt: expiresAt + 1 }, context);
    expect(await source.load('a', context)).toEqual({ key: 'a', value: 'u2', expiresAt: expiresAt + 1 });
    await source.remove!('a', context);
    await source.remove!('never was', context);
    expect(await source.load('a', context)).toBeUndefined();
    const row = writer.prepare('SELECT * FROM sessions').get() as Record<string, number>;
    expect(row.revoked_at).toBeGreaterThanOrEqual(before);
    expect(row.updated_at).toBeGreaterThanOrEqual(before);
  });

  it('a revoked row stays revoked', async () => {
    const { file } = sessionsDatabase();
    const source = writableSource(file);
    await source.save!({ key: 'a', value: 'u' }, context);
    await source.remove!('a', context);
    expect(await rejection(source.save!({ key: 'a', value: 'u' }, context))).toBeInstanceOf(StateError);
    expect(await source.load('a', context)).toBeUndefined();
  });

  it('without revokedAt delete', async () => {
    const { file, writer } = database('CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT)');
    const source = closing(
      sqliteSource({ file, table: 't', key: 'k', value: ['v'], writable: true, thread: false }),
    );
    await source.save!({ key: 'a', value: { v: 'x' } }, context);
    await source.remove!('a', context);
    await source.save!({ key: 'b', value: { v: 'x' } }, context);
    expect(writer.prepare('SELECT k FROM t').pluck().all()).toEqual(['b']);
  });

  it('never set a stamp back: a reader of changes behind a fast clock would miss it', async () => {
    const { file, writer, write } = sessionsDatabase();
    const ahead = Date.now() + hour;
    write({ token: 'a', updated_at: ahead }, { token: 'b', updated_at: ahead });
    const source = writableSource(file);
    await source.save!({ key: 'a', value: 'new' }, context);
    await source.remove!('b', context);
    expect(writer.prepare('SELECT updated_at FROM sessions').pluck().all()).toEqual([ahead, ahead]);
  });

  it('a whole row can be read, changed and saved', async () => {
    const { file, write } = sessionsDatabase();
    write({ token: 'a', expires_at: Date.now() + hour });
    const source = closing(
      sqliteSource({
        file,
        table: 'sessions',
        key: 'token',
        expiresAt: 'expires_at',
        revokedAt: 'revoked_at',
        updatedAt: 'updated_at',
        writable: true,
        thread: false,
      }),
    );
    const row = await source.load('a', context);
    await source.save!({ ...row!, value: { ...row!.value!, user_id: 'other', revoked_at: 5 } }, context);
    expect((await source.load('a', context))?.value).toMatchObject({
      user_id: 'other',
      expires_at: row?.expiresAt,
      revoked_at: null,
    });
  });

  it('refuse values that the columns cannot hold, by name, and write nothing of them', async () => {
    const { file, writer } = database('CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT)');
    const source = closing(
      sqliteSource<Record<string, unknown>>({
        file,
        table: 't',
        key: 'k',
        value: ['v'],
        writable: true,
        thread: false,
      }),
    );
    const bad: Record<string, unknown>[] = [{ v: true }, { v: {} }, { v: () => 1 }, { w: 1 }];
    for (const value of bad) {
      expect(await rejection(source.save!({ key: 'a', value }, context))).toMatchObject({
        name: 'TypeError',
        message: expect.stringMatching(/"[vw]"/),
      });
    }
    const whole = closing(sqliteSource({ file, table: 't', key: 'k', writable: true, thread: false }));
    expect(await rejection(whole.save!({ key: 'a', value: { k: 'b' } }, context))).toBeInstanceOf(TypeError);
    expect(await rejection(whole.save!({ key: 'a', value: { x: 1 } }, context))).toMatchObject({
      code: 'HOLDFAST_SOURCE_CONFIGURATION',
    });
    expect(await rejection(whole.save!({ key: 'a', value: undefined }, context))).toBeInstanceOf(TypeError);
    expect(writer.prepare('SELECT * FROM t').all()).toEqual([]);
  });

  it('what the table forbids reaches the caller as SQLite said it', async () => {
    const { file } = sessionsDatabase();
    const source = closing(
      sqliteSource({
        file,
        table: 'sessions',
        key: 'token',
        writable: true,
        thread: false,
        updatedAt: 'updated_at',
      }),
    );
    expect(await rejection(source.save!({ key: 'a', value: {} }, context))).toMatchObject({
      code: 'SQLITE_CONSTRAINT_NOTNULL',
    });
  });
});

describe('a connection of the caller', () => {
  it('is used and left open, in memory too', async () => {
    const memory = new Database(':memory:');
    memory.exec("CREATE TABLE t (k TEXT PRIMARY KEY); INSERT INTO t VALUES ('a')");
    const source = sqliteSource({ file: memory, table: 't', key: 'k', thread: false });
    expect(await source.load('a', context)).toMatchObject({ key: 'a' });
    await source.close();
    expect(memory.open).toBe(true);
    expect(await source.load('a', context)).toMatchObject({ key: 'a' });
    memory.close();
    expect(await rejection(source.load('a', context))).toMatchObject({ code: 'HOLDFAST_SOURCE_UNAVAILABLE' });
  });
});
