import { chmod, copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SnapshotCorruptError, SnapshotError } from '../../../src/errors.js';
import { contents, entry, never, page, place, tombstone } from '../place.js';

const cold = { seq: 0, writtenAt: undefined, cursor: undefined, complete: false, entries: 0 };
const sessions = Array.from({ length: 300 }, (_, nth) => entry(`token-${nth}`, nth + 1));

interface RawRecord {
  readonly id: number;
  readonly key: Buffer;
  readonly seq: number;
  readonly rank: number;
  readonly generation: number;
  readonly body: Buffer;
}

const recordAt = (db: Database.Database, id: number): RawRecord =>
  db.prepare<[number], RawRecord>('SELECT * FROM record WHERE id = ?').get(id) as RawRecord;

/** The checksum that a forger would put beside what he forged. */
function checksum({ rank, seq, generation, key, body }: RawRecord): number {
  const context = Buffer.alloc(17);
  context.writeUInt8(rank, 0);
  context.writeDoubleLE(seq, 1);
  context.writeDoubleLE(generation, 9);
  return crc32(body, crc32(key, crc32(context)));
}

type Place = Awaited<ReturnType<typeof place>>;

async function expectAside(at: Place, because: RegExp, options = {}) {
  const { store, opening } = await at.opened(options);
  expect(opening).toMatchObject(cold);
  expect(opening.aside?.file).toBe(at.file);
  expect(opening.aside?.because).toMatch(because);
  expect(await at.files()).toContain(opening.aside?.movedTo?.slice(at.folder.length + 1));
  expect(await contents(store)).toEqual([]);
  await store.append(page({ entries: [entry('new', 1)] }));
  await store.close();
  const next = await at.opened(options);
  expect(next.opening.aside).toBeUndefined();
  expect(await contents(next.store)).toEqual([entry('new', 1)]);
  await next.store.close();
  return opening.aside?.movedTo ?? '';
}

/** A copy of the files as a killed process leaves them: the last transactions in the log only. */
async function killed(at: Place): Promise<void> {
  const { store } = await at.opened();
  await store.append(page({ entries: sessions.slice(0, 50), full: 'both' }));
  await store.journal([tombstone('token-3', 900)]);
  await store.journal([tombstone('token-4', 901)]);
  await copyFile(at.file, `${at.file}.kept`);
  await copyFile(`${at.file}-wal`, `${at.file}.kept-wal`);
  await store.close();
  await copyFile(`${at.file}.kept`, at.file);
  await copyFile(`${at.file}.kept-wal`, `${at.file}-wal`);
}

describe('set aside, reported, and a cold start', () => {
  it('a file that is none of ours, with what lies beside it', async () => {
    const at = await place();
    await writeFile(at.file, 'dear diary, '.repeat(1000));
    await writeFile(`${at.file}-wal`, 'half a log');
    await writeFile(`${at.file}-journal`, '');
    const movedTo = await expectAside(at, /not a database/);
    expect(await readFile(movedTo, 'utf8')).toMatch(/^dear diary/);
    expect(await readFile(`${movedTo}-wal`, 'utf8')).toBe('half a log');
    expect(await at.mode(movedTo)).toBe('600');
  });

  it('a database of somebody else, unharmed', async () => {
    const at = await place();
    const theirs = new Database(at.file);
    theirs.exec("CREATE TABLE precious (a); INSERT INTO precious VALUES ('yes')");
    theirs.close();
    const before = await readFile(at.file);
    const movedTo = await expectAside(at, /not a snapshot of Holdfast/);
    expect((await readFile(movedTo)).equals(before)).toBe(true);
  });

  it('an empty file', async () => {
    const at = await place();
    await writeFile(at.file, '');
    await expectAside(at, /empty/);
  });

  it('a file of another version', async () => {
    const at = await place();
    await at.written({ entries: sessions });
    const db = new Database(at.file);
    db.pragma('user_version = 99');
    db.close();
    await expectAside(at, /version 99/);
  });

  it("another cache's file", async () => {
    const at = await place();
    await at.written({ entries: sessions });
    await expectAside(at, /cache 'sessions', not to 'users'/, { cache: 'users' });
  });

  it('a truncated file, wherever it was cut', async () => {
    for (const share of [0.01, 0.5, 0.9]) {
      const at = await place();
      await at.written({ entries: sessions });
      const { length } = await readFile(at.file);
      await truncate(at.file, Math.floor(length * share));
      await expectAside(at, /damaged|malformed|not a database/);
    }
  });

  it('a file of ours without its tables', async () => {
    const at = await place();
    await at.written({ entries: sessions });
    const db = new Database(at.file);
    db.exec('DROP TABLE record');
    db.close();
    await expectAside(at, /tables/);
  });

  it('a second one under a name of its own', async () => {
    const at = await place();
    for (const text of ['one', 'two', 'three']) {
      await writeFile(at.file, text.repeat(300));
      const { store } = await at.opened();
      await store.close();
    }
    expect((await at.files()).filter((name) => name.includes('.aside-'))).toHaveLength(3);
  });
});

