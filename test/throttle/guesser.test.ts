import { type Cache, type ReadOptions, SourceUnavailableError, ThrottledError } from 'holdfast';
import type { World } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { scene } from '../cache/build.js';

const throttle = { allowance: 3, delay: '100ms', maxDelay: '1s', refuseAfter: 8, resetAfter: '1m' } as const;
/** Without passes: what was not asked for is unknown. */
const lone = {
  rows: { ada: 'A', bob: 'B' },
  has: ['save', 'remove', 'ping'],
  options: { throttle },
} as const;
const client = '203.0.113.7';

/** Asks as the client, and says how it ended, and after how many ms. */
async function ask(w: World, cache: Pick<Cache<unknown>, 'read'>, key: string, options: ReadOptions = {}) {
  const began = w.now;
  const end = await cache.read(key, { client, ...options }).then(
    ({ status }) => status,
    (error: unknown) => (error instanceof ThrottledError ? `refused for ${error.retryAfter}` : String(error)),
  );
  return [end, w.now - began] as const;
}

/** So many new keys, one after the other. */
async function guess(
  w: World,
  cache: Pick<Cache<unknown>, 'read'>,
  count: number,
  name = 'guess',
  options: ReadOptions = {},
) {
  const ends: (readonly [string, number])[] = [];
  for (let n = 0; n < count; n++) ends.push(await ask(w, cache, `${name}-${n}`, options));
  return ends;
}

