import { defineCache, type Row } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { scene } from './build.js';

const has = ['scan'] as const;
const rows = { a: 'A', b: 'B' };

describe('a pass', () => {
  it(
    'fills the memory, again and again',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      const { cache, told } = await boot();
      expect(cache.state.data).toBe('cold');
      await cache.warmed();
      expect(cache.state).toEqual({ data: 'complete', source: 'up', warmer: 'idle' });
      expect(cache.get('a')).toBe('A');
      expect(told('pass.complete')).toMatchObject([{ pass: 1, rows: 2, removed: 0, quarantined: 0 }]);
      db.write('a', 'A2');
      await w.advance('4m');
      expect(asked('scan')).toBe(1);
      await w.advance('2m');
      expect(asked('scan')).toBe(2);
      expect(cache.get('a')).toBe('A2');
    }),
  );

  it(
    'comes with a tenth of jitter, so that a fleet does not come together for ever',
    scene({ rows, has }, async ({ w, db, boot }) => {
      await boot();
      await w.advance('2h');
      const starts = db.history.all
        .filter((h) => h.type === 'asked' && h.method === 'scan')
        .map(({ at }) => at);
      const gaps = starts.slice(1).map((at, i) => at - (starts[i] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(270_000);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(330_001);
      expect(new Set(gaps).size).toBeGreaterThan(gaps.length / 2);
    }),
  );

  it(
    'does not begin before start() has resolved',
    scene({ rows, has }, async ({ db, define }) => {
      const one = define();
      let scannedAtStart: boolean | undefined;
      await one.start().then(() => {
        scannedAtStart = db.history.all.some((h) => h.type === 'asked');
      });
      expect(scannedAtStart).toBe(false);
      await one.cache.warmed();
    }),
  );

  it(
    'is asked for in batches of warm.batch',
    scene({ rows: { a: '1', b: '2', c: '3', d: '4', e: '5' }, has }, async ({ boot }) => {
      const { cache, told } = await boot({ warm: { batch: 2 } });
      await cache.warmed();
      expect(told('batch.loaded').map((batch) => [batch.rows, batch.total])).toEqual([
        [2, 2],
        [2, 4],
        [1, 5],
      ]);
    }),
  );
});

describe('a database of very many rows', () => {
  it(
    'is streamed: the next batch is asked for when the last one is in memory, and never two at once',
    scene<number>({}, async ({ boot }) => {
      const batch = 1_000;
      const batches = 200;
      const heldWhenAsked: number[] = [];
      let handedOut = 0;
      const { cache, told } = await boot({
        warm: { batch },
        source: {
          load: async () => undefined,
          scan: () => ({
            [Symbol.asyncIterator]: () => ({
              next: async () => {
                heldWhenAsked.push(cache.size);
                if (handedOut === batches) return { done: true, value: undefined };
                const first = batch * handedOut++;
                const rows = Array.from({ length: batch }, (_, i) => ({ key: `k${first + i}`, value: i }));
                return { done: false, value: { rows } };
              },
            }),
          }),
        },
      });
      await cache.warmed();
      expect(heldWhenAsked).toEqual(Array.from({ length: batches + 1 }, (_, i) => i * batch));
      expect(told('pass.complete')).toMatchObject([{ rows: batch * batches }]);
    }),
  );

  it('leaves the event loop free: others run all the while', async () => {
    const cache = defineCache<number>({
      name: 'large',
      warm: { batch: 20_000 },
      source: {
        load: async () => undefined,
        async *scan() {
          for (let i = 0; i < 10; i++) {
            yield { rows: Array.from({ length: 20_000 }, (_, j) => ({ key: `k${i}-${j}`, value: j })) };
          }
        },
      },
    });
    await cache.start();
    const seen = new Set<number>();
    let watching = true;
    const watch = (): void => {
      seen.add(cache.size);
      if (watching) setImmediate(watch);
    };
    watch();
    await cache.warmed();
    watching = false;
    await cache.stop();
    // Within batches too: a batch takes longer than one stretch may.
    expect([...seen].filter((size) => size % 20_000 !== 0).length).toBeGreaterThan(3);
  });
});

