import { SourceUnavailableError } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { gate, scene } from './build.js';

const rows = { a: 'A', b: 'B' };
const has = [] as const;

describe('one load', () => {
  it(
    '10,000 callers for one missing key: one load',
    scene({ rows, has }, async ({ db, boot, asked }) => {
      db.become({ mode: 'slow', ms: 200 });
      const { cache } = await boot();
      const answers = await Promise.all(Array.from({ length: 10_000 }, () => cache.fetch('a')));
      expect(new Set(answers)).toEqual(new Set(['A']));
      expect(asked('load')).toBe(1);
      expect(cache.stats()).toMatchObject({ loads: 1, joined: 9_999, inFlight: 0 });
    }),
  );

  it(
    '100 callers of one key, the load fails after 50 ms: one load, one error for all',
    scene({}, async ({ w, boot }) => {
      let loads = 0;
      const broken = new Error('no such column');
      const { cache } = await boot({
        source: async () => {
          loads++;
          await new Promise((resolve) => setTimeout(resolve, 50));
          throw broken;
        },
      });
      const settled = await Promise.allSettled(Array.from({ length: 100 }, () => cache.fetch('a')));
      expect(settled.every((one) => one.status === 'rejected' && one.reason === broken)).toBe(true);
      expect(loads).toBe(1);
      expect(w.now).toBe(50);
      // Not remembered: it says nothing about the next one.
      await expect(cache.read('a')).rejects.toBe(broken);
      expect(loads).toBe(2);
      expect(cache.state.source).toBe('unknown');
    }),
  );

  it(
    '20,000 distinct keys: so many at once, the rest in line, in about the time of the loads',
    { timeout: 90_000 },
    scene({}, async ({ w, boot }) => {
      let flying = 0;
      let most = 0;
      // One timer for all who are asked at one instant: the events of a world are not what is tested.
      let answer: Promise<void> | undefined;
      const { cache } = await boot({
        load: { concurrency: 5_000, timeout: '10s' },
        source: async (key) => {
          most = Math.max(most, ++flying);
          answer ??= new Promise((resolve) =>
            setTimeout(() => {
              answer = undefined;
              resolve();
            }, 200),
          );
          await answer;
          flying--;
          return key;
        },
      });
      const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}`);
      const answers = await Promise.all(keys.map((key) => cache.fetch(key)));
      expect(answers).toEqual(keys);
      expect(most).toBe(5_000);
      expect(w.now).toBe(800);
    }),
  );

  it(
    '5,000 distinct missing keys at once: concurrency queries at once, whoever else joins',
    scene({ has }, async ({ w, db, boot }) => {
      db.become({ mode: 'slow', ms: 100 });
      const { cache } = await boot({ load: { concurrency: 50, timeout: '1m' } });
      const reads = Array.from({ length: 5_000 }, (_, i) => cache.read(`k${i % 2_500}`));
      await w.settle();
      expect(cache.stats().inFlight).toBe(50);
      const answers = await Promise.all(reads);
      expect(answers.every(({ status }) => status === 'absent')).toBe(true);
      expect(w.now).toBe(5_000);
      expect(cache.stats()).toMatchObject({ loads: 2_500, negatives: 2_500, inFlight: 0 });
    }),
  );

  it(
    'a place in line is given up when the key is written meanwhile, and the line goes on',
    scene({ rows, has }, async ({ db, boot, asked }) => {
      db.become({ mode: 'slow', ms: 100 });
      const { cache } = await boot({ load: { concurrency: 1 } });
      const a = cache.fetch('a');
      const c = cache.fetch('c');
      const b = cache.fetch('b');
      cache.put('c', 'put');
      expect(await Promise.all([a, c, b])).toEqual(['A', 'put', 'B']);
      expect(asked('load', 'c')).toBe(0);
    }),
  );
});

describe('a load that never answers', () => {
  it(
    'LoadTimeoutError after load.timeout; its signal fires; the next caller starts anew',
    scene({ rows, has, leaves: true }, async ({ w, db, boot, asked }) => {
      db.become({ mode: 'hang', deaf: true });
      const { cache } = await boot({ load: { timeout: '3s' } });
      await expect(cache.fetch('a')).rejects.toMatchObject({
        code: 'HOLDFAST_LOAD_TIMEOUT',
        message: expect.stringMatching(/3000 ms.*load\.timeout/),
      });
      expect(w.now).toBe(3_000);
      expect(db.history.all.filter(({ type }) => type === 'abandoned')).toHaveLength(1);
      expect(cache.stats()).toMatchObject({ abandoned: 1, inFlight: 0, loadTimeouts: 1, loadErrors: 1 });
      // One timeout is no outage.
      expect(cache.state.source).toBe('unknown');
      expect(await cache.read('a')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      db.become({ mode: 'up' });
      expect(await cache.fetch('a')).toBe('A');
      expect(asked('load')).toBe(3);
    }),
  );

  it(
    'its late answer is not stored over a newer one, and it is no longer counted as abandoned',
    scene({ has }, async ({ w, db, boot }) => {
      db.write('a', 'old');
      db.become({ mode: 'slow', ms: 5_000, deaf: true });
      const { cache } = await boot();
      await expect(cache.fetch('a')).rejects.toBeInstanceOf(SourceUnavailableError);
      db.become({ mode: 'up' });
      db.write('a', 'new');
      expect(await cache.fetch('a')).toBe('new');
      await w.advance('10s');
      expect(cache.get('a')).toBe('new');
      expect(cache.stats().abandoned).toBe(0);
    }),
  );

  it(
    'as many as `concurrency` of them unsettled mean unreachable',
    scene({ rows, has, leaves: true }, async ({ w, db, boot, asked }) => {
      db.become({ mode: 'hang', deaf: true });
      const { cache } = await boot({ load: { concurrency: 2, timeout: '1s' } });
      const both = Promise.allSettled([cache.fetch('a'), cache.fetch('b')]);
      await w.advance('1s');
      await both;
      expect(cache.state.source).toBe('down');
      expect(cache.stats().abandoned).toBe(2);
      const before = asked('load');
      await expect(cache.fetch('c')).rejects.toBeInstanceOf(SourceUnavailableError);
      expect(asked('load')).toBe(before);
    }),
  );

  it(
    'the timeout bounds the retries too',
    scene({ has }, async ({ w, db, boot }) => {
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ load: { timeout: '300ms', retries: 1_000 } });
      await expect(cache.fetch('a')).rejects.toBeInstanceOf(SourceUnavailableError);
      expect(w.now).toBe(300);
    }),
  );
});

describe('retries', () => {
  it(
    'a connection error is tried again, so many times; another error is not',
    scene({ rows, has }, async ({ db, boot, asked }) => {
      const { cache } = await boot({ load: { retries: 2 } });
      db.become({ mode: 'throws', what: 'Error' });
      await expect(cache.fetch('a')).rejects.toThrow('Scripted: a bug of the source.');
      expect(asked('load')).toBe(1);
      db.become({ mode: 'unreachable', as: 'ECONNREFUSED' });
      await expect(cache.fetch('a')).rejects.toMatchObject({
        code: 'HOLDFAST_SOURCE_UNAVAILABLE',
        cause: { code: 'ECONNREFUSED' },
      });
      expect(asked('load')).toBe(4);
    }),
  );

  it(
    'a blip within the retries is nobody’s business',
    scene({ rows, has }, async ({ w, db, boot }) => {
      db.become({ mode: 'unreachable' }, 10);
      const { cache, told } = await boot();
      expect(await cache.fetch('a')).toBe('A');
      expect(w.now).toBeLessThan(2_000);
      expect(cache.state.source).toBe('up');
      expect(told('source.down')).toEqual([]);
    }),
  );
});

describe('fetch of a key inside its own load', () => {
  it(
    'is a clear error at once, not a wait for oneself',
    scene({}, async ({ w, boot }) => {
      const { cache } = await boot({ source: async (key): Promise<string> => `<${await cache.fetch(key)}>` });
      await expect(cache.fetch('a')).rejects.toMatchObject({
        code: 'HOLDFAST_LOAD_CYCLE',
        message: expect.stringContaining('"a"'),
      });
      expect(w.now).toBe(0);
    }),
  );

  it(
    'through another key too, and through timers',
    scene({}, async ({ boot }) => {
      const { cache } = await boot({
        source: async (key): Promise<string> => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          return `<${await cache.fetch(key === 'a' ? 'b' : 'a')}>`;
        },
      });
      await expect(cache.fetch('a')).rejects.toMatchObject({ code: 'HOLDFAST_LOAD_CYCLE' });
      await expect(cache.read('b')).rejects.toMatchObject({ code: 'HOLDFAST_LOAD_CYCLE' });
    }),
  );

  it(
    'two loads that were begun apart and wait for each other: an error, not a hang',
    scene({}, async ({ w, boot }) => {
      const { cache } = await boot({
        source: async (key): Promise<string> => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          return `<${await cache.fetch(key === 'a' ? 'b' : 'a')}>`;
        },
      });
      const settled = await Promise.allSettled([cache.fetch('a'), cache.fetch('b')]);
      expect(settled).toMatchObject([
        { status: 'rejected', reason: { code: 'HOLDFAST_LOAD_CYCLE' } },
        { status: 'rejected', reason: { code: 'HOLDFAST_LOAD_CYCLE' } },
      ]);
      expect(w.now).toBe(10);
    }),
  );

  it(
    'a load may fetch other keys, and what it began may ask for its key once it is over',
    scene({}, async ({ w, boot }) => {
      const later = gate<string | undefined>();
      let first = true;
      const { cache } = await boot({
        source: async (key): Promise<string> => {
          if (key === 'a' && first) setTimeout(() => cache.fetch('a').then(later.open, later.fail), 1_000);
          first &&= key !== 'a';
          return key === 'a' ? `${await cache.fetch('b')}!` : key.toUpperCase();
        },
      });
      expect(await cache.fetch('a')).toBe('B!');
      cache.invalidate('a');
      await w.advance('1s');
      expect(await later.promise).toBe('B!');
    }),
  );
});

describe('the key is written while its load runs', () => {
  const written = ['put', 'invalidate', 'revoke', 'remove', 'clear'] as const;
  it.each(written)('%s: the late value is not stored; who comes later gets a load of their own', (how) =>
    scene({ has: ['remove'] }, async ({ w, db, boot }) => {
      db.write('a', 'old');
      const { cache } = await boot();
      db.become({ mode: 'slow', ms: 1_000, deaf: true });
      const early = cache.read('a');
      await w.advance('500ms');
      db.become({ mode: 'up' });
      db.write('a', 'new');
      if (how === 'put') cache.put('a', 'put');
      else if (how === 'clear') cache.clear();
      else if (how === 'remove') {
        await cache.remove('a');
        db.write('a', 'new');
      } else cache[how]('a');
      const later = await cache.read('a');
      if (how === 'put') expect(later).toMatchObject({ status: 'fresh', value: 'put' });
      else if (how === 'revoke' || how === 'remove')
        expect(later).toMatchObject({ status: 'absent', because: 'removed' });
      else expect(later).toMatchObject({ status: 'fresh', value: 'new' });
      // Who waited joins them.
      expect(await early).toEqual({ ...later, age: expect.any(Number) });
      await w.advance('5s');
      expect(cache.lookup('a')).toEqual({ ...later, age: 5_000 });
      expect(cache.stats()).toMatchObject({ abandoned: 0, inFlight: 0 });
    })(),
  );

  it(
    'one that is written again and again: the reader is not kept for ever',
    scene({}, async ({ w, boot }) => {
      const { cache } = await boot({
        load: { timeout: '1h' },
        source: async () => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          return 'loaded';
        },
      });
      const writer = setInterval(() => cache.invalidate('a'), 10);
      const late = await cache.read('a', { timeout: '5s' });
      expect(late).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(w.now).toBeLessThan(5_010);
      clearInterval(writer);
      expect(await cache.fetch('a')).toBe('loaded');
    }),
  );
});

describe('"no such row"', () => {
  it(
    'is remembered negativeTtl long, and not asked again',
    scene({ has }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot({ negativeTtl: '10s' });
      expect(await cache.read('a')).toEqual({ status: 'absent', age: 0, because: 'source' });
      await w.advance('9s');
      expect(await cache.read('a')).toEqual({ status: 'absent', age: 9_000, because: 'source' });
      expect(await cache.fetch('a')).toBeUndefined();
      expect(asked('load')).toBe(1);
      db.write('a', 'A');
      await w.advance('1s');
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(await cache.fetch('a')).toBe('A');
      expect(asked('load')).toBe(2);
      expect(cache.stats().negatives).toBe(0);
    }),
  );

  it(
    'is not remembered with negativeTtl 0',
    scene({ has }, async ({ boot, asked }) => {
      const { cache } = await boot({ negativeTtl: 0 });
      expect((await cache.read('a')).status).toBe('absent');
      expect((await cache.read('a')).status).toBe('absent');
      expect(asked('load')).toBe(2);
      expect(cache.stats().negatives).toBe(0);
    }),
  );

  it(
    'guessing tokens: neither memory nor an entry pays; malformed ones never leave memory',
    scene({ rows, has }, async ({ boot, asked }) => {
      const { cache } = await boot({
        maxEntries: 2,
        maxNegative: 100,
        negativeTtl: '1h',
        key: (key) => key.length < 6,
      });
      await cache.fetch('a');
      await cache.fetch('b');
      for (let i = 0; i < 1_000; i++) await cache.read(`g${i}`);
      expect(cache.stats()).toMatchObject({ size: 2, negatives: 100, evictedCapacity: 0 });
      expect(cache.get('a')).toBe('A');
      const before = asked('load');
      expect(await cache.read('malformed')).toEqual({ status: 'absent', age: 0, because: 'key' });
      expect(cache.lookup('malformed')).toEqual({ status: 'absent', age: 0, because: 'key' });
      expect(asked('load')).toBe(before);
      // The oldest guess is forgotten, the newest remembered.
      expect(cache.lookup('g999').status).toBe('absent');
      expect(cache.lookup('g0').status).toBe('unknown');
    }),
  );

  it(
    'a row past its own expiresAt is no such row',
    scene({ has }, async ({ db, boot }) => {
      db.write('a', 'A', { expiresAt: Date.now() });
      const { cache } = await boot();
      expect(await cache.read('a')).toEqual({ status: 'absent', age: 0, because: 'source' });
    }),
  );
});

describe('every value but undefined', () => {
  it.each([null, false, 0, '', Number.NaN])('%j is told from absence, everywhere', (value) =>
    scene<unknown>({ rows: { a: value }, has: ['scan', 'save'] }, async ({ boot }) => {
      const { cache, stop } = await boot({ name: 'passed' });
      await cache.warmed();
      expect(cache.get('a')).toBe(value);
      cache.put('b', value);
      await cache.save('c', value);
      for (const key of ['a', 'b', 'c']) {
        expect(cache.lookup(key)).toMatchObject({ status: 'fresh', value });
        expect(cache.has(key)).toBe(true);
        expect(await cache.fetch(key)).toBe(value);
      }
      await stop();
      const short = await boot({ name: 'short', source: async (key) => (key === 'a' ? value : undefined) });
      expect(await short.cache.read('a')).toMatchObject({ status: 'fresh', value });
      expect(short.cache.has('a')).toBe(true);
      expect((await short.cache.read('x')).status).toBe('absent');
    })(),
  );

  it(
    'undefined is refused, by name, where it is given',
    scene({ has: ['save'] }, async ({ boot }) => {
      const { cache } = await boot();
      expect(() => cache.put('a', undefined as never)).toThrow(/undefined cannot be cached.*revoke/);
      await expect(cache.save('a', undefined as never)).rejects.toMatchObject({ code: 'HOLDFAST_OPTIONS' });
    }),
  );
});
