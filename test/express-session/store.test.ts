import { promisify } from 'node:util';
import type { SessionData } from 'express-session';
import { OptionsError, type Source, SourceUnavailableError, StateError } from 'holdfast';
import { HoldfastStore } from 'holdfast/express-session';
import { describe, expect, test, vi } from 'vitest';
import { SessionStoreError } from '../../src/errors.js';
import { sessionTable, shop, storeOver, type Table } from './shop.js';

const day = 86_400_000;
const dataOf = (user: string, expires: Date | string | null = new Date(Date.now() + day)): SessionData =>
  ({ user, cookie: { originalMaxAge: day, expires } }) as SessionData;

/** The store's methods as promises. */
const promised = (store: HoldfastStore) => ({
  get: promisify(store.get.bind(store)) as (sid: string) => Promise<SessionData | null>,
  set: promisify(store.set.bind(store)) as (sid: string, data: SessionData) => Promise<void>,
  touch: promisify(store.touch.bind(store)) as (sid: string, data: SessionData) => Promise<void>,
  destroy: promisify(store.destroy.bind(store)) as (sid: string) => Promise<void>,
  all: promisify(store.all.bind(store)) as () => Promise<Record<string, SessionData>>,
  length: promisify(store.length.bind(store)) as () => Promise<number>,
  clear: promisify(store.clear.bind(store)) as () => Promise<void>,
});

type Options = Parameters<typeof storeOver>;

async function prepared(options?: Options[1], policy?: Options[2], table: Table = sessionTable()) {
  const { cache, store } = await storeOver(table, options, policy);
  return { table, cache, store, is: promised(store) };
}

describe('as every store does', () => {
  test('get, set, destroy: through the database, each time a copy of its own', async () => {
    const { is, table } = await prepared();
    expect(await is.get('a')).toBeNull();
    const data = dataOf('ada');
    const setting = is.set('a', data);
    data.user = 'changed afterwards';
    await setting;
    expect(table.rows()).toMatchObject([{ sid: 'a', data: { user: 'ada' } }]);
    const got = await is.get('a');
    expect(got).toMatchObject({ user: 'ada' });
    (got as SessionData).user = 'changed by who got it';
    expect(await is.get('a')).toMatchObject({ user: 'ada' });
    await is.destroy('a');
    expect(await is.get('a')).toBeNull();
    expect(table.rows()).toEqual([]);
    await is.destroy('a');
  });

  test('all, length, clear: of what is in memory', async () => {
    const { is, table } = await prepared();
    for (const sid of ['a', 'b', '__proto__']) await is.set(sid, dataOf(sid));
    expect(await is.length()).toBe(3);
    const all = Object.entries(await is.all()).map(([sid, { user }]) => [sid, user]);
    expect(all.sort()).toEqual([
      ['__proto__', '__proto__'],
      ['a', 'a'],
      ['b', 'b'],
    ]);
    await is.clear();
    expect(await is.length()).toBe(0);
    expect(table.rows()).toEqual([]);
  });

  test('over secret keys `all` names digests, and `clear` says that it cannot', async () => {
    const { is, table } = await prepared({ secretKeys: true });
    await is.set('a', dataOf('ada'));
    expect(Object.keys(await is.all())).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    await expect(is.clear()).rejects.toBeInstanceOf(StateError);
    expect(table.rows()).toHaveLength(1);
  });

  test('a session ends when its cookie does; without a date of its own, after `ttl`', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const { is } = await prepared({}, { ttl: '1h' });
      await is.set('cookie', dataOf('ada', new Date(Date.now() + 1000)));
      await is.set('text', dataOf('ada', new Date(Date.now() + 1000).toISOString()));
      await is.set('browser', dataOf('ada', null));
      vi.setSystemTime(Date.now() + 1001);
      expect(await is.get('cookie')).toBeNull();
      expect(await is.get('text')).toBeNull();
      expect(await is.get('browser')).toMatchObject({ user: 'ada' });
      vi.setSystemTime(Date.now() + 3_600_000);
      expect(await is.get('browser')).toBeNull();
    } finally {
      vi.useRealTimers();
    }
  });

  test('a callback that throws is called once: that is no error of the store’s', async () => {
    const { store } = await prepared();
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    try {
      const thrown = new Promise((resolve) => void process.once('uncaughtException', resolve));
      const calls: unknown[] = [];
      store.get('a', (error) => {
        calls.push(error);
        throw new Error('of the callback');
      });
      expect(await thrown).toMatchObject({ message: 'of the callback' });
      expect(calls).toEqual([null]);
    } finally {
      for (const listener of others) process.on('uncaughtException', listener);
    }
  });
});

