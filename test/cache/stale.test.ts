import { describe, expect, it } from 'vitest';
import { isNearEnd, type ReadPolicy, stepFor } from '../../actors/cache/read-policy.js';
import { gate, reached, scene } from './build.js';

const rows = { a: 'A', b: 'B' };
const has = [] as const;

describe("whileStale: 'revalidate'", () => {
  it(
    'stale at once, however slow the source; one load in the background, and what it brings is stored',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot({ ttl: '1m', read: { whileStale: 'revalidate' } });
      await cache.read('a');
      await w.advance('1m');
      db.write('a', 'A2');
      db.become({ mode: 'slow', ms: 1_500 });
      const began = w.now;
      for (let i = 0; i < 5; i++)
        expect(await cache.read('a')).toEqual({ status: 'stale', value: 'A', age: 60_000, because: 'ttl' });
      expect(await cache.fetch('a')).toBe('A');
      expect(w.now).toBe(began);
      await w.advance('1500ms');
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A2' });
      expect(asked('load')).toBe(2);
      expect(cache.stats()).toMatchObject({ refreshes: 1, refreshErrors: 0, loads: 2 });
    }),
  );

  it(
    'said of one call it holds for that call; unknown still waits',
    scene({ rows, has }, async ({ w, db, boot }) => {
      const { cache } = await boot({ ttl: '1m' });
      await cache.read('a');
      await w.advance('1m');
      db.become({ mode: 'slow', ms: 100 });
      const began = w.now;
      expect((await cache.read('a', { whileStale: 'revalidate' })).status).toBe('stale');
      expect(w.now).toBe(began);
      expect((await cache.read('a')).status).toBe('fresh');
      expect((await cache.read('b', { whileStale: 'revalidate' })).status).toBe('fresh');
    }),
  );

  it(
    'what happens to the key meanwhile wins over what the load brings',
    scene({ rows, has }, async ({ w, db, boot }) => {
      const { cache } = await boot({ ttl: '1m', read: { whileStale: 'revalidate' } });
      await cache.read('a');
      await w.advance('1m');
      db.become({ mode: 'slow', ms: 1_000, deaf: true });
      await cache.read('a');
      cache.revoke('a');
      await w.advance('5s');
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'removed' });
    }),
  );

  it(
    'a failure is counted and published, rejects nobody, and leaves the key alone for a while, longer each time',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      const { cache, told, log } = await boot({ ttl: '1m', read: { whileStale: 'revalidate' } });
      await cache.read('a');
      await w.advance('1m');
      db.become({ mode: 'throws', what: 'Error' });
      for (let i = 0; i < 100; i++) {
        expect((await cache.read('a')).status).toBe('stale');
        await w.advance('10ms');
      }
      // Then 500 ms later, then 1,000.
      expect(asked('load')).toBe(1 + 2);
      expect(cache.stats()).toMatchObject({ refreshes: 2, refreshErrors: 2, loadErrors: 2 });
      expect(told('refresh.failed')).toHaveLength(2);
      expect(told('refresh.failed')[0]).toMatchObject({
        key: 'a',
        unavailable: false,
        error: expect.objectContaining({ message: expect.stringContaining('bug of the source') }),
      });
      expect(
        log.filter(({ level, message }) => level === 'error' && /background/.test(message)),
      ).toHaveLength(2);
      db.become({ mode: 'up' });
      await w.advance('1s');
      await cache.read('a');
      await w.settle();
      expect(cache.lookup('a').status).toBe('fresh');
    }),
  );

  it(
    'in an outage the source is not asked, but by the probe of each backoff step',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot({ ttl: '1m', read: { whileStale: 'revalidate' } });
      await cache.read('a');
      await w.advance('1m');
      db.become({ mode: 'unreachable' });
      await cache.read('a');
      await w.advance('1s');
      expect(cache.state.source).toBe('down');
      const before = asked('load');
      for (let i = 0; i < 1_000; i++) {
        expect(await cache.read('a')).toMatchObject({ status: 'stale', because: 'source-unreachable' });
      }
      await w.settle();
      expect(asked('load') - before).toBeLessThanOrEqual(1);
    }),
  );
});