describe('who guesses keys', () => {
  it(
    'is answered at once up to the allowance, then waits twice as long each time, then is refused; hits go at once',
    scene(lone, async ({ w, boot }) => {
      const { cache } = await boot();
      await cache.read('ada');
      expect(await guess(w, cache, 8)).toEqual([
        ...[0, 0, 0].map((wait) => ['absent', wait]),
        ...[100, 200, 400, 800, 1000].map((wait) => ['absent', wait]),
      ]);
      expect(await ask(w, cache, 'one-more')).toEqual([`refused for ${60_000 - 2_500}`, 0]);
      expect(await ask(w, cache, 'ada')).toEqual(['fresh', 0]);
      expect(cache.stats()).toMatchObject({ slowed: 5, throttled: 1 });
      expect(cache.health().throttle).toEqual({ clients: 1, guessing: 1, waiting: 0 });
      // Others do not suffer for it.
      expect(await ask(w, cache, 'one-more', { client: '203.0.113.8' })).toEqual(['absent', 0]);
      expect((await cache.read('nobody-asks')).status).toBe('absent');
    }),
  );

  it(
    'is refused without a question to the source, and answered again when retryAfter has passed',
    scene(lone, async ({ w, boot, asked }) => {
      const { cache } = await boot();
      await guess(w, cache, 8);
      const loads = asked('load');
      for (let n = 0; n < 100; n++) expect((await ask(w, cache, `more-${n}`))[0]).toMatch(/^refused/);
      expect(asked('load')).toBe(loads);
      const [, retryAfter] = /(\d+)/.exec((await ask(w, cache, 'again'))[0]) ?? [];
      await w.advance(Number(retryAfter) - 1);
      expect(await ask(w, cache, 'again')).toEqual(['refused for 1', 0]);
      await w.advance(1);
      expect((await ask(w, cache, 'again'))[0]).toBe('absent');
    }),
  );

  it(
    'is forgotten after resetAfter: a person who mistypes once is not slowed, however often that happens',
    scene(lone, async ({ w, boot }) => {
      const { cache } = await boot();
      await guess(w, cache, 5);
      await w.advance('61s');
      expect(await guess(w, cache, 3, 'later')).toEqual(Array(3).fill(['absent', 0]));
      for (let day = 0; day < 50; day++) {
        await w.advance('25s');
        expect(await ask(w, cache, `mistyped-${day}`, { client: 'ada' })).toEqual(['absent', 0]);
      }
    }),
  );

  it(
    'asks for one key a thousand times, as a page with an old cookie does: that counts once',
    scene(lone, async ({ w, boot }) => {
      const { cache } = await boot({ negativeTtl: '1s' });
      for (let n = 0; n < 1_000; n++) {
        expect(await ask(w, cache, 'old-cookie')).toEqual(['absent', 0]);
        await w.advance('50ms');
      }
      expect(await guess(w, cache, 2)).toEqual(Array(2).fill(['absent', 0]));
      await guess(w, cache, 20);
      // Nor does it wait or go unanswered when its client guesses.
      expect(await ask(w, cache, 'old-cookie')).toEqual(['absent', 0]);
    }),
  );

  it(
    'gives up while it waits: the guess counts, and the same key is answered when its time has come, not before',
    scene(lone, async ({ w, boot, asked }) => {
      const { cache } = await boot();
      await guess(w, cache, 7);
      const giving = new AbortController();
      const given = ask(w, cache, 'given-up', { signal: giving.signal });
      await w.advance('10ms');
      giving.abort(new Error('given up'));
      expect(await given).toEqual(['Error: given up', 10]);
      expect(w.pending.filter(({ at }) => at === w.now + 990)).toEqual([]);
      expect((await ask(w, cache, 'another'))[0]).toMatch(/^refused/);
      expect(asked('load', 'given-up')).toBe(0);
      expect(await ask(w, cache, 'given-up')).toEqual(['absent', 990]);
      expect(await ask(w, cache, 'given-up')).toEqual(['absent', 0]);
    }),
  );

  it(
    'will not wait so long: it is told when to come back, and is answered then',
    scene(lone, async ({ w, boot }) => {
      const { cache } = await boot();
      await guess(w, cache, 6);
      expect(await ask(w, cache, 'x', { timeout: '500ms' })).toEqual(['refused for 800', 0]);
      await w.advance(800);
      expect(await ask(w, cache, 'x', { timeout: '500ms' })).toEqual(['absent', 0]);
    }),
  );

  it(
    'hangs up as soon as the source is asked: what the load brings counts all the same',
    scene({ ...lone, latency: 50 }, async ({ w, boot, asked }) => {
      const { cache } = await boot();
      for (let n = 0; n < 8; n++) {
        const giving = new AbortController();
        const given = ask(w, cache, `hung-up-${n}`, { signal: giving.signal });
        await w.advance(1);
        giving.abort(new Error('hung up'));
        expect((await given)[0]).toBe('Error: hung up');
        await w.advance('2s');
      }
      // Three were asked for at once; the other five had to wait first, and did not.
      expect(asked('load')).toBe(3);
      expect((await ask(w, cache, 'more'))[0]).toMatch(/^refused/);
    }),
  );

  it(
    'asks for hundreds at once: no more reach the source than may be answered, and no more wait than may',
    scene({ ...lone, latency: 50 }, async ({ w, boot, asked }) => {
      const { cache } = await boot({ throttle: { ...throttle, refuseAfter: 40 } });
      const ends = Promise.all(Array.from({ length: 500 }, (_, n) => ask(w, cache, `guess-${n}`)));
      await w.advance(49);
      expect(asked('load')).toBe(40);
      await w.advance(1);
      expect(cache.health().throttle).toEqual({ clients: 1, guessing: 1, waiting: 10 });
      const answered = (await ends).filter(([end]) => end === 'absent');
      expect(answered.map(([, after]) => after)).toEqual([
        50,
        50,
        50,
        150,
        250,
        450,
        850,
        ...Array(6).fill(1050),
      ]);
      expect(asked('load')).toBe(40);
    }),
  );

  it(
    'malformed keys never leave memory, and count',
    scene({ ...lone, options: { throttle, key: (key) => key.length < 10 } }, async ({ w, boot, asked }) => {
      const { cache } = await boot();
      const keys = Array.from({ length: 8 }, (_, n) => `${n}`.padEnd(100_000 + n, 'x'));
      const ends = [];
      for (const key of keys) ends.push(await ask(w, cache, key));
      expect(ends.map(([, after]) => after)).toEqual([0, 0, 0, 100, 200, 400, 800, 1000]);
      expect((await ask(w, cache, 'ninth'.repeat(9)))[0]).toMatch(/^refused/);
      expect((await ask(w, cache, 'short'))[0]).toMatch(/^refused/);
      expect(asked('load')).toBe(0);
    }),
  );

  it(
    'asks by fetch: the same, and an absence is still undefined',
    scene(lone, async ({ w, boot }) => {
      const { cache } = await boot();
      await cache.fetch('ada');
      for (let n = 0; n < 8; n++) expect(await cache.fetch(`guess-${n}`, { client })).toBeUndefined();
      expect(w.now).toBe(2500);
      await expect(cache.fetch('more', { client })).rejects.toMatchObject({
        code: 'HOLDFAST_THROTTLED',
        retryAfter: 57_500,
      });
      expect(await cache.fetch('ada', { client })).toBe('A');
    }),
  );
});

