/** Everything that keeps a PostgreSQL server from answering, done to a real one. */
import { postgresSource } from 'holdfast/postgres';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, it as plain, vi } from 'vitest';
import { LoadTimeoutError, SourceConfigurationError, SourceUnavailableError } from '../../../src/errors.js';
import type { SourceListener } from '../../../src/sources/index.js';
import { needsPostgres, postgresPrograms } from '../../needs.js';
import { type Cluster, startCluster } from './cluster.js';
import { context, type Place, sessionsSource, sessionsTable } from './sessions-table.js';

let cluster: Cluster | undefined;
beforeAll(async () => {
  if (postgresPrograms() !== undefined) cluster = await startCluster({ max_connections: 14 });
}, 60_000);
afterAll(() => cluster?.dispose());

/** A test against this file's own server. */
const it = (name: string, body: (server: Cluster) => Promise<void>) =>
  plain(
    name,
    async (test) => {
      needsPostgres(test);
      await body(cluster as Cluster);
    },
    60_000,
  );

async function place({ url }: { readonly url: string }): Promise<Place> {
  const made = await sessionsTable(url);
  onTestFinished(() => made.dispose());
  await made.write({ key: 'a', value: 'A' });
  return made;
}

/** A source over it, closed after the test. */
function source(of: Place, options: Parameters<typeof sessionsSource>[1] = {}) {
  const made = sessionsSource(of, options);
  onTestFinished(() => made.close());
  return made;
}

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`);
    },
    (error: Error) => error,
  );

const terminate = async ({ writer, name }: Place, condition = 'true'): Promise<number> => {
  const { rowCount } = await writer.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND ${condition}`,
    [name],
  );
  return rowCount ?? 0;
};

describe('the server', () => {
  for (const how of ['fast', 'immediate'] as const) {
    it(`is stopped (${how}) and started: away meanwhile, to every question, and back without being made anew`, async (server) => {
      const at = await place(server);
      const db = source(at, { notify: false });
      expect(await db.load('a', context)).toMatchObject({ value: 'A' });
      await server.stop(how);
      for (const ask of [
        () => db.load('a', context),
        () => db.loadMany(['a'], context),
        () =>
          db
            .scan({ ...context, batch: 10 })
            [Symbol.asyncIterator]()
            .next(),
        () =>
          db.changes!(undefined, { ...context, batch: 10 })
            [Symbol.asyncIterator]()
            .next(),
        () => db.missing(['a'], context),
        () => db.save!({ key: 'b', value: 'B' }, context),
        () => db.remove!('a', context),
        () => db.ping(context),
      ]) {
        expect(await rejection(ask())).toBeInstanceOf(SourceUnavailableError);
      }
      await server.start();
      expect(await db.load('a', context)).toMatchObject({ value: 'A' });
    });
  }

  it('stops in the middle of a scan: it ends as away, not as complete', async (server) => {
    const at = await place(server);
    for (let nth = 0; nth < 20; nth++) await at.write({ key: `k${nth}` });
    const db = source(at);
    const reading = (async () => {
      for await (const _ of db.scan({ ...context, batch: 5 })) await server.stop().catch(() => {});
    })();
    expect(await rejection(reading)).toBeInstanceOf(SourceUnavailableError);
    await server.start();
    expect(await at.connected()).toBe(0);
  });

  it('has as many connections as it may: away, until one is free', async (server) => {
    const at = await place(server);
    const db = source(at);
    const others: pg.Client[] = [];
    onTestFinished(async () => void (await Promise.all(others.map((client) => client.end()))));
    for (;;) {
      const client = new pg.Client(server.url);
      client.on('error', () => {});
      if (
        await client.connect().then(
          () => false,
          () => true,
        )
      )
        break;
      others.push(client);
    }
    const error = await rejection(db.load('a', context));
    expect(error).toBeInstanceOf(SourceUnavailableError);
    expect(error.cause).toMatchObject({ code: '53300' });
    await others.pop()?.end();
    await vi.waitFor(async () => expect(await db.load('a', context)).toMatchObject({ value: 'A' }));
  });

  it('knows no such password, user, database, or speaks no TLS: told what to mend', async (server) => {
    const at = await place(server);
    const { port } = server;
    for (const connection of [
      { port, user: 'nobody-here', host: '127.0.0.1', database: 'postgres' },
      { port, user: 'postgres', host: '127.0.0.1', database: 'nothing-here' },
      { port, user: 'postgres', host: '127.0.0.1', database: 'postgres', ssl: true },
    ]) {
      const db = postgresSource({ connection, table: at.table, key: 'token' });
      onTestFinished(() => db.close());
      expect(await rejection(db.load('a', context))).toBeInstanceOf(SourceConfigurationError);
    }
  });

  it('only reads (a standby that a failover has yet to promote): writes are away, and find the promoted one', async (server) => {
    const at = await place(server);
    const db = source(at);
    await db.load('a', context);
    await at.writer.query('ALTER SYSTEM SET default_transaction_read_only = on');
    await at.writer.query('SELECT pg_reload_conf()');
    const mend = async (): Promise<void> => {
      await at.writer.query('ALTER SYSTEM RESET default_transaction_read_only');
      await at.writer.query('SELECT pg_reload_conf()');
    };
    await vi.waitFor(async () => {
      expect(await rejection(db.save!({ key: 'b', value: 'B' }, context))).toBeInstanceOf(
        SourceUnavailableError,
      );
    });
    expect(await db.load('a', context)).toMatchObject({ value: 'A' });
    await mend();
    await vi.waitFor(() => db.save!({ key: 'b', value: 'B' }, context));
  });
});