describe('a secret', () => {
  const secret = 'correct horse battery staple';

  it('hides keys, values and the cursor', async () => {
    const at = await place();
    await at.written(
      {
        entries: [entry('the-token', 1, 'the-value')],
        tombstones: [tombstone('the-dead', 2)],
        cursor: 'the-cursor',
      },
      { secret },
    );
    const bytes = (await readFile(at.file)).toString('latin1');
    for (const text of ['the-token', 'the-value', 'the-dead', 'the-cursor'])
      expect(bytes).not.toContain(text);
    const { store, opening } = await at.opened({ secret: new TextEncoder().encode(secret) });
    expect(opening.cursor).toBe('the-cursor');
    expect(await contents(store)).toEqual([tombstone('the-dead', 2), entry('the-token', 1, 'the-value')]);
  });

  it('is the only one that opens the file; another cold start loses nothing', async () => {
    const at = await place();
    await at.written({ entries: sessions }, { secret });
    const movedTo = await expectAside(at, /another secret/, { secret: 'wrong' });
    const { store } = await at.opened({ secret, file: movedTo });
    expect(await contents(store)).toHaveLength(sessions.length);
  });

  it('is missed where none is given, and where the file has none', async () => {
    const at = await place();
    await at.written({ entries: sessions }, { secret });
    await expectAside(at, /encrypted, and no secret is given/);
    const { opening } = await at.opened({ secret, file: at.file });
    expect(opening.aside?.because).toMatch(/not encrypted, and a secret is given/);
  });

  it('binds a record to its row: none can be passed off as another', async () => {
    const at = await place();
    await at.written({ entries: [entry('admin', 1, 'root'), entry('guest', 2, 'nobody')] }, { secret });
    const db = new Database(at.file);
    const [one, two] = [recordAt(db, 1), recordAt(db, 2)];
    const crc = checksum({ ...two, body: one.body });
    db.prepare('UPDATE record SET body = ?, crc = ? WHERE id = ?').run(one.body, crc, two.id);
    db.close();
    const { store } = await at.opened({ secret });
    await expect(contents(store)).rejects.toThrow(SnapshotCorruptError);
  });
});