describe('the database is down when the app boots', () => {
  it(
    'the app boots; the warmer backs off; lookups say cold, reads say so at once',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      db.become({ mode: 'unreachable' });
      const { cache, told, incarnations } = await boot();
      await w.advance('10m');
      expect(cache.state).toEqual({ data: 'cold', source: 'down', warmer: 'backoff' });
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'cold' });
      expect(await cache.read('a')).toEqual({ status: 'unknown', because: 'cold' });
      expect(incarnations('warmer')).toBe(1);
      expect(told('source.down')).toHaveLength(1);
      // Nothing spins: 500 ms, 1, 2, 4, 8, 16, then every 30 s.
      const delays = told('warmer.backoff').map(({ delay }) => delay);
      expect(delays.slice(0, 8)).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
      expect(
        told('warmer.backoff')
          .map(({ attempt }) => attempt)
          .slice(0, 3),
      ).toEqual([1, 2, 3]);
      // The first attempt is tried twice (p-retry takes the blips), a probe is a single call.
      expect(asked('scan')).toBe(1 + told('warmer.backoff').length);
    }),
  );

  it(
    'it warms within one backoff step of the database coming back, and never goes silent',
    scene({ rows, has }, async ({ w, db, boot }) => {
      db.become({ mode: 'unreachable', as: 'ECONNREFUSED' });
      const { cache, told } = await boot();
      await w.advance('1h');
      db.become({ mode: 'up' });
      await w.advance('30s');
      expect(cache.state).toEqual({ data: 'complete', source: 'up', warmer: 'idle' });
      expect(told('source.up')).toMatchObject([{ downFor: expect.any(Number) }]);
      expect(told('source.up')[0]?.downFor).toBeGreaterThanOrEqual(3_600_000);
    }),
  );

  it(
    'jitter draws each delay from [min, min(max, min · factor^n)]',
    scene({ rows, has, seed: 7 }, async ({ w, db, boot }) => {
      db.become({ mode: 'unreachable' });
      const { told } = await boot({ warm: { backoff: { min: '100ms', max: '10s', factor: 3 } } });
      await w.advance('10m');
      const seen = told('warmer.backoff');
      for (const { attempt, delay } of seen) {
        expect(delay).toBeGreaterThanOrEqual(100);
        expect(delay).toBeLessThanOrEqual(Math.min(10_000, 100 * 3 ** attempt));
      }
      expect(new Set(seen.slice(-20).map(({ delay }) => delay)).size).toBeGreaterThan(10);
    }),
  );
});

describe('one failing pass, weeks later', () => {
  it(
    'the next pass runs; degraded meanwhile; the bus says so',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      const { cache, told, log } = await boot({
        ttl: '3h',
        staleFor: '12h',
        warm: { every: '1h', backoff: { min: '10m', max: '10m', jitter: false } },
        sweep: { every: '1h' },
      });
      await w.advance('8d');
      db.become({ mode: 'throws', what: 'TypeError' });
      await w.advance('70m');
      expect(cache.health()).toMatchObject({ degraded: true, source: 'up', warmer: 'backoff', ready: true });
      expect(cache.health().lastPass).toMatchObject({
        ok: false,
        error: expect.stringContaining('Scripted'),
      });
      expect(told('pass.failed').at(-1)).toMatchObject({ unavailable: false });
      expect(log.filter(({ level }) => level === 'error').map(({ message }) => message)).toContain(
        'warm pass failed',
      );
      expect(cache.lookup('a').status).toBe('fresh');
      await w.advance('3h');
      // Served all the same, but not excused: the source is not called unreachable.
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'ttl' });
      const before = asked('scan');
      db.become({ mode: 'up' });
      await w.advance('11m');
      expect(asked('scan')).toBeGreaterThan(before);
      expect(cache.health().degraded).toBe(false);
      expect(cache.lookup('a').status).toBe('fresh');
    }),
  );
});