describe('a connection', () => {
  it('is killed while it rests: nobody notices', async (server) => {
    const at = await place(server);
    const db = source(at);
    await Promise.all(Array.from({ length: 5 }, () => db.load('a', context)));
    expect(await terminate(at)).toBeGreaterThan(0);
    await vi.waitFor(async () => expect(await at.connected()).toBe(0));
    // What the pool was told of it comes by the event loop.
    await vi.waitFor(async () => expect(await db.load('a', context)).toMatchObject({ value: 'A' }));
  });

  it('is killed while it works: away; the next one works', async (server) => {
    const at = await place(server);
    const db = source(at);
    const lock = await at.writer.connect();
    await lock.query(`BEGIN; LOCK TABLE ${at.table} IN ACCESS EXCLUSIVE MODE`);
    const asked = rejection(db.load('a', context));
    await vi.waitFor(async () => expect(await terminate(at, `wait_event_type = 'Lock'`)).toBe(1));
    expect(await asked).toBeInstanceOf(SourceUnavailableError);
    await lock.query('ROLLBACK');
    lock.release();
    expect(await db.load('a', context)).toMatchObject({ value: 'A' });
  });

  it('is killed in the middle of a scan: away, not complete', async (server) => {
    const at = await place(server);
    for (let nth = 0; nth < 20; nth++) await at.write({ key: `k${nth}` });
    const db = source(at);
    const reading = (async () => {
      for await (const _ of db.scan({ ...context, batch: 5 })) await terminate(at);
    })();
    expect(await rejection(reading)).toBeInstanceOf(SourceUnavailableError);
    expect(await db.load('a', context)).toMatchObject({ value: 'A' });
  });

  it('is of a pool that its owner has ended: away', async (server) => {
    const at = await place(server);
    const pool = new pg.Pool(at.connection);
    const db = source(at, { pool });
    await db.load('a', context);
    await pool.end();
    expect(await rejection(db.load('a', context))).toBeInstanceOf(SourceUnavailableError);
  });
});

describe('a lock is held', () => {
  it('longer than statement_timeout, or lock_timeout: it did not answer in time', async (server) => {
    const at = await place(server);
    const lock = await at.writer.connect();
    await lock.query(`BEGIN; LOCK TABLE ${at.table} IN ACCESS EXCLUSIVE MODE`);
    for (const limit of [{ statement_timeout: 50 }, { lock_timeout: 50 }]) {
      const db = postgresSource({
        connection: { ...at.connection, ...limit },
        table: at.table,
        key: 'token',
      });
      onTestFinished(() => db.close());
      expect(await rejection(db.load('a', context))).toBeInstanceOf(LoadTimeoutError);
    }
    await lock.query('ROLLBACK');
    lock.release();
  });

  it('the query of who gave up is cancelled on the server, and holds up nobody', async (server) => {
    const at = await place(server);
    const db = source(at);
    await db.load('a', context);
    const lock = await at.writer.connect();
    await lock.query(`BEGIN; LOCK TABLE ${at.table} IN ACCESS EXCLUSIVE MODE`);
    const giving = new AbortController();
    const reason = new Error('enough');
    const asked = rejection(db.load('a', { signal: giving.signal }));
    await vi.waitFor(async () => expect(await at.busy()).toBe(1));
    giving.abort(reason);
    expect(await asked).toBe(reason);
    await vi.waitFor(async () => expect(await at.connected()).toBe(0));
    await lock.query('ROLLBACK');
    lock.release();
  });
});