describe('what is no guess', () => {
  it(
    'a key that the source has: not slowed, however many are asked for at once, and not counted',
    scene(
      {
        ...lone,
        rows: Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`k${n}`, `${n}`])),
        latency: 20,
      },
      async ({ w, boot }) => {
        const { cache } = await boot({ throttle: { ...throttle, refuseAfter: 100 } });
        for (const from of [0, 100]) {
          const ends = await Promise.all(
            Array.from({ length: 100 }, (_, n) => ask(w, cache, `k${from + n}`)),
          );
          expect(new Set(ends.map(([end]) => end))).toEqual(new Set(['fresh']));
        }
        expect(cache.health().throttle?.clients).toBe(0);
      },
    ),
  );

  it(
    'a key that the source has, asked for by who is above the allowance: it waits before the source is asked, and is not counted',
    scene({ ...lone, rows: { ada: 'A', bob: 'B' } }, async ({ w, boot, asked }) => {
      const { cache } = await boot({ load: { concurrency: 1 } });
      await guess(w, cache, 5);
      const slow = ask(w, cache, 'ada');
      await w.advance(399);
      // It holds no place for loads meanwhile.
      expect(cache.stats().inFlight).toBe(0);
      expect(asked('load', 'ada')).toBe(0);
      expect((await cache.read('bob')).status).toBe('fresh');
      expect(await slow).toEqual(['fresh', 400]);
      expect(await ask(w, cache, 'next')).toEqual(['absent', 400]);
    }),
  );

  it(
    'a key that comes to be while its absence waits is told at once',
    scene(lone, async ({ w, boot }) => {
      const { cache } = await boot();
      for (let n = 0; n < 7; n++) await cache.read(`guess-${n}`);
      await guess(w, cache, 6);
      const waiting = ask(w, cache, 'guess-6');
      await w.advance(10);
      cache.put('guess-6', 'A');
      expect(await waiting).toEqual(['fresh', 800]);
    }),
  );

  it(
    'what nobody can say: it neither waits nor counts, and is not what finds the source back',
    scene(lone, async ({ w, db, boot, asked }) => {
      const { cache } = await boot({ load: { retries: 0 } });
      db.become({ mode: 'unreachable' });
      for (const end of await guess(w, cache, 20)) expect(end).toEqual(['unknown', 0]);
      expect(cache.health().throttle?.clients).toBe(0);
      db.become({ mode: 'up' });
      await w.advance('1m');
      expect(cache.state.source).toBe('up');
      await guess(w, cache, 5, 'guilty');
      db.become({ mode: 'unreachable' });
      await cache.read('somebody').catch(() => {});
      expect(cache.state.source).toBe('down');
      // The loop was held up: the step is over, and the warmer has not been there yet.
      w.pause('10s');
      const loads = asked('load');
      expect(await ask(w, cache, 'probe?')).toEqual(['unknown', 0]);
      await expect(cache.fetch('probe?', { client })).rejects.toBeInstanceOf(SourceUnavailableError);
      expect(asked('load')).toBe(loads);
      expect((await cache.read('probe!', { client: 'another' })).status).toBe('unknown');
      expect(asked('load')).toBe(loads + 1);
    }),
  );

  it(
    'a question that goes unanswered because the source went away while it waited',
    scene(lone, async ({ w, db, boot }) => {
      const { cache } = await boot({ load: { retries: 0 } });
      await guess(w, cache, 4);
      const waiting = ask(w, cache, 'fifth');
      db.become({ mode: 'unreachable' });
      expect(await waiting).toEqual(['unknown', 200]);
      db.become({ mode: 'up' });
      await w.advance('31s');
      // Four still count, the fifth does not.
      expect(await ask(w, cache, 'next')).toEqual(['absent', 200]);
    }),
  );
});

