import { describe, expect, it } from 'vitest';
import { scene } from './build.js';

const rows = { a: 'A', b: 'B' };
const has = ['scan'] as const;
const options = {
  authoritative: true,
  ttl: '10m',
  warm: { every: '30m', backoff: { jitter: false } },
} as const;

describe('authoritative', () => {
  it(
    'what a complete pass did not see, of keys never held, is absent: for ttl, and the source is not asked',
    scene({ rows, has, options }, async ({ w, boot, asked }) => {
      const { cache } = await boot();
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'cold' });
      await cache.warmed();
      await w.advance('5m');
      expect(cache.lookup('x')).toEqual({ status: 'absent', age: 300_000, because: 'pass' });
      expect((await cache.read('x')).status).toBe('absent');
      expect(asked('load')).toBe(0);
      await w.advance('5m');
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'not-loaded' });
      await cache.warm();
      expect(cache.lookup('x').status).toBe('absent');
    }),
  );

  it(
    'without it a complete pass says nothing of keys never held',
    scene({ rows, has, options }, async ({ boot }) => {
      const { cache } = await boot({ authoritative: false });
      await cache.warmed();
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'not-loaded' });
    }),
  );

  it(
    'only while the source was reachable at last contact; a partial pass proves nothing',
    scene({ rows, has, options }, async ({ db, boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      db.become({ mode: 'unreachable' });
      await cache.warm().catch(() => {});
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      db.become({ mode: 'partial', batches: 1 });
      await cache.warm().catch(() => {});
      expect(cache.lookup('x').status).toBe('unknown');
      db.become({ mode: 'up' });
      await cache.warm();
      expect(cache.lookup('x').status).toBe('absent');
    }),
  );

  it(
    'never for a key that was invalidated, evicted, aged out or quarantined, until the next complete pass that began afterwards',
    scene({ rows, has, options }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      db.write('bad', 'x');
      db.corrupt('bad');
      await cache.warmed();
      cache.put('aged', 'x', { ttl: '1s', staleFor: 0 });
      cache.put('expired', 'x', { expiresAt: Date.now() + 1_000 });
      cache.invalidate(['a', 'never held']);
      await w.advance('1m');
      expect(cache.size).toBe(1);
      for (const key of ['aged', 'expired', 'a', 'never held', 'bad'])
        expect([key, cache.lookup(key).status]).toEqual([key, 'unknown']);
      expect(cache.lookup('x').status).toBe('absent');
      await cache.warm();
      for (const key of ['aged', 'expired', 'never held'])
        expect([key, cache.lookup(key).status]).toEqual([key, 'absent']);
      expect(cache.lookup('bad')).toEqual({ status: 'unknown', because: 'quarantined' });
    }),
  );

  it(
    'nor for a key that was invalidated while the pass ran',
    scene({ rows, has, options }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      db.become({ mode: 'slow', ms: 1_000 });
      const warm = cache.warm();
      await w.advance('1500ms');
      cache.invalidate('x');
      db.write('x', 'X');
      await warm;
      expect(cache.lookup('x').status).toBe('unknown');
      expect(cache.lookup('y').status).toBe('absent');
    }),
  );

  it(
    'an eviction for want of room voids it until a complete pass that evicted nothing',
    scene({ rows, has, options }, async ({ db, boot }) => {
      const { cache } = await boot({ maxEntries: 2 });
      await cache.warmed();
      expect(cache.lookup('x').status).toBe('absent');
      cache.put('c', 'C');
      expect(cache.lookup('x').status).toBe('unknown');
      db.write('d', 'D');
      await cache.warm();
      expect(cache.lookup('x').status).toBe('unknown');
      db.erase('d');
      db.erase('a');
      await cache.warm();
      await cache.warm();
      expect(cache.lookup('x').status).toBe('absent');
    }),
  );

  it(
    'a rebuild and a restore void it until a complete pass that began afterwards',
    scene({ rows, has, options }, async ({ w, store, boot }) => {
      const one = await boot({ snapshot: { store } });
      await one.cache.warmed();
      one.crash('cache');
      await w.settle();
      expect(one.cache.lookup('x').status).toBe('absent');
      one.crash('cache');
      await w.settle();
      expect(one.told('rebuilt')).toHaveLength(1);
      expect(one.cache.lookup('x').status).toBe('unknown');
      await one.cache.warm();
      expect(one.cache.lookup('x').status).toBe('absent');
      await one.stop();
      const two = await boot({ snapshot: { store } });
      expect(two.cache.lookup('x').status).toBe('unknown');
      await two.cache.warmed();
      expect(two.cache.lookup('x').status).toBe('absent');
    }),
  );
});
