import { CounterError, type CounterOptions, OptionsError, StateError } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { gate, scene } from './build.js';

const rows = { a: 'A', b: 'B' };
const anything: readonly unknown[] = [null, false, 0, '', Number.NaN, 0n, () => 1, Symbol.iterator, {}, []];

describe('any value but undefined', () => {
  it.each(anything.map((value) => [String(value), value]))('%s is a value to every operation', (_, value) =>
    scene<unknown>({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      cache.putMany([
        ['a', value],
        ['b', value],
        ['c', value],
      ]);
      expect(cache.getMany(['a', 'x', 'b'])).toEqual(
        new Map([
          ['a', value],
          ['b', value],
        ]),
      );
      expect(cache.update('a', (held) => [held])).toEqual([value]);
      expect(cache.update('a', () => value)).toBe(value);
      expect(cache.getAndUpdate('b', () => 'next')).toBe(value);
      expect(cache.take('c')).toBe(value);
      expect(cache.lookup('c')).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(await cache.transaction(['a'], (tx) => [tx.has('a'), tx.get('a')])).toEqual([true, value]);
    })(),
  );
});

describe('getMany', () => {
  it(
    'gives what get gives: no unknown, no absent, no expired key; each counts; the source is not asked',
    scene({ rows, has: [] }, async ({ boot, asked, w }) => {
      const { cache } = await boot();
      cache.put('a', '1');
      cache.put('short', '2', { expiresAt: Date.now() + 10 });
      cache.revoke('r');
      await w.advance(10);
      const before = cache.stats();
      expect([...cache.getMany(new Set(['r', 'short', 'a', 'never']))]).toEqual([['a', '1']]);
      const { fresh, absent, unknown } = cache.stats();
      expect([fresh - before.fresh, absent - before.absent, unknown - before.unknown]).toEqual([1, 1, 2]);
      expect(asked('load')).toBe(0);
      expect(() => cache.getMany('abc')).toThrow(/takes keys.*array/);
    }),
  );
});

describe('putMany', () => {
  it(
    'takes a Map or an array, options for all, and an entry’s own before them',
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      cache.putMany(new Map([['m', 'M']]));
      cache.putMany(
        [
          ['a', 'A'],
          ['b', 'B', { ttl: '5s' }],
          ['a', 'again'],
        ],
        { ttl: '1s', tags: ['t'] },
      );
      expect(cache.getMany(['m', 'a', 'b'])).toEqual(new Map(Object.entries({ m: 'M', a: 'again', b: 'B' })));
      expect([cache.ttl('m'), cache.ttl('a'), cache.ttl('b')]).toEqual([600_000, 1000, 5000]);
    }),
  );

  it.each<[string, unknown, RegExp]>([
    ['undefined', [['b', undefined]], /undefined cannot be cached/],
    ['a wrong option', [['b', 'B', { ttl: 'soon' }]], /"ttl".*soon/],
    ['an unknown option', [['b', 'B', { tll: 1 }]], /"tll" is not known/],
    ['a refused key', [['malformed', 'x']], /guard refuses "malformed"/],
    ['no entry at all', ['bB'], /must be \[key, value\]/],
    ['a key that is none', [[7, 'x']], /key must be a string/],
  ])('stores nothing where one of them is bad: %s', (_, bad, message) =>
    scene<unknown>({ has: [] }, async ({ boot }) => {
      const { cache } = await boot({ key: (key) => key !== 'malformed' });
      const entries = [['a', 'A'], ...(bad as []), ['c', 'C']] as [string, unknown][];
      expect(() => cache.putMany(entries)).toThrow(message);
      expect(() => cache.putMany(entries)).toThrow(OptionsError);
      expect(cache.size).toBe(0);
    })(),
  );

  it(
    'stores nothing where the iterable breaks half-way, or is none, or the options for all are wrong',
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      const breaks = function* (): Generator<readonly [string, string]> {
        yield ['a', 'A'];
        throw new Error('half-way');
      };
      expect(() => cache.putMany(breaks())).toThrow('half-way');
      expect(() => cache.putMany({ a: 'A' } as never)).toThrow(/iterable of \[key, value\]/);
      expect(() => cache.putMany([['a', 'A']], { ttl: -1 })).toThrow(/"ttl"/);
      expect(cache.size).toBe(0);
    }),
  );

  it(
    'is seen whole by whoever is told of it: by the signal of a load that it aborts too',
    scene({ has: [] }, async ({ boot }) => {
      const seen: unknown[] = [];
      const { cache } = await boot({
        source: (_key, { signal }) =>
          new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              seen.push([...cache.getMany(['a', 'b'])]);
              reject(signal.reason);
            }),
          ),
      });
      const read = cache.read('a');
      await Promise.resolve();
      cache.putMany([
        ['a', '1'],
        ['b', '2'],
      ]);
      expect(seen).toEqual([
        [
          ['a', '1'],
          ['b', '2'],
        ],
      ]);
      expect(await read).toMatchObject({ status: 'fresh', value: '1' });
    }),
  );
});

