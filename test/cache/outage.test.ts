import { SourceUnavailableError } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { scene } from './build.js';

const rows = { a: 'A', b: 'B' };

describe('the source fails', () => {
  it(
    'fails fast until the next probe: no caller meets the outage, none waits for a timeout',
    scene({ rows, has: [] }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot({ load: { retries: 0 } });
      db.become({ mode: 'unreachable', as: 'ECONNREFUSED' });
      await expect(cache.fetch('a')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
      expect(cache.state.source).toBe('down');
      const [began, before] = [w.now, asked('load')];
      const answers = await Promise.allSettled(Array.from({ length: 1_000 }, (_, i) => cache.fetch(`k${i}`)));
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'HOLDFAST_SOURCE_UNAVAILABLE' } });
      }
      expect(await cache.read('b')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      expect(cache.lookup('b')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      expect(w.now).toBe(began);
      expect(asked('load')).toBe(before);
    }),
  );

  it(
    'at most one probe per backoff step, a single call, though everybody asks all the time',
    scene({ rows, has: ['scan'] }, async ({ w, db, boot }) => {
      const { cache, told } = await boot();
      await cache.warmed();
      db.become({ mode: 'unreachable' });
      const down = w.now;
      const crowd = setInterval(() => {
        for (let i = 0; i < 5; i++) void cache.read(`k${i}`);
      }, 20);
      await w.advance('30s');
      clearInterval(crowd);
      const asked = db.history.all
        .filter((h) => h.type === 'asked' && h.at > down)
        .map(({ at }) => at - down);
      const wentDown = (told('source.down')[0]?.since ?? 0) - Date.UTC(2024, 0, 1) - down;
      // 500 ms after it went down, then 1, 2, 4, 8 s later.
      const probes = asked.filter((at) => at > wentDown);
      expect(probes).toHaveLength(5);
      expect(probes.map((at, i) => at - (probes[i - 1] ?? wentDown))).toEqual([500, 1000, 2000, 4000, 8000]);
    }),
  );

  it(
    'a load may be the probe; when it is answered the source is up, for all',
    scene({ rows, has: [] }, async ({ w, db, boot, asked }) => {
      const { cache, told } = await boot();
      db.become({ mode: 'unreachable' });
      await cache.read('a');
      expect(cache.state).toMatchObject({ source: 'down', warmer: 'backoff' });
      await w.advance('10m');
      db.become({ mode: 'up' });
      const before = asked('load');
      const both = await Promise.all([cache.read('a'), cache.read('b')]);
      // The one that came second was not let through, and need not have been.
      expect(both).toMatchObject([{ status: 'fresh' }, { status: 'unknown', because: 'source-unreachable' }]);
      expect(asked('load') - before).toBe(1);
      expect(cache.state).toMatchObject({ source: 'up', warmer: 'idle' });
      expect(await cache.fetch('b')).toBe('B');
      expect(told('source.up')).toHaveLength(1);
    }),
  );

  it(
    'a source that can only load but be pinged is found to be back by pings',
    scene({ rows, has: ['ping'] }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot();
      db.become({ mode: 'unreachable' });
      await cache.read('a');
      await w.advance('10m');
      expect(cache.state).toMatchObject({ source: 'down', warmer: 'backoff' });
      expect(asked('ping')).toBeGreaterThan(15);
      db.become({ mode: 'up' });
      await w.advance('30s');
      expect(cache.state).toMatchObject({ source: 'up', warmer: 'idle' });
    }),
  );

  it(
    'stale is served where it may be, and says why; fresh stays fresh',
    scene({ rows, has: [] }, async ({ w, db, boot }) => {
      const { cache } = await boot({ ttl: '1m', staleFor: '10m' });
      await cache.fetch('a');
      await w.advance('50s');
      await cache.fetch('b');
      await w.advance('30s');
      expect(cache.lookup('a')).toEqual({ status: 'stale', value: 'A', age: 80_000, because: 'ttl' });
      db.become({ mode: 'unreachable' });
      expect(await cache.read('a')).toMatchObject({
        status: 'stale',
        value: 'A',
        because: 'source-unreachable',
      });
      expect(cache.lookup('b')).toEqual({ status: 'fresh', value: 'B', age: expect.any(Number) });
      expect(await cache.fetch('b')).toBe('B');
      await w.advance('1m');
      expect(cache.get('a')).toBe('A');
      expect(cache.lookup('b')).toMatchObject({ status: 'stale', because: 'source-unreachable' });
      await w.advance('10m');
      // Past ttl + staleFor nobody is served; and nobody is logged out either.
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      await expect(cache.fetch('a')).rejects.toBeInstanceOf(SourceUnavailableError);
    }),
  );

  it(
    'what was absent stays so for its time, then nobody knows',
    scene({ rows, has: [] }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      await cache.read('x');
      db.become({ mode: 'unreachable' });
      await cache.read('other');
      expect(cache.lookup('x').status).toBe('absent');
      await w.advance('31s');
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'source-unreachable' });
    }),
  );

  it(
    'save and remove are refused, nothing is changed here, nothing is queued',
    scene({ rows, has: ['scan', 'save', 'remove'] }, async ({ w, db, boot, asked }) => {
      const { cache } = await boot();
      await cache.warmed();
      db.become({ mode: 'unreachable' });
      await expect(cache.save('c', 'C')).rejects.toBeInstanceOf(SourceUnavailableError);
      await expect(cache.remove('a')).rejects.toBeInstanceOf(SourceUnavailableError);
      expect(cache.get('a')).toBe('A');
      expect(cache.has('c')).toBe(false);
      const before = [asked('save'), asked('remove')];
      await w.settle();
      await expect(cache.remove('a')).rejects.toBeInstanceOf(SourceUnavailableError);
      db.become({ mode: 'up' });
      await w.advance('10m');
      expect([asked('save'), asked('remove')]).toEqual(before);
      expect(db.rows.has('a')).toBe(true);
    }),
  );
});

