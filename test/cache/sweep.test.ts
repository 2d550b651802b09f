import type { Row, Source } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { gate, scene } from './build.js';

const rows = { a: 'A', b: 'B', c: 'C' };

describe('a sweep', () => {
  it(
    'comes every 20 s, evicts what is past its own end or past ttl + staleFor, and tells',
    scene({ has: [] }, async ({ w, boot }) => {
      const { cache, told } = await boot({ ttl: '10s', staleFor: '20s' });
      cache.put('aged', 1 as never);
      cache.put('expires', 2 as never, { expiresAt: Date.now() + 5_000 });
      cache.put('stays', 3 as never, { ttl: '1h' });
      await w.advance('19999ms');
      expect(told('swept')).toHaveLength(0);
      expect(cache.size).toBe(3);
      await w.advance('1ms');
      expect(told('swept')).toMatchObject([{ expired: 1, gone: 0, changed: 0, missing: 0 }]);
      expect(told('evicted')).toMatchObject([{ count: 1, because: 'expired' }]);
      expect(cache.size).toBe(2);
      await w.advance('20s');
      expect(told('evicted').at(-1)).toMatchObject({ count: 1, because: 'aged' });
      expect(cache.stats()).toMatchObject({ size: 1, evictedExpired: 2, sweeps: 2 });
      expect(cache.health().lastSweep).toEqual({ at: Date.now() });
    }),
  );

  it(
    'on demand: one for all who ask at once',
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      cache.put('a', 'A', { expiresAt: Date.now() });
      const reports = await Promise.all([cache.sweep(), cache.sweep()]);
      expect(reports).toEqual(
        Array(2).fill({ expired: 1, gone: 0, changed: 0, missing: 0, took: expect.any(Number) }),
      );
      expect(cache.stats().sweeps).toBe(1);
    }),
  );

  it(
    'forgets absences whose time is over',
    scene({ has: [] }, async ({ w, boot }) => {
      const { cache } = await boot({ negativeTtl: '5s' });
      await cache.read('x');
      expect(cache.stats().negatives).toBe(1);
      await w.advance('20s');
      expect(cache.stats().negatives).toBe(0);
    }),
  );
});

describe('the source’s change feed', () => {
  it(
    'rows deleted and changed in the database are seen within a sweep',
    scene({ rows, has: ['scan', 'changes'] }, async ({ w, db, boot }) => {
      const { cache, told } = await boot();
      await cache.warmed();
      await w.advance('21s');
      db.erase('a');
      db.write('b', 'B2');
      db.write('new', 'N');
      await w.advance('20s');
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'source' });
      expect(cache.get('b')).toBe('B2');
      expect(cache.get('new')).toBe('N');
      expect(cache.get('c')).toBe('C');
      expect(told('invalidated')).toMatchObject([{ keys: ['a'], because: 'source' }]);
      expect(told('swept').at(-1)).toMatchObject({ gone: 1, changed: 2 });
    }),
  );

  it(
    'what changed while the first pass ran is not lost between the pass and the feed',
    scene({ rows, has: ['scan', 'changes'] }, async ({ w, db, boot }) => {
      db.become({ mode: 'slow', ms: 1_000 });
      const { cache } = await boot({ warm: { batch: 1 } });
      await w.advance('1500ms');
      db.write('a', 'A2');
      db.become({ mode: 'up' });
      await cache.warmed();
      await cache.sweep();
      expect(cache.get('a')).toBe('A2');
    }),
  );

  it(
    'a source whose scan gives no cursor is asked for its changes all the same',
    scene({}, async ({ w, boot }) => {
      const since: (string | undefined)[] = [];
      const source: Source<string> = {
        load: async () => undefined,
        async *scan() {
          yield { rows: [{ key: 'a', value: 'A' }] };
        },
        async *changes(cursor) {
          since.push(cursor);
          yield { gone: since.length > 1 ? ['a'] : [], changed: [], cursor: String(since.length) };
        },
      };
      const { cache } = await boot({ source });
      await cache.warmed();
      await w.advance('41s');
      expect(since).toEqual([undefined, '1']);
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'source' });
    }),
  );

  it(
    'over a source without scan only what is held is touched: nobody asked for the rest',
    scene({ rows, has: ['changes'] }, async ({ db, boot }) => {
      const { cache } = await boot();
      await cache.sweep();
      await cache.read('a');
      await cache.read('x');
      db.write('a', 'A2');
      db.write('b', 'B2');
      db.write('x', 'X');
      await cache.sweep();
      expect(cache.get('a')).toBe('A2');
      expect(cache.get('x')).toBe('X');
      expect(cache.has('b')).toBe(false);
    }),
  );

  it(
    'a row put or revoked here while the feed was read is not overwritten by it',
    scene({ rows, has: ['scan', 'changes'] }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      db.write('a', 'A2');
      db.write('b', 'B2');
      db.erase('c');
      db.become({ mode: 'slow', ms: 1_000 });
      const sweep = cache.sweep();
      await w.advance('500ms');
      cache.put('a', 'put');
      cache.revoke('b');
      cache.put('c', 'put');
      await sweep;
      expect(cache.get('a')).toBe('put');
      expect(cache.lookup('b').status).toBe('absent');
      expect(cache.get('c')).toBe('put');
    }),
  );

  it(
    'a gap in it: everything held is suspect until a complete pass, which comes at once',
    scene({}, async ({ w, boot }) => {
      const scans = gate();
      let passes = 0;
      let reset = false;
      const source: Source<string> = {
        load: async (key) => ({ key, value: 'loaded' }),
        async *scan() {
          if (++passes > 1) await scans.promise;
          yield {
            rows: [
              { key: 'a', value: `pass ${passes}` },
              { key: 'b', value: 'B' },
            ],
            cursor: '0',
          };
        },
        async *changes() {
          yield { gone: [], changed: [], cursor: '1', reset };
          reset = false;
        },
      };
      const { cache } = await boot({ source });
      await cache.warmed();
      reset = true;
      await w.advance('1s');
      await cache.sweep();
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect', value: 'pass 1' });
      // What is confirmed afterwards is not in doubt.
      expect(await cache.read('b')).toMatchObject({ status: 'fresh', value: 'loaded' });
      expect(passes).toBe(2);
      scans.open();
      await w.advance('1s');
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'pass 2' });
    }),
  );
});