describe('the throttle among the actors', () => {
  it(
    'crashes while answers wait: nobody is let through before his time, and nobody is forgotten',
    scene(lone, async ({ w, boot }) => {
      const one = await boot();
      const { cache } = one;
      await guess(w, cache, 6);
      const waiting = ask(w, cache, 'seventh');
      await w.advance(100);
      one.crash('throttle', 'error');
      await w.advance(100);
      one.crash('cache');
      await w.settle();
      expect(cache.health().throttle).toMatchObject({ guessing: 1, waiting: 1 });
      expect(await waiting).toEqual(['absent', 800]);
      expect(await ask(w, cache, 'eighth')).toEqual(['absent', 1000]);
      expect(one.incarnations('throttle')).toBe(2);
    }),
  );

  it(
    'comes after the snapshotter and before the warmer; a cache without the option has none',
    scene(lone, async ({ store, boot }) => {
      const ids = (one: Awaited<ReturnType<typeof boot>>) =>
        one.runtime.tree().children?.[0]?.children?.map(({ id }) => id);
      expect(ids(await boot({ snapshot: { store } }))).toEqual([
        'cache',
        'snapshotter',
        'throttle',
        'warmer',
        'janitor',
      ]);
      const plain = await boot({ throttle: undefined } as never);
      expect(ids(plain)).toEqual(['cache', 'warmer', 'janitor']);
      for (let n = 0; n < 30; n++) await plain.cache.read(`guess-${n}`, { client });
      expect(plain.cache.health()).not.toHaveProperty('throttle');
    }),
  );

  it(
    'gives memory back when all is over, and tells the log once for all who were slowed',
    scene(lone, async ({ w, boot }) => {
      const one = await boot();
      for (let n = 0; n < 50; n++) await one.cache.read(`guess-${n}`, { client: `client-${n}` });
      await guess(w, one.cache, 9);
      expect(one.cache.health().throttle?.clients).toBe(51);
      await w.advance('2m');
      expect(one.cache.health().throttle).toEqual({ clients: 0, guessing: 0, waiting: 0 });
      expect(one.log.filter(({ level }) => level === 'warn')).toEqual([
        expect.objectContaining({ fields: expect.objectContaining({ slowed: 5, throttled: 1 }) }),
      ]);
      expect(one.told('throttled')).toEqual([
        { type: 'throttled', client, how: 'slowed', keys: 4, wait: 100 },
        { type: 'throttled', client, how: 'refused', keys: 8, wait: 57_500 },
      ]);
    }),
  );

  it(
    'the cache is stopped while answers wait: they end, with a refusal, and nobody waits for a cache that does not run',
    scene(lone, async ({ w, boot }) => {
      const one = await boot();
      await guess(w, one.cache, 7);
      const waiting = ask(w, one.cache, 'eighth');
      await w.advance(100);
      await one.stop();
      expect(await waiting).toEqual(['refused for 900', 100]);
      expect(w.pending).toEqual([]);
      expect(await ask(w, one.cache, 'guess-6')).toEqual(['absent', 0]);
      expect((await ask(w, one.cache, 'guess-5', { client: 'b' }))[0]).toBe('absent');
    }),
  );
});