describe("accept: 'fresh'", () => {
  it(
    'never stale: waits past the soft timeout for the load',
    scene({ rows, has }, async ({ w, db, boot }) => {
      const { cache } = await boot({ ttl: '1m', read: { accept: 'fresh', whileStale: 'revalidate' } });
      await cache.read('a');
      expect((await cache.read('a')).status).toBe('fresh');
      await w.advance('1m');
      db.write('a', 'A2');
      db.become({ mode: 'slow', ms: 1_900 });
      expect(await cache.read('a')).toEqual({ status: 'fresh', value: 'A2', age: 0 });
    }),
  );

  it(
    'unknown, with the reason, where the source is away or too slow; SourceUnavailableError by fetch',
    scene({ rows, has }, async ({ w, db, boot }) => {
      const { cache } = await boot({ ttl: '1m' });
      await cache.read('a');
      await w.advance('1m');
      db.become({ mode: 'slow', ms: 1_000 });
      expect(await cache.read('a', { accept: 'fresh', timeout: '50ms' })).toEqual({
        status: 'unknown',
        because: 'not-loaded',
      });
      await w.advance('1s');
      await w.advance('1m');
      db.become({ mode: 'unreachable' });
      expect(await cache.read('a', { accept: 'fresh' })).toEqual({
        status: 'unknown',
        because: 'source-unreachable',
      });
      // The outage is known by now.
      expect(await cache.read('a', { accept: 'fresh' })).toMatchObject({ because: 'source-unreachable' });
      await expect(cache.fetch('a', { accept: 'fresh' })).rejects.toMatchObject({
        code: 'HOLDFAST_SOURCE_UNAVAILABLE',
      });
      expect(await cache.read('a')).toMatchObject({ status: 'stale', because: 'source-unreachable' });
      expect((await cache.readMany(['a'], { accept: 'fresh' })).get('a')).toMatchObject({
        status: 'unknown',
      });
    }),
  );

  it(
    'of a cache that does not run: an error, not a stale value',
    scene({ rows, has }, async ({ w, define }) => {
      const { cache } = define();
      cache.put('a', 'A', { ttl: 10 });
      await w.advance('10ms');
      expect((await cache.read('a')).status).toBe('stale');
      await expect(cache.read('a', { accept: 'fresh' })).rejects.toMatchObject({ code: 'HOLDFAST_STATE' });
    }),
  );
});

describe('softTimeout', () => {
  it(
    'of one call: stale then, and the load goes on under its lease; one that fails then is told',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      const { cache, told } = await boot({ ttl: '1m' });
      await cache.read('a');
      await w.advance('1m');
      db.write('a', 'A2');
      db.become({ mode: 'slow', ms: 1_000 });
      const began = w.now;
      expect(await cache.read('a', { softTimeout: '50ms' })).toMatchObject({ status: 'stale', value: 'A' });
      expect(w.now - began).toBe(50);
      await w.advance('950ms');
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A2' });
      expect(asked('load')).toBe(2);

      await w.advance('1m');
      db.become({ mode: 'hang' });
      expect(await cache.read('a', { softTimeout: 0 })).toMatchObject({ status: 'stale', value: 'A2' });
      await w.advance('3s');
      expect(told('refresh.failed')).toMatchObject([{ key: 'a', unavailable: true }]);
      expect(cache.stats()).toMatchObject({ refreshes: 0, refreshErrors: 1 });
    }),
  );

  it(
    'a source that could not be reached is told from one that is slow, also before that is an outage',
    scene({ rows, has }, async ({ w, db, boot }) => {
      const { cache } = await boot({ ttl: '1m', load: { softTimeout: '1h' } });
      await cache.read('a');
      await w.advance('1m');
      db.become({ mode: 'hang' });
      expect(await cache.read('a')).toMatchObject({ status: 'stale', because: 'source-unreachable' });
      expect(cache.state.source).not.toBe('down');
    }),
  );
});

describe('refreshAhead', () => {
  it(
    'a fresh entry near its end is answered and loaded in the background; one that is not near is not',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot({ ttl: '1m', read: { refreshAhead: '10s' } });
      await cache.read('a');
      await w.advance('49s');
      await cache.read('a');
      expect(asked('load')).toBe(1);
      db.write('a', 'A2');
      db.become({ mode: 'slow', ms: 100 });
      await w.advance('1s');
      for (let i = 0; i < 3; i++)
        expect(await cache.read('a')).toMatchObject({ status: 'fresh', value: 'A' });
      expect(await cache.fetch('a')).toBe('A');
      expect(cache.get('a')).toBe('A');
      await w.advance('100ms');
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A2', age: 0 });
      expect(asked('load')).toBe(2);
      expect(cache.stats().refreshes).toBe(1);
    }),
  );

  it(
    'memory only reads, and calls that say 0, load nothing',
    scene({ rows, has }, async ({ w, boot, asked }) => {
      const { cache } = await boot({ ttl: '1m', read: { refreshAhead: '10s' } });
      await cache.read('a');
      await w.advance('55s');
      cache.lookup('a');
      cache.get('a');
      cache.has('a');
      await cache.read('a', { refreshAhead: 0 });
      await w.settle();
      expect(asked('load')).toBe(1);
    }),
  );

  it(
    'is left out while the source is away, and while half of the places are taken',
    scene({ rows, has, leaves: true }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot({
        ttl: '1m',
        read: { refreshAhead: '10s' },
        load: { concurrency: 2, timeout: '1h' },
      });
      await cache.read('a');
      await w.advance('55s');
      db.become({ mode: 'hang' });
      const b = cache.read('b').catch(() => {});
      await cache.read('a');
      expect(asked('load', 'a')).toBe(1);
      cache.put('b', 'B');
      await b;
      db.become({ mode: 'unreachable' });
      await cache.read('c');
      expect(cache.state.source).toBe('down');
      await w.advance('1s');
      expect((await cache.read('a')).status).toBe('fresh');
      await w.settle();
      expect(asked('load', 'a')).toBe(1);
    }),
  );

  it('is never more than half of a ttl', () => {
    const policy: ReadPolicy = {
      accept: 'stale',
      whileStale: 'load',
      softTimeout: 500,
      refreshAhead: 10_000,
    };
    expect(isNearEnd(400, 1_000, policy)).toBe(false);
    expect(isNearEnd(500, 1_000, policy)).toBe(true);
    expect(isNearEnd(50_000, 60_000, policy)).toBe(true);
    expect(isNearEnd(49_999, 60_000, policy)).toBe(false);
    expect(isNearEnd(59_999, 60_000, { ...policy, refreshAhead: 0 })).toBe(false);
  });
});