describe('warm()', () => {
  it(
    'cuts the backoff short, and rejects with the real error',
    scene({ rows, has }, async ({ w, db, boot }) => {
      db.become({ mode: 'unreachable', as: 'ECONNREFUSED' });
      const { cache } = await boot();
      await w.advance('5m');
      const before = w.now;
      await expect(cache.warm()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      expect(w.now - before).toBeLessThan(1000);
      db.become({ mode: 'up' });
      await expect(cache.warm()).resolves.toMatchObject({ rows: 2 });
      expect(cache.state.warmer).toBe('idle');
    }),
  );

  it(
    'joins the pass under way',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      db.become({ mode: 'slow', ms: 1000 });
      const { cache } = await boot();
      await w.advance('500ms');
      const [first, second] = await Promise.all([cache.warm(), cache.warm()]);
      expect(first).toBe(second);
      expect(asked('scan')).toBe(1);
      // It was asked, answered, and asked for more: two calls of a second.
      expect(w.now).toBe(2000);
    }),
  );

  it(
    'is carried out by the next incarnation when the warmer dies meanwhile',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      const { cache, crash, incarnations } = await boot();
      await cache.warmed();
      db.become({ mode: 'slow', ms: 1000 });
      const warm = cache.warm();
      await w.advance('500ms');
      crash('warmer');
      await expect(warm).resolves.toMatchObject({ rows: 2 });
      expect(incarnations('warmer')).toBe(2);
      expect(asked('scan')).toBe(3);
    }),
  );

  it(
    'over a source without scan says that there is nothing to pass over',
    scene({ rows, has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      expect(await cache.warm()).toEqual({
        rows: 0,
        removed: 0,
        quarantined: 0,
        took: 0,
        skipped: 'no-scan',
      });
      expect(cache.state).toEqual({ data: 'partial', source: 'unknown', warmer: 'idle' });
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(cache.health().ready).toBe(true);
    }),
  );

  it(
    'is an error before the start and after the stop',
    scene({ rows, has }, async ({ define }) => {
      const one = define();
      await expect(one.cache.warm()).rejects.toMatchObject({ code: 'HOLDFAST_STATE' });
      await expect(one.cache.sweep()).rejects.toMatchObject({ code: 'HOLDFAST_STATE' });
      await one.start();
      await one.stop();
      await expect(one.cache.warm()).rejects.toMatchObject({ code: 'HOLDFAST_STATE' });
    }),
  );

  it(
    'who waits for a pass or a sweep is told when the cache stops first',
    scene({ rows, has }, async ({ w, db, boot }) => {
      const { cache, stop } = await boot();
      await cache.warmed();
      db.become({ mode: 'hang' });
      const warm = cache.warm();
      const said = expect(warm).rejects.toMatchObject({ code: 'HOLDFAST_STATE' });
      await w.advance('100ms');
      await stop();
      await said;
    }),
  );
});

