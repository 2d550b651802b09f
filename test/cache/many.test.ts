import { type Row, type Source, SourceUnavailableError } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { gate, reached, scene } from './build.js';

const rows = { a: 'A', b: 'B', c: 'C' };
const has = ['loadMany', 'remove'] as const;

/** A source whose `loadMany` hands over whatever it is told to; `load` is never needed. */
function batched(answer: (keys: readonly string[], signal: AbortSignal) => unknown) {
  const batches: (readonly string[])[] = [];
  const signals: AbortSignal[] = [];
  const source: Source<string> = {
    load: () => Promise.reject(new Error('One by one, although there is loadMany.')),
    loadMany: (keys, { signal }) => {
      batches.push(keys);
      signals.push(signal);
      return answer(keys, signal) as Promise<Map<string, Row<string>>>;
    },
  };
  return { source, batches, signals };
}

const found = (keys: readonly string[]): Map<string, Row<string>> =>
  new Map(keys.map((key) => [key, { key, value: key.toUpperCase() }]));

describe('readMany over loadMany', () => {
  it(
    'an answer for each key, in the order given: from memory, by one question, absent where left out',
    scene({ rows, has }, async ({ db, boot, asked }) => {
      const { cache } = await boot({ key: (key) => key !== 'malformed' });
      await cache.read('b');
      const answers = await cache.readMany(['x', 'b', 'a', 'malformed', 'a', 'c']);
      expect([...answers]).toEqual([
        ['x', { status: 'absent', age: 0, because: 'source' }],
        ['b', { status: 'fresh', value: 'B', age: 0 }],
        ['a', { status: 'fresh', value: 'A', age: 0 }],
        ['malformed', { status: 'absent', age: 0, because: 'key' }],
        ['c', { status: 'fresh', value: 'C', age: 0 }],
      ]);
      expect([asked('loadMany'), asked('load')]).toEqual([2, 0]);
      expect(db.history.all.filter(({ type }) => type === 'asked')).toMatchObject([
        { keys: ['b'] },
        { keys: ['x', 'a', 'c'] },
      ]);
      // The absence is remembered, as any.
      expect((await cache.readMany(['x', 'a'])).get('x')?.status).toBe('absent');
      expect(cache.stats()).toMatchObject({ loads: 4, batches: 2, absent: 3, fresh: 5 });
    }),
  );

  it(
    'keys asked in one tick become one question, by separate reads and after promises too; a key is asked once',
    scene({}, async ({ boot }) => {
      const { source, batches } = batched(async (keys) => found(keys));
      const { cache } = await boot({ source });
      const late = async (key: string) => {
        await null;
        return cache.fetch(key);
      };
      const all = [
        cache.fetch('a'),
        cache.fetch('b'),
        cache.fetch('a'),
        late('c'),
        late('a'),
        cache.readMany(['b', 'd']),
      ];
      expect((await Promise.all(all)).slice(0, 5)).toEqual(['A', 'B', 'A', 'C', 'A']);
      expect(batches).toEqual([['a', 'b', 'd', 'c']]);
    }),
  );

  it(
    'a batch is bounded, and one towards concurrency; those in line fill the next ones',
    scene({}, async ({ boot }) => {
      const gates: ReturnType<typeof gate<void>>[] = [];
      const { source, batches } = batched(async (keys) => {
        const open = gate<void>();
        gates.push(open);
        await open.promise;
        return found(keys);
      });
      const { cache } = await boot({ source, load: { batch: 3, concurrency: 2 } });
      const keys = Array.from({ length: 10 }, (_, i) => `k${i}`);
      const all = cache.readMany(keys);
      for (let opened = 0; opened < 4; opened++) {
        await reached(() => gates.length > opened);
        expect(cache.stats().inFlight).toBeLessThanOrEqual(2);
        gates[opened]?.open();
      }
      expect([...(await all).values()].every(({ status }) => status === 'fresh')).toBe(true);
      expect(batches.map(({ length }) => length)).toEqual([3, 3, 3, 1]);
    }),
  );

  it(
    'one that fails rejects its keys only, with its own error; an outage is an answer',
    scene({}, async ({ boot }) => {
      const broken = new Error('no such column');
      const { source } = batched(async (keys) => {
        if (keys.includes('bad')) throw broken;
        if (keys.includes('away')) throw new SourceUnavailableError();
        return found(keys);
      });
      const { cache } = await boot({ source, load: { batch: 2, retries: 0 } });
      await expect(cache.readMany(['bad', 'b', 'c', 'd'])).rejects.toBe(broken);
      expect([cache.get('b'), cache.get('c'), cache.get('d')]).toEqual([undefined, 'C', 'D']);
      expect((await cache.readMany(['c', 'away'])).get('away')).toEqual({
        status: 'unknown',
        because: 'source-unreachable',
      });
      // In the outage: at once.
      expect((await cache.readMany(['c', 'e'])).get('e')).toMatchObject({ because: 'source-unreachable' });
    }),
  );

  it(
    'one that is tried again asks for what is still wanted',
    scene({}, async ({ boot }) => {
      let left = 1;
      const { source, batches } = batched(async (keys) => {
        if (left-- > 0) throw new SourceUnavailableError();
        return found(keys);
      });
      const { cache } = await boot({ source, load: { retries: 1 } });
      const answers = cache.readMany(['a', 'b', 'c']);
      await reached(() => batches.length === 1);
      cache.put('b', 'put');
      expect([...(await answers)].map(([, lookup]) => 'value' in lookup && lookup.value)).toEqual([
        'A',
        'put',
        'C',
      ]);
      expect(batches).toEqual([
        ['a', 'b', 'c'],
        ['a', 'c'],
      ]);
    }),
  );

  it.each([null, undefined, 42, 'rows', {}, [], [['a', { key: 'a', value: 'A' }]]])(
    'an answer that is no Map is an error of the source: %j',
    (nonsense) =>
      scene({}, async ({ boot }) => {
        const { source } = batched(async () => nonsense);
        const { cache } = await boot({ source });
        await expect(cache.readMany(['a', 'b'])).rejects.toThrow(/loadMany must answer with a Map/);
        expect(cache.lookup('a').status).toBe('unknown');
        expect(cache.stats()).toMatchObject({ loadErrors: 2, inFlight: 0 });
      })(),
  );

  it(
    'keys that were not asked are not stored; bad rows, rows of other keys and doubled ones are set apart, each by itself',
    scene({}, async ({ boot }) => {
      const { source } = batched(
        async () =>
          new Map<string, unknown>([
            ['a', { key: 'a', value: 'A' }],
            ['b', { key: 'a', value: 'A' }],
            ['c', { key: 'c', value: undefined }],
            ['d', null],
            [
              'e',
              Object.defineProperty({ key: 'e' }, 'value', {
                get: () => {
                  throw new Error('a getter');
                },
              }),
            ],
            ['unasked', { key: 'unasked', value: 'U' }],
          ]),
      );
      const { cache, told } = await boot({ source });
      const answers = await cache.readMany(['a', 'b', 'c', 'd', 'e', 'f']);
      expect(
        [...answers.values()].map((known) => ('because' in known ? known.because : known.status)),
      ).toEqual(['fresh', ...Array(4).fill('quarantined'), 'source']);
      expect(told('quarantined').map(({ key }) => key)).toEqual(['b', 'c', 'd', 'e']);
      expect(cache.size).toBe(1);
      expect(cache.lookup('unasked').status).toBe('unknown');
    }),
  );

  it.each(['string', null, undefined, new Error('own')])('it may throw anything, at once too: %j', (what) =>
    scene({}, async ({ boot }) => {
      const { source } = batched(() => {
        throw what;
      });
      const { cache } = await boot({ source });
      const settled = await Promise.allSettled([cache.read('a'), cache.readMany(['b'])]);
      expect(settled).toEqual([
        { status: 'rejected', reason: what },
        { status: 'rejected', reason: what },
      ]);
    })(),
  );

  it(
    'an invalidation voids that key’s lease only; the question is given up when nobody needs the rest',
    scene({}, async ({ boot }) => {
      const answer = gate<Map<string, Row<string>>>();
      let calls = 0;
      const { source, batches, signals } = batched((keys) =>
        ++calls === 1 ? answer.promise : Promise.resolve(found(keys)),
      );
      const { cache } = await boot({ source });
      const early = cache.readMany(['a', 'b', 'c']);
      await reached(() => batches.length >= 1);
      cache.invalidate('a');
      expect(signals[0]?.aborted).toBe(false);
      // Who waited gets a load of their own, at once.
      await reached(() => batches.length >= 2);
      expect(batches[1]).toEqual(['a']);
      answer.open(new Map([...found(['b', 'c']), ['a', { key: 'a', value: 'old' }]]));
      expect([...(await early).values()]).toMatchObject([{ value: 'A' }, { value: 'B' }, { value: 'C' }]);
      expect(cache.get('a')).toBe('A');

      cache.clear();
      const hanging = gate<Map<string, Row<string>>>();
      calls = 0;
      answer.open(new Map());
      const other = batched(() => hanging.promise);
      const two = await boot({ name: 'two', source: other.source });
      const both = two.cache.readMany(['a', 'b']);
      await reached(() => other.batches.length >= 1);
      two.cache.put('a', 'put a');
      expect(other.signals[0]?.aborted).toBe(false);
      two.cache.put('b', 'put b');
      expect(other.signals[0]?.aborted).toBe(true);
      expect([...(await both).values()]).toMatchObject([{ value: 'put a' }, { value: 'put b' }]);
      expect(two.cache.stats().abandoned).toBe(1);
      hanging.open(found(['a', 'b']));
      await two.stop();
      expect(two.cache.get('a')).toBe('put a');
      expect(two.cache.stats().abandoned).toBe(0);
    }),
  );

  it(
    'the cache actor crashes with a batch in flight: what the dead one asked is refused, the callers are served',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      const { cache, crash, incarnations } = await boot();
      db.become({ mode: 'slow', ms: 1_000, deaf: true });
      const all = cache.readMany(['a', 'b', 'x']);
      await w.advance('500ms');
      db.become({ mode: 'up' });
      db.write('a', 'A2');
      crash('cache');
      expect([...(await all).values()]).toMatchObject([
        { value: 'A2' },
        { value: 'B' },
        { status: 'absent' },
      ]);
      await w.advance('2s');
      expect(cache.get('a')).toBe('A2');
      expect(asked('loadMany')).toBe(2);
      expect(incarnations('cache')).toBe(2);
    }),
  );

  it(
    'in an outage one batch is the probe',
    scene({ rows, has }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot();
      db.become({ mode: 'unreachable' });
      await cache.readMany(['a', 'b']);
      expect(cache.state.source).toBe('down');
      db.become({ mode: 'up' });
      await w.advance('1s');
      const before = asked('loadMany');
      const answers = await Promise.all([cache.readMany(['a', 'b']), cache.read('c')]);
      expect(asked('loadMany') - before).toBe(1);
      expect([...answers[0].values()]).toMatchObject([{ value: 'A' }, { value: 'B' }]);
      expect(answers[1]).toMatchObject({ value: 'C' });
    }),
  );

  it(
    'a load of the batch’s own keys inside it is an error',
    scene({}, async ({ boot }) => {
      const { source } = batched(async (keys) => {
        if (keys.includes('a')) await cache.fetch('b');
        return found(keys);
      });
      const { cache } = await boot({ source });
      await expect(cache.readMany(['a', 'b'])).rejects.toMatchObject({ code: 'HOLDFAST_LOAD_CYCLE' });
    }),
  );

  it(
    'secret keys: the source is asked with the keys themselves, the table holds none',
    scene({}, async ({ boot }) => {
      const { source, batches } = batched(async (keys) => found(keys));
      const { cache } = await boot({ source, secretKeys: true });
      expect((await cache.readMany(['a', 'b'])).get('b')).toMatchObject({ value: 'B' });
      expect(batches).toEqual([['a', 'b']]);
      expect(cache.get('a')).toBe('A');
    }),
  );
});

