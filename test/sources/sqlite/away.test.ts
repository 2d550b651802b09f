import { copyFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { SourceConfigurationError, SourceUnavailableError } from '../../../src/errors.js';
import { isUnavailable } from '../../../src/sources/index.js';
import {
  all,
  context,
  folder,
  rejection,
  sessionsDatabase,
  sessionsSource,
  writableSource,
} from './sessions-database.js';

/** Every question there is, each with what it rejected with. */
async function everyQuestion(source: ReturnType<typeof writableSource>): Promise<unknown[]> {
  const scan = { ...context, batch: 10 };
  return [
    await rejection(source.load('a', context)),
    await rejection(source.loadMany(['a'], context)),
    await rejection(source.missing(['a'], context)),
    await rejection(source.ping(context)),
    await rejection(all(source.scan(scan))),
    await rejection(all(source.changes!(undefined, scan))),
    await rejection(source.save!({ key: 'a', value: 'u' }, context)),
    await rejection(source.remove!('a', context)),
  ];
}

async function expectAway(source: ReturnType<typeof writableSource>): Promise<void> {
  for (const error of await everyQuestion(source)) {
    expect(error).toBeInstanceOf(SourceUnavailableError);
    expect(isUnavailable(error)).toBe(true);
    expect(error).toHaveProperty('cause', expect.anything());
  }
}

describe.each([false, true])('a database that is away (thread: %s)', (thread) => {
  it('because its folder is missing: nothing is created, and it is read as soon as it is there', async () => {
    const file = join(folder(), 'not', 'yet', 'sessions.db');
    const source = writableSource(file, { thread });
    await expectAway(source);
    mkdirSync(dirname(file), { recursive: true });
    await expectAway(source);
    const { write } = sessionsDatabase(file);
    write({ token: 'a' });
    expect(await source.load('a', context)).toMatchObject({ value: 'user-a' });
  });

  it('because it is a folder, or no database, or cut short', async () => {
    const path = folder();
    await expectAway(writableSource(path, { thread }));
    const text = join(path, 'text.db');
    writeFileSync(
      text,
      'this is no database, and long enough to be taken for a header of one, or so it seems'.repeat(20),
    );
    const source = writableSource(text, { thread });
    await expectAway(source);
    const { file, writer, write } = sessionsDatabase();
    write({ token: 'a' });
    writer.close();
    copyFileSync(file, text);
    expect(await source.load('a', context)).toMatchObject({ value: 'user-a' });
    truncateSync(text, 5000);
    expect(await rejection(source.load('a', context))).toBeInstanceOf(SourceUnavailableError);
  });

  it('because another connection holds it', async () => {
    const { file, writer, write } = sessionsDatabase();
    write({ token: 'a' });
    const source = writableSource(file, { thread });
    await source.load('a', context);
    writer.exec('BEGIN EXCLUSIVE');
    await expectAway(source);
    writer.exec('COMMIT');
    expect(await source.load('a', context)).toMatchObject({ value: 'user-a' });
  });

  it('because it was deleted under the open connection', async () => {
    const { file, writer, write } = sessionsDatabase();
    write({ token: 'a' });
    const source = writableSource(file, { thread });
    await source.load('a', context);
    rmSync(file);
    await expectAway(source);
    writer.close();
    sessionsDatabase(file).write({ token: 'b' });
    expect(await source.load('a', context)).toBeUndefined();
    expect(await source.load('b', context)).toMatchObject({ value: 'user-b' });
  });
});

describe('a file that is replaced under the open connection', () => {
  function replaced() {
    const { file, write } = sessionsDatabase();
    write({ token: 'a', updated_at: 10_000 }, { token: 'b', updated_at: 10_000 });
    const other = sessionsDatabase();
    other.write({ token: 'a', updated_at: 1 }, { token: 'c', updated_at: 1 });
    return { file, replace: () => renameSync(other.file, file) };
  }
  const batch = { ...context, batch: 1 };

  it('is read from the next request on', async () => {
    const { file, replace } = replaced();
    const source = sessionsSource(file);
    expect(await source.load('c', context)).toBeUndefined();
    replace();
    expect(await source.load('c', context)).toMatchObject({ key: 'c' });
    expect(await source.load('b', context)).toBeUndefined();
  });

  it('voids the cursor: the feed says so and begins anew', async () => {
    const { file, replace } = replaced();
    const source = sessionsSource(file);
    const [before] = await all(source.changes!(undefined, batch));
    expect(before).toEqual({ gone: [], changed: [], cursor: expect.any(String) });
    replace();
    const [gap, ...rest] = await all(source.changes!(before?.cursor, batch));
    expect(gap).toEqual({ gone: [], changed: [], cursor: expect.any(String), reset: true });
    expect(rest).toEqual([]);
    for (const { reset } of await all(source.changes!(gap?.cursor, batch))) expect(reset).toBeUndefined();
  });

  it('while its changes are read, the same', async () => {
    const { file, replace } = replaced();
    const source = sessionsSource(file);
    const [{ cursor } = { cursor: '' }] = await all(source.changes!(undefined, batch));
    const resets: unknown[] = [];
    for await (const { reset } of source.changes!(cursor, batch)) {
      if (resets.length === 0) replace();
      resets.push(reset);
    }
    expect(resets).toEqual([undefined, true]);
  });

  it('while it is scanned, ends the pass: it would be a pass over neither', async () => {
    const { file, replace } = replaced();
    const source = sessionsSource(file);
    const scan = source.scan(batch)[Symbol.asyncIterator]();
    await scan.next();
    replace();
    expect(await rejection(scan.next())).toBeInstanceOf(SourceUnavailableError);
  });

  it('and one that was away meanwhile may be another, whatever its inode says', async () => {
    const { file, writer } = sessionsDatabase();
    const source = sessionsSource(file);
    const [before] = await all(source.changes!(undefined, batch));
    writer.close();
    renameSync(file, `${file}.away`);
    await rejection(source.ping(context));
    renameSync(`${file}.away`, file);
    const [after] = await all(source.changes!(before?.cursor, batch));
    expect(after?.reset).toBe(true);
  });

  it('makes a cursor of another table, another source or none at all void', async () => {
    const source = sessionsSource(replaced().file);
    for (const cursor of ['', 'null', '{}', '{"of":"x"}', 'nonsense', '[1]']) {
      const [first] = await all(source.changes!(cursor, batch));
      expect(first?.reset).toBe(true);
    }
  });

  it('leaves a cursor alone across sources of one file: a restart is no gap', async () => {
    const { file } = replaced();
    const [before] = await all(sessionsSource(file).changes!(undefined, batch));
    for (const { reset } of await all(sessionsSource(file).changes!(before?.cursor, batch))) {
      expect(reset).toBeUndefined();
    }
  });

  it('under a connection that was handed in, is unavailability: it cannot be opened anew', async () => {
    const { file, replace } = replaced();
    const mine = new Database(file, { readonly: true });
    const source = sessionsSource(mine);
    await source.load('a', context);
    replace();
    expect(await rejection(source.load('a', context))).toBeInstanceOf(SourceUnavailableError);
    mine.close();
  });
});

describe.each([false, true])('a table that is not what it was (thread: %s)', (thread) => {
  it('a renamed column is a configuration error that names it, and heals when mended', async () => {
    const { file, writer, write } = sessionsDatabase();
    write({ token: 'a' });
    const source = writableSource(file, { thread });
    await source.load('a', context);
    for (const column of ['token', 'user_id', 'expires_at', 'revoked_at', 'updated_at']) {
      writer.exec(`ALTER TABLE sessions RENAME COLUMN ${column} TO other`);
      for (const error of await everyQuestion(source)) {
        expect(error).toBeInstanceOf(SourceConfigurationError);
        expect((error as Error).message).toContain(`"${column}"`);
        expect(isUnavailable(error)).toBe(false);
      }
      writer.exec(`ALTER TABLE sessions RENAME COLUMN other TO ${column}`);
      expect(await source.load('a', context)).toMatchObject({ value: 'user-a' });
    }
  });

  it('a table that is dropped, likewise', async () => {
    const { file, writer, write } = sessionsDatabase();
    write({ token: 'a' });
    const source = writableSource(file, { thread });
    writer.exec('ALTER TABLE sessions RENAME TO meetings');
    for (const error of await everyQuestion(source)) {
      expect(error).toBeInstanceOf(SourceConfigurationError);
      expect((error as Error).message).toMatch(/"sessions".*"meetings"/);
    }
    writer.exec('ALTER TABLE meetings RENAME TO sessions');
    expect(await source.load('a', context)).toMatchObject({ value: 'user-a' });
  });

  it('a key without a unique index cannot be saved by, which the error says', async () => {
    const { file, writer } = sessionsDatabase();
    writer.exec('CREATE TABLE copy AS SELECT * FROM sessions');
    const source = writableSource(file, { table: 'copy', thread });
    expect(await rejection(source.save!({ key: 'a', value: 'u' }, context))).toBeInstanceOf(
      SourceConfigurationError,
    );
  });
});