describe('warmed()', () => {
  it(
    'resolves at the first complete pass, for all who wait, however late',
    scene({ rows, has }, async ({ w, db, boot }) => {
      db.become({ mode: 'unreachable' }, 60_000);
      const { cache } = await boot();
      await Promise.all([cache.warmed(), cache.warmed({ timeout: '2m' })]);
      expect(w.now).toBeGreaterThanOrEqual(60_000);
      const before = w.now;
      await cache.warmed({ timeout: 0 });
      expect(w.now).toBe(before);
    }),
  );

  it(
    'gives up after its timeout and by its signal, and names why there was no pass',
    scene({ rows, has }, async ({ w, db, boot }) => {
      db.become({ mode: 'unreachable', as: 'ECONNREFUSED' });
      const { cache } = await boot();
      await expect(cache.warmed({ timeout: '1s' })).rejects.toMatchObject({
        code: 'HOLDFAST_LOAD_TIMEOUT',
        cause: { code: 'ECONNREFUSED' },
      });
      const controller = new AbortController();
      const waiting = expect(cache.warmed({ signal: controller.signal })).rejects.toThrow('enough');
      controller.abort(new Error('enough'));
      await waiting;
      await expect(cache.warmed({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
        'before',
      );
      expect(w.now).toBeLessThan(2000);
    }),
  );
});

describe('readers during the first pass', () => {
  it(
    'see what is loaded so far; a read of the rest is one load',
    scene({ rows: { a: 'A', b: 'B' }, has }, async ({ w, db, boot, asked }) => {
      db.become({ mode: 'slow', ms: 1000 });
      const { cache } = await boot({ warm: { batch: 1 } });
      await w.advance('1500ms');
      expect(cache.state).toMatchObject({ data: 'partial', warmer: 'warming' });
      expect(cache.lookup('a').status).toBe('fresh');
      expect(cache.lookup('b')).toEqual({ status: 'unknown', because: 'cold' });
      db.become({ mode: 'up' });
      const reads = await Promise.all(Array.from({ length: 100 }, () => cache.read('b')));
      expect(reads.every((read) => read.status === 'fresh' && read.value === 'B')).toBe(true);
      expect(asked('load')).toBe(1);
    }),
  );
});

describe('what a pass removes', () => {
  it(
    'a row deleted in the database is gone after the first complete pass, and never after a partial one',
    scene({ rows, has }, async ({ db, boot }) => {
      const { cache, told } = await boot({ warm: { batch: 1 } });
      await cache.warmed();
      db.erase('b');
      db.become({ mode: 'partial', batches: 1 });
      await expect(cache.warm()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      expect(cache.get('b')).toBe('B');
      db.become({ mode: 'up' });
      await expect(cache.warm()).resolves.toMatchObject({ removed: 1 });
      expect(cache.lookup('b')).toMatchObject({ status: 'absent', because: 'pass' });
      expect(told('pass.complete').at(-1)).toMatchObject({ rows: 1, removed: 1 });
    }),
  );

  it(
    'believes a removal for negativeTtl only: afterwards nobody knows',
    scene({ rows, has }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      db.erase('b');
      await cache.warm();
      await w.advance('29s');
      expect(cache.lookup('b').status).toBe('absent');
      await w.advance('2s');
      expect(cache.lookup('b')).toEqual({ status: 'unknown', because: 'not-loaded' });
    }),
  );

  it(
    'a row written through the cache while a pass runs stays: the older row does not come back',
    scene({ rows, has }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      db.become({ mode: 'slow', ms: 1000 });
      const warm = cache.warm();
      await w.advance('500ms');
      cache.put('a', 'newer');
      cache.put('new', 'N');
      await warm;
      expect(cache.get('a')).toBe('newer');
      expect(cache.get('new')).toBe('N');
      // What was put is believed until the first complete pass that began after it.
      await cache.warm();
      expect(cache.get('a')).toBe('A');
      expect(cache.lookup('new')).toMatchObject({ status: 'absent', because: 'pass' });
    }),
  );

  it.each(['invalidate', 'revoke'] as const)(
    '%s while a pass runs: its older row does not bring the key back',
    (how) =>
      scene({ rows, has }, async ({ w, db, boot }) => {
        const { cache } = await boot();
        await cache.warmed();
        db.become({ mode: 'slow', ms: 1000 });
        const warm = cache.warm();
        await w.advance('500ms');
        cache[how]('a');
        await warm;
        expect(cache.lookup('a')).toMatchObject(
          how === 'revoke'
            ? { status: 'absent', because: 'removed' }
            : { status: 'unknown', because: 'not-loaded' },
        );
        expect(cache.get('b')).toBe('B');
      })(),
  );

  it(
    'clear while a pass runs: the pass begins anew, and all is there after it',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      db.become({ mode: 'slow', ms: 1000 });
      const { cache, told } = await boot({ warm: { batch: 1 } });
      await w.advance('1500ms');
      expect(cache.size).toBe(1);
      cache.clear();
      expect(cache.size).toBe(0);
      await cache.warmed();
      expect(cache.size).toBe(2);
      expect(asked('scan')).toBe(2);
      expect(told('pass.complete')).toHaveLength(1);
    }),
  );
});