describe('with the database away', () => {
  test('known sessions are served; of one that nobody can vouch for it says so, and never "none"', async () => {
    const { is, table } = await prepared();
    await is.set('a', dataOf('ada'));
    table.takeAway();
    expect(await is.get('a')).toMatchObject({ user: 'ada' });
    await expect(is.get('b')).rejects.toBeInstanceOf(SourceUnavailableError);
    await expect(is.set('b', dataOf('bob'))).rejects.toBeInstanceOf(SourceUnavailableError);
    expect(await is.length()).toBe(1);
    table.giveBack();
    await vi.waitFor(async () => expect(await is.get('b')).toBeNull());
  });

  test('a destroyed session is gone at once, though the database cannot be told', async () => {
    const { is, table, cache } = await prepared();
    await is.set('a', dataOf('ada'));
    table.takeAway();
    await expect(is.destroy('a')).rejects.toBeInstanceOf(SourceUnavailableError);
    expect(await is.get('a')).toBeNull();
    expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'removed' });
  });

  test('with a snapshot the logout waits in its outbox, and reaches the database when it is back', async () => {
    const table = sessionTable();
    const { is } = await prepared({ snapshot: { file: `${table.folder}/snapshot` } }, {}, table);
    await is.set('a', dataOf('ada'));
    table.takeAway();
    await is.destroy('a');
    expect(await is.get('a')).toBeNull();
    table.giveBack();
    await vi.waitFor(() => expect(table.rows()).toEqual([]), { timeout: 10_000 });
    expect(await is.get('a')).toBeNull();
  });

  test('`stale: refuse`: one that may have been changed meanwhile is an error', async () => {
    const { is, table, cache } = await prepared({ ttl: 1 }, { stale: 'refuse' });
    await is.set('a', dataOf('ada'));
    table.takeAway();
    await vi.waitFor(() => expect(cache.lookup('a').status).toBe('stale'));
    await expect(is.get('a')).rejects.toBeInstanceOf(SourceUnavailableError);
  });

  test('never emits `disconnect`', async () => {
    const { is, store, table } = await prepared();
    const emit = vi.spyOn(store, 'emit');
    table.takeAway();
    await is.get('a').catch(() => {});
    await is.set('a', dataOf('ada')).catch(() => {});
    await is.destroy('a').catch(() => {});
    expect(emit).not.toHaveBeenCalled();
  });
});

describe('an error that express-session would take for "no such session"', () => {
  test.each([
    ['a code ENOENT', Object.assign(new Error('no such file'), { code: 'ENOENT' })],
    ['nothing at all', undefined],
    ['a string', 'away'],
  ])('%s: never leaves the store', async (_, thrown) => {
    const refuse = (): Promise<never> => Promise.reject(thrown);
    const source: Source<SessionData> = { load: refuse, save: refuse, remove: refuse };
    const { store } = await storeOver({ source });
    const is = promised(store);
    for (const failing of [is.get('a'), is.set('a', dataOf('ada')), is.destroy('b')]) {
      const error = await failing.then(
        () => 'none',
        (rejected: unknown) => rejected,
      );
      expect(error).toBeInstanceOf(Error);
      expect((error as { code?: unknown }).code).toMatch(/^HOLDFAST_/);
      if (error instanceof SessionStoreError) expect(error.cause).toBe(thrown);
    }
  });
});

