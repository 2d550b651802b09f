import Database from 'better-sqlite3';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { OptionsError } from '../../../src/errors.js';
import type { Row } from '../../../src/sources/index.js';
import { type SqliteRow, type SqliteValue, sqliteSource } from '../../../src/sources/sqlite/index.js';

const good = { file: 'x.db', table: 't', key: 'k' };
const memory = new Database(':memory:');

describe('options', () => {
  it.each<[string, object]>([
    ['"file"', { ...good, file: '' }],
    ['"file"', { ...good, file: 7 }],
    ['"file"', { table: 't', key: 'k' }],
    ['"file"', { ...good, file: ':memory:' }],
    ['"file"', { ...good, file: memory }],
    ['"table"', { ...good, table: '' }],
    ['"table"', { ...good, table: 'a\0b' }],
    ['"key"', { ...good, key: undefined }],
    ['"value"', { ...good, value: 5 }],
    ['"value"', { ...good, value: [] }],
    ['"value', { ...good, value: ['a', 5] }],
    ['"expiresAt"', { ...good, expiresAt: 5 }],
    ['"exipresAt"', { ...good, exipresAt: 'e' }],
    ['"writable"', { ...good, writable: 'yes' }],
    ['"thread"', { ...good, thread: 1 }],
    ['"revokedAt"', { ...good, expiresAt: 'e', revokedAt: 'E' }],
    ['object', null as unknown as object],
  ])('%s at fault is named', (named, options) => {
    const make = (): unknown => sqliteSource(options as typeof good);
    expect(make).toThrow(OptionsError);
    expect(make).toThrow(named);
  });

  it('are taken as they are meant, and touch no file', () => {
    sqliteSource({ ...good, file: '/nowhere/at/all.db' });
    sqliteSource({ ...good, file: memory, thread: false });
    sqliteSource({ ...good, file: ':memory:', thread: false, writable: true });
  });

  it('decide what there is', () => {
    expect(sqliteSource(good).changes).toBeUndefined();
    expect(sqliteSource({ ...good, updatedAt: 'u' }).changes).toBeTypeOf('function');
  });

  it('type the value', () => {
    const whole = sqliteSource(good);
    expectTypeOf(whole.load).returns.resolves.toEqualTypeOf<Row<SqliteRow> | undefined>();
    const one = sqliteSource({ ...good, value: 'v' });
    expectTypeOf(one.load).returns.resolves.toEqualTypeOf<Row<SqliteValue> | undefined>();
    const mapped = sqliteSource({ ...good, value: (row) => (row.x === null ? undefined : { x: 1 }) });
    expectTypeOf(mapped.load).returns.resolves.toEqualTypeOf<Row<{ x: number }> | undefined>();
    const some = sqliteSource<{ a: string }>({ ...good, value: ['a'] });
    expectTypeOf(some.load).returns.resolves.toEqualTypeOf<Row<{ a: string }> | undefined>();
  });
});