describe('bad rows', () => {
  it(
    'one row the application cannot decode is set apart and reported; the rest is warm; its older entry stays',
    scene({ rows, has }, async ({ db, boot }) => {
      const { cache, told } = await boot();
      await cache.warmed();
      db.corrupt('b');
      db.write('a', 'A2');
      db.write('c', 'C');
      db.corrupt('c');
      await expect(cache.warm()).resolves.toMatchObject({ rows: 3, quarantined: 2, removed: 0 });
      expect(cache.get('a')).toBe('A2');
      expect(cache.get('b')).toBe('B');
      expect(cache.lookup('c')).toEqual({ status: 'unknown', because: 'quarantined' });
      expect(cache.stats().quarantined).toBe(2);
      expect(told('quarantined').map(({ key }) => key)).toEqual(['b', 'c']);
      expect(told('quarantined')[0]?.error).toMatchObject({
        message: expect.stringContaining('cannot be decoded'),
      });
      db.write('c', 'C2');
      await cache.warm();
      expect(cache.get('c')).toBe('C2');
      expect(cache.stats().quarantined).toBe(1);
    }),
  );

  it.each<[string, unknown]>([
    ['null', null],
    ['a number', 7],
    ['no key', { value: 1 }],
    ['a key that is a number', { key: 7, value: 1 }],
    ['a version that is text', { key: 'x', value: 1, version: '7' }],
    ['an expiresAt that is NaN', { key: 'x', value: 1, expiresAt: Number.NaN }],
    ['tags that are text', { key: 'x', value: 1, tags: 'red' }],
    [
      'a getter that throws',
      Object.defineProperty({ key: 'x' }, 'value', {
        get: () => {
          throw new Error('trap');
        },
      }),
    ],
  ])('%s in the place of a row is set apart', (_, row) =>
    scene<number>({}, async ({ boot }) => {
      const source = {
        load: async () => undefined,
        async *scan() {
          yield { rows: [row as Row<number>, { key: 'good', value: 1 }] };
        },
      };
      const { cache, incarnations } = await boot({ source });
      await cache.warmed();
      expect(cache.get('good')).toBe(1);
      expect(await cache.warm()).toMatchObject({ rows: 2, quarantined: 1 });
      expect(cache.size).toBe(1);
      expect(incarnations('warmer')).toBe(1);
    })(),
  );
});