describe('the network', () => {
  it('fails over to another server: what follows is read there, and the feed of changes has a gap', async (server) => {
    const at = await place(server);
    const second = await startCluster();
    onTestFinished(() => second.dispose());
    const there = new pg.Client(second.url);
    await there.connect();
    await there.query(`CREATE SCHEMA ${at.schema}`);
    await there.query(
      `CREATE TABLE ${at.table} (token text PRIMARY KEY, value text, expires_at timestamptz, revoked_at timestamptz, updated_at timestamptz NOT NULL DEFAULT now(), version bigint)`,
    );
    await there.query(`INSERT INTO ${at.table} (token, value) VALUES ('a', 'A there')`);
    await there.end();
    const db = source(at);
    const changes = async (since: string | undefined) => {
      const all = [];
      for await (const batch of db.changes!(since, { ...context, batch: 10 })) all.push(batch);
      return all;
    };
    const [{ cursor } = { cursor: '' }] = await changes(undefined);
    expect((await changes(cursor)).some(({ reset }) => reset)).toBe(false);
    at.proxy.failOver(second.port);
    await vi.waitFor(async () => expect(await db.load('a', context)).toMatchObject({ value: 'A there' }));
    expect((await changes(cursor))[0]).toMatchObject({ reset: true });
  });

  it('swallows everything: who gives up is free at once, and when it is back so is the source', async (server) => {
    const at = await place(server);
    const db = source(at);
    await db.load('a', context);
    at.proxy.stall();
    const reason = new Error('enough');
    const asked = Array.from({ length: 30 }, () => {
      const giving = new AbortController();
      setImmediate(() => giving.abort(reason));
      return rejection(db.load('a', { signal: giving.signal }));
    });
    expect(await Promise.all(asked)).toEqual(asked.map(() => reason));
    at.proxy.unstall();
    await vi.waitFor(async () => expect(await db.load('a', context)).toMatchObject({ value: 'A' }), 10_000);
  });
});

describe('who listens', () => {
  async function listen(of: Place, options: Parameters<typeof sessionsSource>[1] = { notify: true }) {
    const giving = new AbortController();
    const told: (readonly string[] | 'open' | 'gap')[] = [];
    const listener: SourceListener = {
      signal: giving.signal,
      onOpen: () => told.push('open'),
      onChange: (keys) => told.push(keys ?? []),
      onGap: () => told.push('gap'),
    };
    const ended = source(of, options).subscribe!(listener).then(
      () => 'resolved',
      (error: Error) => error,
    );
    onTestFinished(() => giving.abort());
    await vi.waitFor(() => Promise.race([ended, vi.waitFor(() => expect(told).toContain('open'))]));
    return { told, ended, giving };
  }

  it('is told that the trigger is missing, and by what it is installed', async (server) => {
    const at = await place(server);
    const { ended } = await listen(at);
    const error = await ended;
    expect(error).toBeInstanceOf(SourceConfigurationError);
    expect((error as Error).message).toContain(
      `npx holdfast postgres install-trigger --table ${at.table} --key token`,
    );
  });

  it('is told of what many statements, and large ones, change', async (server) => {
    const at = await place(server);
    await at.installTrigger();
    await at.installTrigger();
    const { told } = await listen(at);
    const keys = Array.from({ length: 900 }, (_, nth) => `key-${String(nth).padStart(36, '0')}`);
    await at.writer.query(`INSERT INTO ${at.table} (token) SELECT unnest($1::text[])`, [keys]);
    await vi.waitFor(() => {
      expect(new Set(told.flatMap((one) => (typeof one === 'string' ? [] : one)))).toEqual(new Set(keys));
    });
    expect(told).not.toContain('gap');
    told.length = 0;
    await at.writer.query(`UPDATE ${at.table} SET token = 'moved' WHERE token = 'a'`);
    await vi.waitFor(() => expect([...(told[0] as string[])].sort()).toEqual(['a', 'moved']));
    told.length = 0;
    await at.writer.query(`INSERT INTO ${at.table} (token) SELECT 'm' || i FROM generate_series(1, 5000) i`);
    await vi.waitFor(() => expect(told).toEqual(['gap']));
    told.length = 0;
    await at.writer.query(`UPDATE ${at.table} SET value = 'x' WHERE false`);
    await at.writer.query(`TRUNCATE ${at.table}`);
    await vi.waitFor(() => expect(told).toEqual(['gap']));
  });

  it('is told nothing of what was rolled back', async (server) => {
    const at = await place(server);
    await at.installTrigger();
    const { told } = await listen(at);
    const client = await at.writer.connect();
    await client.query(`BEGIN; UPDATE ${at.table} SET value = 'never'; ROLLBACK`);
    client.release();
    await at.write({ key: 'after' });
    await vi.waitFor(() => expect(told).toContainEqual(['after']));
    expect(told).toEqual(['open', ['after']]);
  });

  it('has its connection killed, or reset: away, and nothing is left of it', async (server) => {
    const at = await place(server);
    await at.installTrigger();
    for (const lose of [
      () => terminate(at),
      async () => at.proxy.cut(),
      () => server.stop().then(() => server.start()),
    ]) {
      const { ended } = await listen(at);
      await lose();
      expect(await ended).toBeInstanceOf(SourceUnavailableError);
    }
    await vi.waitFor(async () => expect(await at.connected()).toBe(0));
  });

  it('on a connection that is dead without knowing it hears of it by the next heartbeat', async (server) => {
    const at = await place(server);
    await at.installTrigger();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const giving = new AbortController();
    let opened = (): void => {};
    const open = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const ended = rejection(
      source(at, { notify: true }).subscribe!({
        signal: giving.signal,
        onOpen: opened,
        onChange() {},
        onGap() {},
      }),
    );
    await open;
    at.proxy.stall();
    await vi.advanceTimersByTimeAsync(5_000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await ended).toBeInstanceOf(SourceUnavailableError);
  });
});
