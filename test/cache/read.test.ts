import { LoadTimeoutError, SourceUnavailableError } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { gate, scene } from './build.js';

const rows = { a: 'A', b: 'B' };

describe('read', () => {
  it(
    'fresh and remembered absence: memory only',
    scene({ rows, has: [] }, async ({ w, boot, asked }) => {
      const { cache } = await boot();
      expect(await cache.read('a')).toEqual({ status: 'fresh', value: 'A', age: 0 });
      expect(await cache.read('x')).toEqual({ status: 'absent', age: 0, because: 'source' });
      await w.advance('10s');
      expect(await cache.read('a')).toEqual({ status: 'fresh', value: 'A', age: 10_000 });
      expect(await cache.read('x')).toEqual({ status: 'absent', age: 10_000, because: 'source' });
      expect(asked('load')).toBe(2);
    }),
  );

  it(
    'revoked: absent, and the source is not asked',
    scene({ rows, has: [] }, async ({ boot, asked }) => {
      const { cache } = await boot();
      cache.revoke('a');
      expect(await cache.read('a')).toEqual({ status: 'absent', age: 0, because: 'removed' });
      expect(asked('load')).toBe(0);
    }),
  );

  it(
    'stale: one load, and what it brings',
    scene({ rows, has: [] }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot({ ttl: '1m' });
      await cache.read('a');
      await w.advance('1m');
      db.write('a', 'A2');
      const answers = await Promise.all(Array.from({ length: 10 }, () => cache.read('a')));
      expect(answers).toEqual(Array(10).fill({ status: 'fresh', value: 'A2', age: 0 }));
      expect(asked('load')).toBe(2);
      await w.advance('1m');
      db.erase('a');
      expect(await cache.read('a')).toEqual({ status: 'absent', age: 0, because: 'source' });
      expect(cache.size).toBe(0);
    }),
  );

  it(
    'stale and the source is slow: the stale value when the soft timeout has passed; the load goes on',
    scene({ rows, has: [] }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot({ ttl: '1m', load: { softTimeout: '300ms' } });
      await cache.read('a');
      await w.advance('1m');
      db.write('a', 'A2');
      db.become({ mode: 'slow', ms: 1_000 });
      const began = w.now;
      expect(await cache.read('a')).toEqual({ status: 'stale', value: 'A', age: 60_300, because: 'ttl' });
      expect(w.now - began).toBe(300);
      expect(await cache.read('a')).toMatchObject({ status: 'stale', value: 'A' });
      await w.advance('1s');
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A2' });
      expect(asked('load')).toBe(2);
    }),
  );

  it(
    'softTimeout 0: the stale value at once, the fresh one for who comes next',
    scene({ rows, has: [] }, async ({ w, db, boot }) => {
      const { cache } = await boot({ ttl: '1m', load: { softTimeout: 0 } });
      await cache.read('a');
      await w.advance('1m');
      db.become({ mode: 'slow', ms: 100 });
      const began = w.now;
      expect((await cache.read('a')).status).toBe('stale');
      expect(w.now - began).toBeLessThanOrEqual(1);
      await w.advance('100ms');
      expect((await cache.read('a')).status).toBe('fresh');
    }),
  );

  it(
    'unknown waits for the load as long as that may take, not for the soft timeout',
    scene({ rows, has: [] }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      db.become({ mode: 'slow', ms: 1_900 });
      expect(await cache.read('a')).toMatchObject({ status: 'fresh' });
      expect(w.now).toBe(1_900);
    }),
  );

  it(
    'an error of the source’s own rejects the callers of that key, unchanged; others are served',
    scene({ rows }, async ({ boot }) => {
      const own = Object.assign(new Error('constraint'), { code: 'SQLITE_CONSTRAINT' });
      const { cache } = await boot({
        source: async (key) => {
          if (key === 'bad') throw own;
          return key;
        },
      });
      const settled = await Promise.allSettled([cache.read('bad'), cache.fetch('bad'), cache.read('good')]);
      expect(settled).toMatchObject([
        { status: 'rejected' },
        { status: 'rejected' },
        { status: 'fulfilled', value: { status: 'fresh', value: 'good' } },
      ]);
      for (const one of settled.slice(0, 2)) expect((one as PromiseRejectedResult).reason).toBe(own);
    }),
  );

  it(
    'a row of another key than the one asked for is set apart: nobody is taken for somebody else',
    scene({}, async ({ boot }) => {
      const { cache, told } = await boot({
        source: { load: async () => ({ key: 'somebody else', value: 'S' }) },
      });
      expect(await cache.read('a')).toEqual({ status: 'unknown', because: 'quarantined' });
      await expect(cache.fetch('a')).rejects.toMatchObject({
        code: 'HOLDFAST_SOURCE_UNAVAILABLE',
        cause: { message: expect.stringContaining('another key') },
      });
      expect(cache.size).toBe(0);
      expect(told('quarantined').map(({ key }) => key)).toEqual(['a', 'a']);
    }),
  );

  it(
    'an unknown option is refused by name, as is a malformed one',
    scene({ rows, has: [] }, async ({ boot, asked }) => {
      const { cache } = await boot();
      for (const [options, message] of [
        [{ timeuot: 5 }, /timeuot/],
        [{ timeout: '5 minuets' }, /timeout.*5 minuets/],
        [{ signal: 'soon' }, /signal/],
        [{ client: 7 }, /client/],
      ] as const) {
        await expect(cache.read('a', options as never)).rejects.toThrow(message);
        await expect(cache.fetch('a', options as never)).rejects.toMatchObject({ code: 'HOLDFAST_OPTIONS' });
      }
      expect(asked('load')).toBe(0);
    }),
  );
});