describe('readMany without loadMany', () => {
  it(
    'loads key by key within concurrency',
    scene({}, async ({ w, boot }) => {
      let flying = 0;
      let most = 0;
      const { cache } = await boot({
        load: { concurrency: 3, timeout: '1m' },
        source: async (key) => {
          most = Math.max(most, ++flying);
          await new Promise((resolve) => setTimeout(resolve, 100));
          flying--;
          return key === 'none' ? undefined : key;
        },
      });
      const answers = await cache.readMany(['none', ...Array.from({ length: 8 }, (_, i) => `k${i}`)]);
      expect([...answers.values()].map(({ status }) => status)).toEqual([
        'absent',
        ...Array(8).fill('fresh'),
      ]);
      expect([most, w.now]).toEqual([3, 300]);
      expect(cache.stats()).toMatchObject({ loads: 9, batches: 0 });
    }),
  );

  it(
    'what is no list of keys is refused by name; none asked, none answered',
    scene({ rows, has: [] }, async ({ boot, asked }) => {
      const { cache } = await boot();
      for (const given of ['abc', 7, null, ['a', 7]]) {
        await expect(cache.readMany(given as never)).rejects.toMatchObject({ code: 'HOLDFAST_OPTIONS' });
      }
      await expect(cache.readMany(['a'], { timeuot: 1 } as never)).rejects.toThrow(/timeuot/);
      expect(await cache.readMany([])).toEqual(new Map());
      expect(asked('load')).toBe(0);
    }),
  );

  it(
    'the caller’s patience: what is known of each by then',
    scene({ rows, has: [] }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      await cache.read('a');
      db.become({ mode: 'slow', ms: 1_000 });
      const answers = await cache.readMany(['a', 'b'], { timeout: '100ms' });
      expect([...answers.values()].map(({ status }) => status)).toEqual(['fresh', 'unknown']);
      expect(w.now).toBe(100);
    }),
  );
});