describe('hard deletes', () => {
  it(
    'are found by `missing` between two passes, without a trace in any feed',
    scene({ rows, has: ['scan', 'missing'] }, async ({ w, db, boot }) => {
      const { cache, told } = await boot();
      await cache.warmed();
      await w.advance('21s');
      // At the very next sweep, though everybody was asked about at the last one.
      for (const key of ['b', 'c']) {
        db.erase(key);
        await w.advance('20s');
        expect(cache.lookup(key)).toMatchObject({ status: 'absent', because: 'source' });
        expect(told('swept').at(-1)).toMatchObject({ missing: 1 });
        expect(told('invalidated').at(-1)).toMatchObject({ keys: [key], because: 'source' });
      }
      expect(cache.get('a')).toBe('A');
    }),
  );

  it(
    'of many entries a share is asked for at a time: once round in a warm interval, on from where it stopped',
    scene({}, async ({ w, boot }) => {
      const asked: string[][] = [];
      const keys = Array.from({ length: 150 }, (_, i) => `k${String(i).padStart(3, '0')}`);
      const source: Source<string> = {
        load: async () => undefined,
        async *scan() {
          yield { rows: keys.map((key): Row<string> => ({ key, value: key })) };
        },
        missing: async (some) => {
          asked.push([...some]);
          return [];
        },
      };
      const { cache } = await boot({ source, warm: { batch: 10, every: '1h' }, sweep: { every: '4m' } });
      await cache.warmed();
      await w.advance('53m');
      // 150 entries in 15 sweeps: ten each.
      expect(asked.every((some) => some.length <= 10)).toBe(true);
      expect(new Set(asked.flat()).size).toBe(asked.flat().length);
      await w.advance('8m');
      expect(new Set(asked.flat()).size).toBe(150);
    }),
  );

  it(
    'what is written while `missing` is asked is not taken away by its answer',
    scene({ rows, has: ['scan', 'missing'] }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      db.erase('a');
      db.become({ mode: 'slow', ms: 1_000 });
      const sweep = cache.sweep();
      await w.advance('500ms');
      cache.put('a', 'A2');
      await sweep;
      expect(cache.get('a')).toBe('A2');
    }),
  );

  it(
    'an answer that names keys which were not asked for removes nothing',
    scene({}, async ({ boot }) => {
      const { cache } = await boot({
        source: { load: async () => undefined, missing: async () => ['b', 'x'] },
        warm: { batch: 1 },
        sweep: { every: '1s' },
      });
      cache.put('a', 'A');
      cache.put('b', 'B');
      await cache.sweep();
      expect(cache.get('b')).toBe('B');
    }),
  );
});

describe('while the source is away', () => {
  it(
    'it goes on sweeping, and does not ask',
    scene({ rows }, async ({ w, db, boot, asked }) => {
      const { cache, told } = await boot();
      await cache.warmed();
      db.become({ mode: 'unreachable' });
      await w.advance('25s');
      const before = [asked('changes'), asked('missing')];
      cache.put('short', 'S', { expiresAt: Date.now() + 1_000 });
      await w.advance('1m');
      expect(told('evicted').at(-1)).toMatchObject({ because: 'expired' });
      expect([asked('changes'), asked('missing')]).toEqual(before);
      expect(await cache.sweep()).toMatchObject({ expired: 0 });
      expect(cache.get('a')).toBe('A');
    }),
  );

  it(
    'an error of its own is told, logged, rejects who asked, and is tried again',
    scene({ rows }, async ({ w, db, boot }) => {
      const { cache, told, log } = await boot();
      await cache.warmed();
      db.become({ mode: 'throws', what: 'TypeError' });
      cache.put('short', 'S', { expiresAt: Date.now() });
      await expect(cache.sweep()).rejects.toBeInstanceOf(TypeError);
      expect(told('swept').at(-1)).toMatchObject({ expired: 1, error: expect.any(TypeError) });
      expect(cache.health().lastSweep?.error).toContain('Scripted');
      expect(log.some(({ level, message }) => level === 'error' && message.startsWith('sweep:'))).toBe(true);
      db.become({ mode: 'up' });
      db.erase('a');
      await w.advance('20s');
      expect(cache.lookup('a').status).toBe('absent');
      expect(cache.health().lastSweep?.error).toBeUndefined();
    }),
  );
});