describe('what means unreachable', () => {
  it(
    'three timeouts in a row without a success; two and a success do not',
    scene({ rows, has: [], leaves: true }, async ({ w, db, boot }) => {
      const { cache, told } = await boot({ load: { timeout: '1s' } });
      for (const key of ['a', 'b']) {
        db.become({ mode: 'hang' });
        await cache.read(key);
        await cache.read(key);
        expect(cache.state.source).not.toBe('down');
        db.become({ mode: 'up' });
        await cache.read(key);
        expect(cache.state.source).toBe('up');
      }
      db.become({ mode: 'hang' });
      await cache.read('x');
      await cache.read('y');
      expect(told('source.down')).toEqual([]);
      const began = w.now;
      expect(await cache.read('z')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      expect(w.now - began).toBe(1_000);
      expect(told('source.down')).toMatchObject([{ error: { code: 'HOLDFAST_LOAD_TIMEOUT' } }]);
    }),
  );

  it(
    'an error of its own does not',
    scene({ rows, has: [] }, async ({ db, boot }) => {
      const { cache } = await boot();
      db.become({ mode: 'throws', what: 'TypeError' });
      for (let i = 0; i < 10; i++) await expect(cache.read(`k${i}`)).rejects.toBeInstanceOf(TypeError);
      expect(cache.state.source).toBe('unknown');
    }),
  );

  it(
    'what the user’s `unavailable` says; one that throws is reported and taken for a no',
    scene({ has: [] }, async ({ boot }) => {
      const source = async (): Promise<string> => {
        throw { oracle: 'ORA-12541' };
      };
      const saying = await boot({ source, unavailable: (error) => 'oracle' in Object(error), name: 'one' });
      expect(await saying.cache.read('a')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      expect(saying.cache.state.source).toBe('down');
      await saying.stop();
      const throwing = await boot({
        source,
        name: 'two',
        unavailable: () => {
          throw new Error('no classifier');
        },
      });
      await expect(throwing.cache.read('a')).rejects.toEqual({ oracle: 'ORA-12541' });
      expect(throwing.told('hook.failed')).toMatchObject([
        { hook: 'unavailable', error: { message: 'no classifier' } },
      ]);
    }),
  );

  it(
    'calls that were begun before the outage do not lengthen its backoff',
    scene({ rows, has: [] }, async ({ w, boot }) => {
      const { cache } = await boot({
        load: { retries: 0 },
        source: async (key) => {
          await new Promise((resolve) => setTimeout(resolve, Number(key)));
          throw new SourceUnavailableError();
        },
      });
      const all = Promise.all(['10', '20', '30', '40', '50'].map((key) => cache.read(key)));
      await w.advance('100ms');
      await all;
      expect(cache.health().sourceHealth).toMatchObject({ reachable: false, attempt: 1 });
      expect((cache.health().sourceHealth.nextAttemptAt ?? 0) - Date.now()).toBe(10 + 500 - 100);
    }),
  );

  it(
    'a probe whose asker died leaves the way free for the next',
    scene({ rows, has: ['scan'] }, async ({ w, db, boot, asked }) => {
      db.become({ mode: 'unreachable' });
      const { cache, crash, told } = await boot();
      await w.advance('2s');
      db.become({ mode: 'hang' });
      await w.advance('3s');
      expect(cache.state).toMatchObject({ source: 'down', warmer: 'warming' });
      crash('warmer');
      db.become({ mode: 'up' });
      const before = asked('scan');
      await w.advance('30s');
      expect(asked('scan')).toBeGreaterThan(before);
      expect(cache.state).toEqual({ data: 'complete', source: 'up', warmer: 'idle' });
      expect(told('source.up')).toHaveLength(1);
    }),
  );
});

describe('what does not mean unreachable', () => {
  it(
    'after an outage a scan that is broken keeps nobody from loading',
    scene({}, async ({ w, boot }) => {
      let mode: 'up' | 'down' | 'broken scan' = 'up';
      const { cache } = await boot({
        source: {
          load: async (key) => {
            if (mode === 'down') throw new SourceUnavailableError();
            return { key, value: 'loaded' };
          },
          async *scan() {
            if (mode === 'down') throw new SourceUnavailableError();
            if (mode === 'broken scan') throw new TypeError('scan');
            yield { rows: [] };
          },
        },
      });
      await cache.warmed();
      mode = 'down';
      await cache.read('a');
      await w.advance('1m');
      mode = 'broken scan';
      let served = 0;
      for (let i = 0; i < 100; i++) {
        await w.advance('1357ms');
        if ((await cache.read(`k${i}`)).status === 'fresh') served++;
      }
      expect(served).toBeGreaterThan(50);
    }),
  );

  it(
    'clear() while many loads run: the source is not called away',
    scene({}, async ({ w, boot }) => {
      const { cache, told } = await boot({
        source: async (key) => {
          await new Promise((r) => setTimeout(r, 100));
          return key;
        },
      });
      const reads = Array.from({ length: 100 }, (_, i) => cache.read(`k${i}`));
      await w.advance('50ms');
      cache.clear();
      const all = await Promise.all(reads);
      expect(told('source.down')).toEqual([]);
      expect(all.every(({ status }) => status === 'fresh')).toBe(true);
    }),
  );

  it(
    'concurrency 1: one invalidation is no outage',
    scene({}, async ({ w, boot }) => {
      const { cache, told } = await boot({
        load: { concurrency: 1 },
        source: async (key) => {
          await new Promise((r) => setTimeout(r, 100));
          return key;
        },
      });
      const read = cache.read('a');
      await w.advance('50ms');
      cache.invalidate('a');
      expect((await read).status).toBe('fresh');
      expect(told('source.down')).toEqual([]);
    }),
  );
});

describe('a flapping source', () => {
  it(
    'nobody is logged out by it',
    scene({ rows, has: ['scan', 'changes', 'missing'] }, async ({ w, db, boot }) => {
      const { cache } = await boot({
        ttl: '1s',
        staleFor: '1h',
        warm: { every: '3s' },
        sweep: { every: '1s' },
      });
      await cache.warmed();
      db.become({ mode: 'flap', every: 700 });
      w.always('a and b are there', () => {
        for (const key of ['a', 'b']) {
          const { status } = cache.lookup(key);
          if (status !== 'fresh' && status !== 'stale') throw new Error(`${key} is ${status}`);
        }
      });
      for (let i = 0; i < 60; i++) {
        await w.advance('500ms');
        const answer = await cache.read(i % 2 === 0 ? 'a' : 'x');
        if (i % 2 === 0) expect(['fresh', 'stale']).toContain(answer.status);
        else expect(['absent', 'unknown']).toContain(answer.status);
      }
    }),
  );
});