describe('update, getAndUpdate', () => {
  it(
    'update only where a value is held; it gives the new one, and keeps all that goes with the value',
    scene({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot();
      expect(cache.update('a', () => 'never')).toBeUndefined();
      expect(cache.size).toBe(0);
      const expiresAt = Date.now() + 60_000;
      cache.put('a', '1', { ttl: '10s', staleFor: '20s', expiresAt, version: 7, tags: ['t'], weight: 2 });
      await w.advance('4s');
      expect(cache.update('a', (held) => `${held}+`)).toBe('1+');
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: '1+', age: 4000, expiresAt });
      expect(cache.ttl('a')).toBe(6000);
      await w.advance('7s');
      expect(cache.update('a', (held) => `${held}+`)).toBe('1++');
      expect(cache.lookup('a')).toEqual({
        status: 'stale',
        value: '1++',
        age: 11_000,
        expiresAt,
        because: 'ttl',
      });
      await w.advance('19s');
      expect(cache.update('a', () => 'never')).toBeUndefined();
    }),
  );

  it(
    'getAndUpdate gives what was there before, and begins an entry where none is held, with its options',
    scene({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot();
      expect(cache.getAndUpdate('a', () => undefined)).toBeUndefined();
      expect(cache.size).toBe(0);
      expect(cache.getAndUpdate('a', (held) => `${held}`, { ttl: '5s' })).toBeUndefined();
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'undefined' });
      await w.advance('2s');
      expect(cache.getAndUpdate('a', (held) => `${held}!`, { ttl: '1h' })).toBe('undefined');
      expect([cache.get('a'), cache.ttl('a')]).toEqual(['undefined!', 3000]);
      cache.expire('a', 0);
      expect(cache.getAndUpdate('a', (held) => `${held ?? 'anew'}`)).toBeUndefined();
      expect([cache.get('a'), cache.ttl('a')]).toEqual(['anew', 600_000]);
    }),
  );

  it(
    'undefined for a value held is an error, and so is a function that changes the key itself; nothing is stored',
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      cache.put('a', '1');
      expect(() => cache.update('a', () => undefined as never)).toThrow(OptionsError);
      expect(() => cache.getAndUpdate('a', () => undefined)).toThrow(OptionsError);
      const boom = new Error('boom');
      const throws = () => {
        throw boom;
      };
      expect(() => cache.update('a', throws)).toThrow(boom);
      expect(cache.get('a')).toBe('1');
      const revokes = (): string => {
        cache.revoke('a');
        return 'risen';
      };
      expect(() => cache.update('a', revokes)).toThrow(StateError);
      expect(cache.lookup('a').status).toBe('absent');
      const puts = (key: string) => (): string => {
        cache.put(key, 'inner');
        return 'outer';
      };
      expect(() => cache.getAndUpdate('a', puts('a'))).toThrow(/changed "a"/);
      expect(cache.get('a')).toBe('inner');
      // Others it may change.
      expect(cache.update('a', puts('b'))).toBe('outer');
    }),
  );

  it(
    'what is derived from a restored or a suspect value is that, too',
    scene({ rows: { a: 'A' }, has: ['scan'] }, async ({ boot, store, db, w }) => {
      const first = await boot({ snapshot: { store } });
      await first.cache.warmed();
      await first.stop();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ snapshot: { store } });
      await w.settle();
      expect(cache.update('a', (held) => `${held}!`)).toBe('A!');
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', value: 'A!', because: 'restored' });
    }),
  );

  it(
    'counts as a put: a load under way is aborted and its answer refused; the next pass brings what the source says',
    scene({ has: [] }, async ({ boot, w }) => {
      const answer = gate<string>();
      let loads = 0;
      const { cache } = await boot({
        source: {
          load: async (key) => ({ key, value: loads++ === 0 ? await answer.promise : 'later' }),
          async *scan() {
            yield { rows: [{ key: 'a', value: 'scanned' }] };
          },
        },
        ttl: '1s',
      });
      await cache.warmed();
      await w.advance('2s');
      const read = cache.read('a');
      await w.settle();
      cache.update('a', (held) => `${held}+`);
      answer.open('older');
      await w.settle();
      expect(cache.get('a')).not.toBe('older');
      expect((await read).status).toBe('fresh');
      cache.update('a', () => 'mine');
      await cache.warm();
      expect(cache.get('a')).toBe('scanned');
    }),
  );
});