describe('a record that does not read back', () => {
  /** Outside of a full writing each entry is a record of its own. */
  async function damagedWhileOpen(at: Place, sql: string, full: { readonly full?: 'both' } = {}) {
    const first = await at.opened();
    await first.store.append(page({ entries: sessions, ...full }));
    await first.store.close();
    const db = new Database(at.file);
    db.exec(sql);
    db.close();
    return at.opened();
  }

  it('ends the restore, sets the file aside, and the next opening is cold', async () => {
    const at = await place();
    const { store, opening } = await damagedWhileOpen(at, "UPDATE record SET body = x'00' WHERE id = 200");
    expect(opening.aside).toBeUndefined();
    const failure = await contents(store).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SnapshotCorruptError);
    const { aside } = failure as SnapshotCorruptError;
    expect(aside).toMatchObject({ file: at.file, because: expect.stringMatching(/does not read back/) });
    expect(await at.files()).toEqual([aside.movedTo?.slice(at.folder.length + 1)]);

    for (const call of [() => store.journal([tombstone('a', 1)]), () => store.append(page({}))]) {
      await expect(call()).rejects.toThrow(SnapshotError);
    }
    expect(await store.open({ cache: 'sessions', signal: never })).toEqual(cold);
    await store.journal([tombstone('a', 1)]);
    expect(await contents(store)).toEqual([tombstone('a', 1)]);
  });

  it('may be one whose number, kind or generation changed', async () => {
    for (const change of [
      'seq = seq + 1',
      'rank = 1',
      'generation = generation + 1',
      "seq = 'x'",
      'rank = 3',
      'rank = 7',
    ]) {
      const at = await place();
      const { store } = await damagedWhileOpen(at, `UPDATE record SET ${change} WHERE id = 9`);
      await expect(contents(store), change).rejects.toThrow(SnapshotCorruptError);
    }
  });

  it('may be a block whose bytes, number, generation or size changed', async () => {
    for (const change of [
      "body = x'00'",
      'id = id + 7',
      'generation = generation + 1',
      "crc = 'x'",
      "body = 'text'",
    ]) {
      const at = await place();
      const { store, opening } = await damagedWhileOpen(at, `UPDATE block SET ${change}`, { full: 'both' });
      expect(opening.aside).toBeUndefined();
      await expect(contents(store), change).rejects.toThrow(SnapshotCorruptError);
    }
  });

  it('may be one that this Node cannot deserialize', async () => {
    const at = await place({ thread: true });
    await at.written({ entries: [entry('a', 1)] });
    const db = new Database(at.file);
    const row = recordAt(db, 1);
    // The second byte of V8's format is its version.
    const body = Buffer.from(row.body).fill(0x7f, 1, 2);
    db.prepare('UPDATE record SET body = ?, crc = ?').run(body, checksum({ ...row, body }));
    db.close();
    const { store } = await at.opened();
    const failure = await contents(store).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SnapshotCorruptError);
    expect((failure as SnapshotCorruptError).aside.because).toMatch(/deserialize/);
    expect(await store.open({ cache: 'sessions', signal: never })).toEqual(cold);
  });

  it('is told across the thread with all that the error carries', async () => {
    const at = await place({ thread: true });
    const { store } = await damagedWhileOpen(at, "UPDATE record SET body = x'00' WHERE id = 200");
    const failure = await contents(store).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SnapshotCorruptError);
    expect((failure as SnapshotCorruptError).aside).toMatchObject({ file: at.file });
  });

  it('may be an entry that a broken index hid from its tombstone', async () => {
    const at = await place();
    await at.written({ entries: [entry('aaaaaaaa', 5)], tombstones: [tombstone('bbbbbbbb', 9)] });
    const db = new Database(at.file);
    const row = recordAt(db, 2);
    const crc = checksum({ ...row, key: Buffer.from('aaaaaaaa') });
    db.prepare('UPDATE record SET crc = ? WHERE id = 2').run(crc);
    db.close();
    // In the table, not in the index: as if the index had not led to the entry when the tombstone was written.
    const bytes = await readFile(at.file);
    const tableLeaf = 0x0d;
    for (let start = 4096; start < bytes.length; start += 4096) {
      const leaf = bytes.subarray(start, start + 4096);
      const found = leaf.indexOf('bbbbbbbb');
      if (leaf[0] === tableLeaf && found >= 0) leaf.write('aaaaaaaa', found);
    }
    await writeFile(at.file, bytes);
    const { store, opening } = await at.opened();
    expect(opening.aside).toBeUndefined();
    const failure = await contents(store).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SnapshotCorruptError);
    expect((failure as SnapshotCorruptError).aside.because).toMatch(/newer tombstone/);
  });
});