describe('what a policy makes of an answer of memory', () => {
  const stale = { status: 'stale', value: 1, age: 1, because: 'ttl' } as const;
  const policy: ReadPolicy = { accept: 'stale', whileStale: 'load', softTimeout: 500, refreshAhead: 0 };
  it.each([
    [stale, policy, 'ask, or this'],
    [stale, { ...policy, whileStale: 'revalidate' }, 'answer and revalidate'],
    [stale, { ...policy, accept: 'fresh' }, 'ask'],
    [stale, { ...policy, accept: 'fresh', whileStale: 'revalidate' }, 'ask'],
    [{ status: 'fresh', value: 1, age: 1 }, { ...policy, accept: 'fresh' }, 'answer'],
    [{ status: 'absent', age: 1, because: 'source' }, policy, 'answer'],
    [{ status: 'unknown', because: 'cold' }, policy, 'ask'],
  ] as const)('%j under %j: %s', (known, how, step) => {
    expect(stepFor(known, how)).toBe(step);
  });
});

describe('refresh', () => {
  it(
    'loads anew though the entry is fresh, or remembered as absent, or revoked',
    scene({ rows, has }, async ({ db, boot, asked }) => {
      const { cache } = await boot();
      await cache.readMany(['a', 'x']);
      cache.revoke('b');
      db.write('a', 'A2');
      db.write('x', 'X');
      expect(await cache.refresh('a')).toEqual({ status: 'fresh', value: 'A2', age: 0 });
      expect(await cache.refresh(['x', 'b', 'none'])).toEqual(
        new Map<string, unknown>([
          ['x', { status: 'fresh', value: 'X', age: 0 }],
          ['b', { status: 'fresh', value: 'B', age: 0 }],
          ['none', { status: 'absent', age: 0, because: 'source' }],
        ]),
      );
      expect(asked('load')).toBe(6);
    }),
  );

  it(
    'does not take the answer of a load that began before it; those who refresh meanwhile share one',
    scene({}, async ({ boot }) => {
      const answers: ReturnType<typeof gate<string>>[] = [];
      const { cache } = await boot({
        source: async () => {
          const answer = gate<string>();
          answers.push(answer);
          return answer.promise;
        },
      });
      const early = cache.read('a');
      const both = Promise.all([cache.refresh('a'), cache.refresh('a')]);
      expect(answers).toHaveLength(1);
      answers[0]?.open('before');
      expect(await early).toMatchObject({ value: 'before' });
      await reached(() => answers.length >= 2);
      answers[1]?.open('after');
      expect(await both).toMatchObject([{ value: 'after' }, { value: 'after' }]);
      expect(answers).toHaveLength(2);
    }),
  );

  it(
    'joins a load that waits in line: it begins later',
    scene({ rows, has }, async ({ db, boot, asked }) => {
      const { cache } = await boot({ load: { concurrency: 1 } });
      db.become({ mode: 'slow', ms: 100 });
      const all = Promise.all([cache.read('b'), cache.read('a'), cache.refresh('a')]);
      expect((await all).map(({ status }) => status)).toEqual(['fresh', 'fresh', 'fresh']);
      expect(asked('load', 'a')).toBe(1);
    }),
  );

  it(
    'what is known, with its age, while the source is away; its own errors reject; it must run',
    scene({ rows, has }, async ({ w, db, define, boot }) => {
      const { cache } = await boot();
      await cache.read('a');
      await w.advance('1s');
      db.become({ mode: 'throws', what: 'Error' });
      await expect(cache.refresh('a')).rejects.toThrow('bug of the source');
      db.become({ mode: 'unreachable' });
      expect(await cache.refresh('a')).toMatchObject({
        status: 'fresh',
        value: 'A',
        age: expect.any(Number),
      });
      expect(await cache.refresh('b')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      await expect(cache.refresh('a', { accept: 'fresh' } as never)).rejects.toThrow(/accept.*not known/);
      await expect(define({ name: 'other' }).cache.refresh('a')).rejects.toMatchObject({
        code: 'HOLDFAST_STATE',
      });
    }),
  );

  it(
    'its own load, inside that load, is an error',
    scene({}, async ({ boot }) => {
      const { cache } = await boot({
        source: async (key): Promise<string> => String((await cache.refresh(key)).status),
      });
      await expect(cache.refresh('a')).rejects.toMatchObject({ code: 'HOLDFAST_LOAD_CYCLE' });
    }),
  );
});