describe('take', () => {
  it(
    'gives and forgets: of two one gets it; a load or a pass that began before does not bring it back',
    scene({ has: [] }, async ({ boot, w, db }) => {
      const answer = gate<string>();
      const page = gate();
      const { cache, told } = await boot({
        source: {
          load: async (key) => ({ key, value: await answer.promise }),
          async *scan() {
            await page.promise;
            yield { rows: [{ key: 'a', value: 'older' }] };
          },
        },
        warm: { every: '1h', backoff: { jitter: false } },
      });
      void db;
      await w.settle();
      cache.put('a', 'A', { ttl: 0, staleFor: '1h' });
      const read = cache.read('a');
      await w.settle();
      expect([cache.take('a'), cache.take('a')]).toEqual(['A', undefined]);
      expect(told('invalidated')).toMatchObject([{ keys: ['a'], because: 'invalidate' }]);
      page.open();
      await w.settle();
      expect(cache.lookup('a').status).toBe('unknown');
      answer.open('loaded anew');
      expect(await read).toMatchObject({ value: 'loaded anew' });
      expect(cache.take('never')).toBeUndefined();
      expect(cache.stats().invalidated).toBe(1);
    }),
  );
});

describe('incr, decr', () => {
  it(
    'begins at initial, counts on, and keeps the time to live',
    scene<number>({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot();
      expect(cache.incr('a', 1, { ttl: '10s' })).toBe(1);
      await w.advance('3s');
      expect(cache.incr('a', 5, { ttl: '1h', initial: 100 })).toBe(6);
      expect(cache.decr('a')).toBe(5);
      expect(cache.decr('a', 0.5)).toBe(4.5);
      expect(cache.ttl('a')).toBe(7000);
      expect(cache.decr('b', 2, { initial: 10 })).toBe(8);
    }),
  );

  it(
    'on an expired counter: starts anew, with a time to live of its own',
    scene<number>({ has: [] }, async ({ boot, w }) => {
      const { cache } = await boot();
      const window: CounterOptions = { ttl: '1s', staleFor: '1h' };
      for (let at = 1; at <= 3; at++) expect(cache.incr('ttl', 1, window)).toBe(at);
      cache.put('own', 7, { expiresAt: Date.now() + 1000 });
      await w.advance(999);
      expect([cache.incr('ttl', 1, window), cache.incr('own')]).toEqual([4, 8]);
      await w.advance(1);
      expect(cache.lookup('ttl')).toMatchObject({ status: 'stale', value: 4 });
      expect([cache.incr('ttl', 1, window), cache.incr('own')]).toEqual([1, 1]);
      expect([cache.ttl('ttl'), cache.ttl('own')]).toEqual([1000, 600_000]);
      await w.advance('20s');
      // It does not vanish either.
      expect(cache.get('own')).toBe(1);
    }),
  );

  it.each<[string, unknown, number]>([
    ['text', '1', 1],
    ['NaN', Number.NaN, 1],
    ['null', null, 1],
    ['a bigint', 1n, 1],
    ['an object', {}, 1],
    ['beyond what is exact', Number.MAX_SAFE_INTEGER, 1],
    ['beyond all', Number.MAX_VALUE, Number.MAX_VALUE],
  ])('%s cannot be counted: a typed error, and the value stays', (_, value, by) =>
    scene<unknown>({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      cache.put('a', value);
      expect(() => cache.incr('a', by)).toThrow(CounterError);
      expect(cache.get('a')).toBe(value);
    })(),
  );

  it(
    'of a wrong step or beginning is an error by name',
    scene<number>({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      expect(() => cache.incr('a', Number.NaN)).toThrow(/"by" must be a number/);
      expect(() => cache.incr('a', '1' as never)).toThrow(/"by" must be a number/);
      expect(() => cache.incr('a', 1, { initial: Number.POSITIVE_INFINITY })).toThrow(/"initial"/);
      expect(() => cache.incr('a', 1, { inital: 1 } as never)).toThrow(/"inital" is not known/);
      expect(cache.size).toBe(0);
    }),
  );
});

it(
  'what cannot be a number cannot be counted: the compiler says so',
  scene<{ readonly name: string }>({ has: [] }, async ({ boot }) => {
    const { cache } = await boot();
    cache.put('a', { name: 'Ada' });
    // @ts-expect-error: values of this cache are no numbers.
    expect(() => cache.incr('a')).toThrow(CounterError);
  }),
);

describe('keys that are secret', () => {
  it(
    'are told by their digests, and found by themselves',
    scene<unknown>({ has: [] }, async ({ boot }) => {
      const { cache, told } = await boot({ secretKeys: true });
      cache.putMany([['token', 1]]);
      expect(cache.incr('token')).toBe(2);
      expect([...cache.getMany(['token'])]).toEqual([['token', 2]]);
      cache.put('token', 'text');
      expect(() => cache.incr('token')).toThrow(/^"[0-9a-f]{64}" holds a string/);
      expect(cache.take('token')).toBe('text');
      expect(JSON.stringify(told('invalidated'))).not.toContain('token');
    }),
  );
});
