import { type PostgresRow, postgresSource } from 'holdfast/postgres';
import pg from 'pg';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { OptionsError } from '../../../src/errors.js';
import type { Row } from '../../../src/sources/index.js';

const good = { connection: 'postgres://127.0.0.1:1/none', table: 't', key: 'k' };

describe('options', () => {
  it.each<[string, object]>([
    ['"connection"', { ...good, connection: '' }],
    ['"connection"', { ...good, connection: 7 }],
    ['"pool"', { ...good, connection: undefined, pool: {} }],
    ['"pool"', { ...good, pool: new pg.Pool() }],
    ['"table"', { ...good, table: '' }],
    ['"table"', { ...good, table: 'a.b.c' }],
    ['"table"', { ...good, table: '.b' }],
    ['"table', { ...good, table: { schema: 'x' } }],
    ['"table"', { connection: good.connection, key: 'k' }],
    ['"key"', { ...good, key: '' }],
    ['"key"', { ...good, key: 'k'.repeat(64) }],
    ['"key"', { ...good, key: 'a\0b' }],
    ['"value"', { ...good, value: [] }],
    ['"expiresAt"', { ...good, expiresAt: 5 }],
    ['"exipresAt"', { ...good, exipresAt: 'e' }],
    ['"writable"', { ...good, writable: 'yes' }],
    ['"notify"', { ...good, notify: 'yes' }],
    ['"notify', { ...good, notify: {} }],
    ['"updatedAt"', { ...good, expiresAt: 'e', updatedAt: 'e' }],
    ['"options"', null as unknown as object],
  ])('%s at fault is named', (named, options) => {
    const make = (): unknown => postgresSource(options as typeof good);
    expect(make).toThrow(OptionsError);
    expect(make).toThrow(named);
  });

  it('are taken as they are meant, and reach for no server', () => {
    postgresSource(good);
    postgresSource({ table: 'auth.sessions', key: 'token' });
    postgresSource({ ...good, table: { schema: 'a.b', name: 'c.d' }, notify: { channel: 'mine' } });
  });

  it('say what the source can', () => {
    const plain = postgresSource(good);
    for (const absent of ['changes', 'subscribe', 'save', 'remove']) expect(plain).not.toHaveProperty(absent);
    expect(plain.child?.id).toBe('source');
    expect(postgresSource({ ...good, updatedAt: 'u' }).changes).toBeTypeOf('function');
    const made = postgresSource({ ...good, value: (row) => row.v, writable: true, notify: true });
    expect(made.save).toBeUndefined();
    expect(made.remove).toBeTypeOf('function');
    expect(made.subscribe).toBeTypeOf('function');
    expect(postgresSource({ pool: new pg.Pool(), table: 't', key: 'k' })).not.toHaveProperty('child');
  });

  it('say of which type a value is', () => {
    const row = postgresSource(good);
    expectTypeOf(row.load).returns.resolves.toEqualTypeOf<Row<PostgresRow> | undefined>();
    const made = postgresSource({ ...good, value: () => ({ user: 'u' }) });
    expectTypeOf(made.load).returns.resolves.toEqualTypeOf<Row<{ user: string }> | undefined>();
    const one = postgresSource<number>({ ...good, value: 'n' });
    expectTypeOf(one.load).returns.resolves.toEqualTypeOf<Row<number> | undefined>();
  });
});