describe('a session that has ended', () => {
  test('is not brought back by a slow request that saves or touches it', async () => {
    const { is, table } = await prepared();
    await is.set('a', dataOf('ada'));
    await is.destroy('a');
    await is.set('a', dataOf('ada, late'));
    await is.touch('a', dataOf('ada, late'));
    expect(await is.get('a')).toBeNull();
    expect(table.rows()).toEqual([]);
  });

  test('is not brought back, when the cache has long forgotten the removal', async () => {
    const { is, table, cache } = await prepared();
    await is.set('a', dataOf('ada'));
    await is.destroy('a');
    cache.clear();
    await is.set('a', dataOf('ada, late'));
    expect(table.rows()).toEqual([]);
  });

  test('is forgotten after `remember`', async () => {
    const { is, table, cache } = await prepared({}, { remember: 0 });
    await is.set('a', dataOf('ada'));
    await is.destroy('a');
    cache.clear();
    await is.set('a', dataOf('another one'));
    expect(table.rows()).toMatchObject([{ data: { user: 'another one' } }]);
  });

  test('is not brought back by a save that was on its way when it ended', async () => {
    const table = sessionTable();
    let arrive = (): void => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const order: string[] = [];
    const source: Source<SessionData> = {
      ...table.source,
      async save(row, context) {
        await arrived;
        order.push('saved');
        await table.source.save?.(row, context);
      },
      async remove(key, context) {
        order.push('removed');
        await table.source.remove?.(key, context);
      },
    };
    const { store } = await storeOver({ source });
    const is = promised(store);
    const saving = is.set('a', dataOf('ada'));
    const ending = is.destroy('a');
    expect(await is.get('a')).toBeNull();
    arrive();
    await Promise.all([saving, ending]);
    expect(order).toEqual(['saved', 'removed']);
    expect(table.rows()).toEqual([]);
    expect(await is.get('a')).toBeNull();
  });
});

describe('touch', () => {
  test('moves the end on in memory at each request, and writes it once in `touchEvery`: the end alone', async () => {
    const { is, table, cache } = await prepared({ touchEvery: '1h' });
    await cache.save('a', dataOf('ada'), { expiresAt: Date.now() + day });
    cache.invalidate('a');
    await is.get('a');
    for (let n = 1; n <= 100; n++) {
      const until = new Date(Date.now() + day + n * 1000);
      await is.touch('a', dataOf('of the request', until));
      expect(cache.lookup('a')).toMatchObject({ expiresAt: until.getTime(), value: { user: 'ada' } });
      // As a session that was just saved would come back.
      expect(await is.get('a')).toMatchObject({ user: 'ada', cookie: { expires: until.toJSON() } });
    }
    expect(table.saves()).toBe(1);
    expect(table.touches()).toBe(0);
  });

  test('reaches the database once in `touchEvery`, whoever wrote to the session meanwhile', async () => {
    const { is, table } = await prepared({ touchEvery: 200 });
    await is.set('a', dataOf('ada'));
    table.write('a', dataOf('ada, of another process'));
    let until = new Date();
    await vi.waitFor(async () => {
      until = new Date(Date.now() + 2 * day);
      await is.touch('a', dataOf('of the request', until));
      expect(table.touches()).toBeGreaterThan(1);
    });
    await vi.waitFor(() => expect(table.rows()).toMatchObject([{ expires: until.getTime() }]));
    expect(table.rows()).toMatchObject([{ data: { user: 'ada, of another process' } }]);
    expect(table.saves()).toBe(1);
  });

  test('over a source that can only save, the whole session is saved', async () => {
    const table = sessionTable();
    const { touch: _, ...source } = table.source;
    const { is } = await prepared({ touchEvery: 100 }, {}, { ...table, source });
    await is.set('a', dataOf('ada'));
    const until = new Date(Date.now() + 2 * day);
    await vi.waitFor(async () => {
      await is.touch('a', dataOf('of the request', until));
      expect(table.rows()).toMatchObject([{ data: { user: 'ada' }, expires: until.getTime() }]);
    });
    expect(table.saves()).toBe(2);
  });

  test('fails no request while the database is away, and reaches it when it is back', async () => {
    const table = sessionTable();
    const snapshot = { file: `${table.folder}/snapshot` };
    const { is, cache } = await prepared({ touchEvery: 0, snapshot }, {}, table);
    await is.set('a', dataOf('ada'));
    table.takeAway();
    const until = new Date(Date.now() + 3 * day);
    await is.touch('a', dataOf('ada', until));
    expect(cache.lookup('a')).toMatchObject({ expiresAt: until.getTime() });
    await vi.waitFor(() => expect(cache.health().outbox).toMatchObject({ touches: 1 }));
    table.giveBack();
    await vi.waitFor(() => expect(table.rows()).toMatchObject([{ expires: until.getTime() }]), {
      timeout: 10_000,
    });
  });

  test('to an earlier end, which the app has given its cookie, is saved', async () => {
    const { is, table, cache } = await prepared();
    await is.set('a', dataOf('ada'));
    const until = new Date(Date.now() + 60_000);
    await is.touch('a', dataOf('of the request', until));
    expect(cache.lookup('a')).toMatchObject({ expiresAt: until.getTime() });
    expect(table.rows()).toMatchObject([{ data: { user: 'ada' }, expires: until.getTime() }]);
    expect(await is.get('a')).toMatchObject({ cookie: { expires: until.toJSON() } });
  });

  test('writes nothing that may be out of date over what others may have written', async () => {
    const { is, table, cache } = await prepared({ ttl: 1, staleFor: '1h', touchEvery: 0 });
    await is.set('a', dataOf('ada'));
    await vi.waitFor(() => expect(cache.lookup('a').status).toBe('stale'));
    const saves = table.saves();
    await is.touch('a', dataOf('ada', new Date(Date.now() + 2 * day)));
    await is.touch('a', dataOf('ada', new Date(Date.now() + 60_000)));
    expect(table.saves()).toBe(saves);
  });

  test('of a session that is not known does nothing', async () => {
    const { is, table } = await prepared();
    await is.touch('a', dataOf('ada'));
    expect(table.rows()).toEqual([]);
  });
});