describe('the caller’s own patience', () => {
  it(
    'timeout: then the answer is what is known; fetch says so by an error',
    scene({ rows, has: [] }, async ({ w, db, boot }) => {
      const { cache } = await boot({ ttl: '1m' });
      await cache.read('a');
      await w.advance('1m');
      db.become({ mode: 'slow', ms: 1_000 });
      expect(await cache.read('a', { timeout: '100ms' })).toMatchObject({ status: 'stale', value: 'A' });
      expect(await cache.fetch('a', { timeout: 10 })).toBe('A');
      expect(await cache.read('b', { timeout: '100ms' })).toEqual({
        status: 'unknown',
        because: 'not-loaded',
      });
      await expect(cache.fetch('b', { timeout: '100ms' })).rejects.toMatchObject({
        code: 'HOLDFAST_LOAD_TIMEOUT',
        message: expect.stringContaining('100 ms'),
      });
      // It was this caller's patience, not the load's: the load goes on.
      await w.advance('1s');
      expect(cache.get('b')).toBe('B');
      expect(cache.stats().loadTimeouts).toBe(0);
    }),
  );

  it(
    'signal: rejects with its reason; the load goes on for others',
    scene({ rows, has: [] }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot();
      db.become({ mode: 'slow', ms: 1_000 });
      const controller = new AbortController();
      const given = cache.read('a', { signal: controller.signal }).catch((error: unknown) => error);
      const other = cache.read('a');
      await w.advance('100ms');
      controller.abort(new Error('the request was closed'));
      expect(await given).toMatchObject({ message: 'the request was closed' });
      expect(await other).toMatchObject({ status: 'fresh' });
      const before = asked('load');
      await expect(cache.read('b', { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
        'before',
      );
      expect(asked('load')).toBe(before);
    }),
  );
});

describe('fetch', () => {
  it(
    'gives the value; undefined for absent; an error for unknown',
    scene({ rows, has: [] }, async ({ db, boot }) => {
      const { cache } = await boot({ key: (key) => key !== 'malformed' });
      expect(await cache.fetch('a')).toBe('A');
      expect(await cache.fetch('x')).toBeUndefined();
      expect(await cache.fetch('malformed')).toBeUndefined();
      cache.revoke('a');
      expect(await cache.fetch('a')).toBeUndefined();
      db.become({ mode: 'unreachable' });
      const error = await cache.fetch('b').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SourceUnavailableError);
      expect(error).not.toBeInstanceOf(LoadTimeoutError);
    }),
  );
});

describe('a cache that does not run', () => {
  it(
    'answers from memory, and says to start it where the source is needed',
    scene({ rows, has: ['save', 'remove'] }, async ({ define, asked }) => {
      const one = define();
      const { cache } = one;
      cache.put('a', 'put');
      expect(cache.get('a')).toBe('put');
      expect(await cache.read('a')).toMatchObject({ status: 'fresh', value: 'put' });
      expect(cache.lookup('b')).toEqual({ status: 'unknown', because: 'not-loaded' });
      for (const call of [
        () => cache.read('b'),
        () => cache.fetch('b'),
        () => cache.save('b', 'B'),
        () => cache.remove('b'),
      ]) {
        await expect(call()).rejects.toMatchObject({
          code: 'HOLDFAST_STATE',
          message: expect.stringMatching(/"test" is not running.*start\(\)/),
        });
      }
      await one.start();
      expect(await cache.fetch('b')).toBe('B');
      await one.stop();
      expect(cache.get('a')).toBe('put');
      await expect(cache.fetch('x')).rejects.toMatchObject({ code: 'HOLDFAST_STATE' });
      expect(asked('load')).toBe(1);
    }),
  );

  it(
    'a stop lets everybody go who waits for a load',
    scene({ rows, has: [], leaves: true }, async ({ w, db, boot }) => {
      const { cache, stop } = await boot();
      db.become({ mode: 'hang', deaf: true });
      const waiting = gate<unknown>();
      cache.read('a').then(waiting.open, waiting.open);
      await w.advance('10ms');
      await stop();
      expect(await waiting.promise).toMatchObject({ code: 'HOLDFAST_STATE' });
      expect(db.history.all.filter(({ type }) => type === 'abandoned')).toHaveLength(1);
    }),
  );
});