describe('the source throws its own errors', () => {
  const whats = [
    'Error',
    'TypeError',
    'string',
    'number',
    'null',
    'undefined',
    'bare object',
    'trap',
  ] as const;
  it.each(
    whats.flatMap((what) => [
      { what, sync: false },
      { what, sync: true },
    ]),
  )('$what, sync: $sync: never a crash', ({ what, sync }) =>
    scene({ rows }, async ({ w, db, boot }) => {
      const one = await boot();
      await one.cache.warmed();
      db.become({ mode: 'throws', what, sync });
      const outcome = await one.cache.read('other').then(
        () => 'answered',
        () => 'rejected',
      );
      expect(outcome).toBe('rejected');
      await one.cache.warm().catch(() => {});
      await one.cache.sweep().catch(() => {});
      await w.advance('20m');
      for (const actor of ['cache', 'warmer', 'janitor'] as const) expect(one.incarnations(actor)).toBe(1);
      expect(one.cache.health()).toMatchObject({ degraded: true });
      expect(one.cache.lookup('a')).toMatchObject({ status: 'stale', value: 'A', because: 'ttl' });
      db.become({ mode: 'up' });
      await w.advance('1m');
      expect(one.cache.health().degraded).toBe(false);
      expect(one.cache.lookup('a').status).toBe('fresh');
    })(),
  );

  it(
    'answers of every forbidden kind: never a crash',
    scene({ rows }, async ({ w, db, boot }) => {
      const one = await boot();
      await one.cache.warmed();
      db.become({ mode: 'nonsense' });
      for (let i = 0; i < 24; i++) {
        await one.cache.read(`k${i}`).catch(() => {});
        await one.cache.warm().catch(() => {});
        await one.cache.sweep().catch(() => {});
      }
      await w.advance('20m');
      for (const actor of ['cache', 'warmer', 'janitor'] as const)
        expect([actor, one.incarnations(actor)]).toEqual([actor, 1]);
      db.become({ mode: 'up' });
      await w.advance('1m');
      expect(one.cache.lookup('a').status).toBe('fresh');
    }),
  );

  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['an array', () => []],
    ['a promise', async () => []],
    [
      'an iterator that ends without a word',
      () => ({ [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }),
    ],
    ['an iterator that is not asynchronous', () => ({ [Symbol.asyncIterator]: () => ({ next: () => 7 }) })],
    [
      'a batch that throws when looked at',
      async function* () {
        yield new Proxy(
          {},
          {
            get: () => {
              throw new Error('trap');
            },
          },
        );
      },
    ],
    [
      'a cursor that is no text',
      async function* () {
        yield { rows: [], gone: [], changed: [], cursor: { a: 1 } };
      },
    ],
    [
      'keys that are no text',
      async function* () {
        yield { rows: [], gone: [7, null, {}], changed: [null, 7], cursor: '1' };
      },
    ],
  ])('scan and changes give %s: never a crash', (_, give) =>
    scene<string>({}, async ({ w, boot }) => {
      for (const secretKeys of [false, true]) {
        const source = { load: async () => undefined, scan: give, changes: give, missing: give };
        const one = await boot({ source: source as never, secretKeys, name: `test-${secretKeys}` });
        one.cache.put('a', 'A');
        await one.cache.warm().catch(() => {});
        await one.cache.sweep().catch(() => {});
        await w.advance('2m');
        const without = await boot({
          source: { load: async () => undefined, changes: give, missing: give } as never,
          secretKeys,
          name: `without-${secretKeys}`,
        });
        without.cache.put('a', 'A');
        await without.cache.sweep().catch(() => {});
        for (const { cache, incarnations, stop } of [one, without]) {
          for (const actor of ['cache', 'warmer', 'janitor'] as const)
            expect([actor, incarnations(actor)]).toEqual([actor, 1]);
          cache.put('b', 'B');
          expect(cache.get('b')).toBe('B');
          await stop();
        }
      }
    })(),
  );
});

describe('crash of the warmer while its query is slow', () => {
  it(
    'the query is aborted and its late rows are refused',
    scene({ rows, has }, async ({ w, db, boot }) => {
      const { cache, crash } = await boot();
      await cache.warmed();
      db.become({ mode: 'slow', ms: 5000, deaf: true });
      void cache.warm();
      await w.advance('1s');
      crash('warmer');
      db.become({ mode: 'up' });
      db.write('a', 'newer');
      await cache.warm();
      expect(cache.get('a')).toBe('newer');
      expect(db.history.all.filter(({ type }) => type === 'abandoned')).toHaveLength(1);
      await w.advance('10s');
      expect(cache.get('a')).toBe('newer');
      expect(cache.stats().abandoned).toBe(0);
    }),
  );
});

describe('the outage', () => {
  it(
    'a load that proves the source back ends the backoff',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      db.become({ mode: 'unreachable' });
      const { cache } = await boot();
      await w.advance('10m');
      // Hurried by a pass that fails of something else, or by whoever asks first when its time has come.
      const scans = asked('scan');
      await w.advance('29s');
      expect(asked('scan') - scans).toBeLessThanOrEqual(1);
      db.become({ mode: 'up' });
      await cache.warm();
      expect(cache.state.source).toBe('up');
    }),
  );
});