describe('any bit of the file', () => {
  for (const [secret, blocks] of [
    [undefined, false],
    [undefined, true],
    ['sesame', false],
    ['sesame', true],
  ] as const) {
    const what = `${secret ? 'encrypted' : 'plain'}, ${blocks ? 'in blocks' : 'one by one'}`;
    it(`flipped is found, or changes nothing that is restored (${what})`, async () => {
      const at = await place(secret === undefined ? {} : { secret });
      const records = {
        entries: sessions.slice(0, 120),
        tombstones: [tombstone('dead', 901), tombstone('deader', 902)],
        cursor: 'cursor',
      };
      if (blocks) await at.written(records);
      else {
        const { store } = await at.opened();
        await store.append(page(records));
        await store.close();
      }
      const sound = await readFile(at.file);
      const before = await at.opened();
      const whole = { opening: before.opening, records: await contents(before.store) };
      await before.store.close();
      let found = 0;
      const bit = fc.record({ byte: fc.nat({ max: sound.length - 1 }), bit: fc.nat({ max: 7 }) });
      // SQLite says of the first two that the file is for reading only, and of an unknown format. The third, without a
      // secret, makes text of a key's bytes.
      const examples: [{ byte: number; bit: number }][] = [
        [{ byte: 18, bit: 3 }],
        [{ byte: 47, bit: 4 }],
        [{ byte: 20_901, bit: 0 }],
      ];
      await fc.assert(
        fc.asyncProperty(bit, async ({ byte, bit }) => {
          await writeFile(
            at.file,
            sound.map((was, nth) => (nth === byte ? was ^ (1 << bit) : was)),
          );
          const { store, opening } = await at.opened();
          try {
            if (opening.aside === undefined) {
              const restored = await contents(store).catch((error: unknown) => error);
              if (restored instanceof SnapshotCorruptError) found += 1;
              else expect({ opening, records: restored }).toEqual(whole);
            } else {
              found += 1;
              expect(await contents(store)).toEqual([]);
            }
          } finally {
            await store.close();
          }
        }),
        { numRuns: secret === undefined ? 150 : 15, examples },
      );
      expect(found).toBeGreaterThan(2);
    });
  }
});

describe('after a kill', () => {
  it('what is only in the log is there', async () => {
    const at = await place();
    await killed(at);
    await chmod(`${at.file}-wal`, 0o666);
    const { store, opening } = await at.opened();
    expect(opening.aside).toBeUndefined();
    expect(await at.mode(`${at.file}-wal`)).toBe('600');
    const found = await contents(store);
    expect(found).toHaveLength(50);
    expect(found).toContainEqual(tombstone('token-3', 900));
  });

  it('half a frame at the end of the log is no damage', async () => {
    const at = await place();
    await killed(at);
    const log = await readFile(`${at.file}-wal`);
    await writeFile(`${at.file}-wal`, log.subarray(0, log.length - 100));
    const { store, opening } = await at.opened();
    expect(opening.aside).toBeUndefined();
    expect(await contents(store)).toContainEqual(tombstone('token-3', 900));
  });

  it('a bit that flipped in the log is, and not a silent loss of what came behind it', async () => {
    for (const at of [1, 17, 32 + 3, 32 + 10, 32 + 24 + 60, 9000]) {
      const there = await place();
      await killed(there);
      const log = await readFile(`${there.file}-wal`);
      log[at] = (log[at] ?? 0) ^ 4;
      await writeFile(`${there.file}-wal`, log);
      const { opening } = await there.opened();
      expect(opening.aside?.because, `byte ${at}`).toMatch(/log is damaged/);
    }
  });
});