describe('under express-session, over HTTP', () => {
  test('an outage logs nobody out, and lets nobody pass as nobody', async () => {
    const { store, table, cache } = await prepared();
    const { browser } = await shop(store);
    const [ada, bob] = [browser(), browser()];
    await ada('/login');
    await bob('/login');
    const [[, unknown]] = [...cache.entries()].map(([sid]) => [0, sid] as const) as [
      readonly [number, string],
    ];
    table.takeAway();
    expect(await ada('/me')).toEqual({ status: 200, body: 'ada' });
    cache.invalidate(unknown);
    const seen = [await ada('/me'), await bob('/me')];
    expect(seen).toContainEqual({ status: 200, body: 'ada' });
    expect(seen).toContainEqual({ status: 503, body: expect.stringMatching(/^HOLDFAST_/) });
    table.giveBack();
    await vi.waitFor(async () => {
      expect([await ada('/me'), await bob('/me')].map(({ body }) => body)).toEqual(['ada', 'ada']);
    });
  });

  test('what cannot be saved is told', async () => {
    const { store, table } = await prepared();
    const { browser } = await shop(store);
    const ada = browser();
    await ada('/login');
    table.takeAway();
    expect((await ada('/visit')).status).toBe(503);
    expect(await ada('/me')).toEqual({ status: 200, body: 'ada' });
    table.giveBack();
    await vi.waitFor(async () => expect((await ada('/visit')).status).toBe(200));
  });

  test('a slow request that saves after the logout does not log in again', async () => {
    const { store, table } = await prepared();
    const { browser, slowBegan, finishSlow } = await shop(store);
    const ada = browser();
    await ada('/login');
    const slow = ada('/slow');
    await slowBegan;
    expect(await ada('/logout')).toEqual({ status: 200, body: 'bye' });
    finishSlow();
    expect((await slow).status).toBe(200);
    expect(await ada('/me')).toEqual({ status: 200, body: 'nobody' });
    expect(table.rows()).toEqual([]);
  });
});

test.each([
  [{ cache: undefined }, 'cache'],
  [{ cache: {} }, 'cache'],
  [{ ttl: '5 minuets' }, 'ttl'],
  [{ ttl: 0 }, 'ttl'],
  [{ touchEvery: '1m' }, 'touchEvery'],
  [{ stale: 'sometimes' }, 'stale'],
])('a wrong option is named: %j', async (options, name) => {
  const { cache } = await storeOver(sessionTable());
  const make = (): HoldfastStore => new HoldfastStore({ cache, ...options } as never);
  expect(make).toThrow(OptionsError);
  expect(make).toThrow(`"${name}"`);
});
