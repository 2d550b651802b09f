import { describe, expect, it } from 'vitest';
import { scene } from './build.js';

const rows = { a: 'A', b: 'B' };

describe('put', () => {
  it(
    'is seen at once, by everybody',
    scene({ rows, has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      cache.put('a', 'put', { version: 3, tags: ['t'], weight: 2 });
      expect(cache.lookup('a')).toEqual({ status: 'fresh', value: 'put', age: 0 });
      expect(await cache.fetch('a')).toBe('put');
      expect(cache.size).toBe(1);
    }),
  );

  it(
    'takes the place of absence and of a revocation',
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot();
      await cache.read('a');
      cache.put('a', 'A');
      cache.revoke('b');
      cache.put('b', 'B');
      expect([cache.get('a'), cache.get('b')]).toEqual(['A', 'B']);
      expect(cache.stats()).toMatchObject({ negatives: 0, tombstones: 0 });
    }),
  );

  it.each<[object, RegExp]>([
    [{ exipresAt: 1 }, /exipresAt/],
    [{ ttl: '5 minuets' }, /"ttl".*5 minuets/],
    [{ ttl: 50.5 }, /"ttl".*50\.5/],
    [{ ttl: -1 }, /"ttl".*-1/],
    [{ staleFor: 'for ever' }, /"staleFor"/],
    [{ expiresAt: Number.NaN }, /"expiresAt".*NaN/],
    [{ expiresAt: '2024-01-01' }, /"expiresAt".*2024-01-01/],
    [{ version: Number.NaN }, /"version".*NaN/],
    [{ version: '3' }, /"version".*3/],
    [{ weight: -1 }, /"weight".*-1/],
    [{ tags: 'red' }, /"tags".*red/],
    [{ tags: [7] }, /"tags".*array of strings/],
  ])('%j is refused by name, and nothing is stored', (entry, message) =>
    scene({ has: ['save'] }, async ({ boot, asked }) => {
      const { cache } = await boot();
      expect(() => cache.put('a', 'A', entry)).toThrow(message);
      await expect(cache.save('a', 'A', entry)).rejects.toThrow(message);
      expect(cache.size).toBe(0);
      expect(asked('save')).toBe(0);
    })(),
  );

  it(
    'of a key that the guard refuses is an error',
    scene({ has: ['save', 'remove'] }, async ({ boot, asked }) => {
      const { cache } = await boot({ key: (key) => key.startsWith('k') });
      expect(() => cache.put('malformed', 'x')).toThrow(/guard refuses "malformed"/);
      await expect(cache.save('malformed', 'x')).rejects.toMatchObject({ code: 'HOLDFAST_OPTIONS' });
      // Where there can be nothing, nothing is removed.
      await cache.remove('malformed');
      cache.invalidate('malformed');
      cache.revoke(['malformed']);
      expect(cache.stats()).toMatchObject({ size: 0, tombstones: 0, invalidated: 0 });
      expect(asked('save') + asked('remove')).toBe(0);
    }),
  );
});

describe('where both carry a version, the lower never replaces the higher', () => {
  const source = (versions: Record<string, number | undefined>) => ({
    load: async (key: string) => ({
      key,
      value: `v${versions[key]}`,
      ...(versions[key] !== undefined && { version: versions[key] }),
    }),
    async *scan() {
      yield {
        rows: Object.entries(versions).map(([key, version]) => ({
          key,
          value: `v${version}`,
          ...(version !== undefined && { version }),
        })),
      };
    },
  });

  it(
    'not by a pass, not by a load; the higher does, and so does one without',
    scene({}, async ({ w, boot }) => {
      const versions: Record<string, number | undefined> = { a: 3 };
      const { cache } = await boot({ source: source(versions), ttl: '1m', sweep: { every: '1h' } });
      await cache.warmed();
      cache.put('a', 'v5', { version: 5 });
      await cache.warm();
      expect(cache.get('a')).toBe('v5');
      await w.advance('61s');
      const read = await cache.read('a');
      expect(read).toMatchObject({ value: expect.stringMatching(/v[35]/) });
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', value: 'v5' });
      expect(cache.stats().refused).toBeGreaterThanOrEqual(2);
      versions.a = 6;
      await cache.warm();
      expect(cache.get('a')).toBe('v6');
      versions.a = undefined;
      await cache.warm();
      expect(cache.get('a')).toBe('vundefined');
      versions.a = 1;
      await cache.warm();
      expect(cache.get('a')).toBe('v1');
    }),
  );
});

describe('invalidate, revoke', () => {
  it(
    'invalidate: nothing is known any more; revoke: it is known to be gone; one key or many; the bus is told',
    scene({ rows: { a: 'A', b: 'B', c: 'C' }, has: ['scan'] }, async ({ boot }) => {
      const { cache, told } = await boot();
      await cache.warmed();
      cache.invalidate('a');
      cache.revoke(['b', 'never held']);
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(cache.lookup('b')).toEqual({ status: 'absent', age: 0, because: 'removed' });
      expect(cache.lookup('never held')).toEqual({ status: 'absent', age: 0, because: 'removed' });
      expect(cache.get('c')).toBe('C');
      expect(told('invalidated')).toMatchObject([
        { keys: ['a'], because: 'invalidate' },
        { keys: ['b', 'never held'], because: 'revoke' },
      ]);
      cache.invalidate([]);
      expect(told('invalidated')).toHaveLength(2);
      expect(cache.stats().invalidated).toBe(3);
    }),
  );

  it(
    'what was revoked is absent until the source confirms: a pass that began afterwards and still sees it',
    scene({ rows, has: ['scan'] }, async ({ db, boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      cache.revoke(['a', 'b']);
      db.erase('b');
      await cache.warm();
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A' });
      expect(cache.lookup('b').status).toBe('absent');
    }),
  );

  it(
    'without a snapshot a tombstone ends with the last older lease; a revocation when staleFor has passed; neither counts as a negative',
    scene({ rows, has: [] }, async ({ w, db, boot }) => {
      const { cache } = await boot({ ttl: '1m', staleFor: '5m', maxNegative: 0 });
      db.become({ mode: 'slow', ms: 1_000 });
      const reads = Promise.all([cache.read('a'), cache.read('b')]);
      await w.advance('100ms');
      cache.invalidate('a');
      cache.revoke('b');
      expect(cache.stats().tombstones).toBe(2);
      await reads;
      await w.advance('1m');
      expect(cache.stats()).toMatchObject({ tombstones: 1, negatives: 0 });
      expect(cache.lookup('b').status).toBe('absent');
      // One sweep past the five minutes, and less than staleFor and ttl together.
      await w.advance('270s');
      expect(cache.stats().tombstones).toBe(0);
      expect(cache.lookup('b').status).toBe('unknown');
    }),
  );

  it(
    'a crashed cache actor’s load brings nothing back after an invalidation',
    scene({ has: [] }, async ({ w, db, boot }) => {
      db.write('a', 'old');
      const { cache, crash } = await boot();
      db.become({ mode: 'slow', ms: 1_000, deaf: true });
      const early = cache.read('a');
      await w.advance('500ms');
      crash('cache');
      db.become({ mode: 'up' });
      db.write('a', 'new');
      cache.invalidate('a');
      expect(await early).toMatchObject({ status: 'fresh', value: 'new' });
      await w.advance('5s');
      expect(cache.get('a')).toBe('new');
    }),
  );
});

describe('save, remove', () => {
  it(
    'go through the source, then to memory; a miss of a method is said',
    scene({ rows, has: ['save', 'remove', 'scan'] }, async ({ db, boot }) => {
      const { cache, stop } = await boot();
      await cache.warmed();
      const expiresAt = Date.now() + 60_000;
      await cache.save('c', 'C', { expiresAt });
      expect(db.rows.get('c')).toMatchObject({ value: 'C', expiresAt });
      expect(cache.lookup('c')).toEqual({ status: 'fresh', value: 'C', age: 0, expiresAt });
      await cache.remove('a');
      expect(db.rows.has('a')).toBe(false);
      expect(cache.lookup('a')).toEqual({ status: 'absent', age: 0, because: 'removed' });
      await cache.warm();
      expect(cache.get('c')).toBe('C');
      expect(cache.lookup('a').status).toBe('absent');
      await stop();
      const without = await boot({ name: 'short', source: async () => 'x' });
      await expect(without.cache.save('a', 'x')).rejects.toMatchObject({
        code: 'HOLDFAST_STATE',
        message: expect.stringContaining('save'),
      });
      await expect(without.cache.remove('a')).rejects.toMatchObject({
        code: 'HOLDFAST_STATE',
        message: expect.stringContaining('remove'),
      });
    }),
  );

  it(
    'an error of the source’s own comes unchanged; memory keeps what it held',
    scene({ rows, has: ['save', 'remove', 'scan'] }, async ({ db, boot }) => {
      const { cache } = await boot();
      await cache.warmed();
      db.become({ mode: 'throws', what: 'TypeError' });
      await expect(cache.save('a', 'A2')).rejects.toBeInstanceOf(TypeError);
      await expect(cache.remove('a')).rejects.toBeInstanceOf(TypeError);
      expect(cache.get('a')).toBe('A');
      expect(cache.state.source).toBe('up');
    }),
  );

  it(
    'a slow save that a remove overtakes: the removal stands',
    scene({ rows, has: ['save', 'remove'] }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      db.become({ mode: 'slow', ms: 1_000 });
      const save = cache.save('a', 'A2');
      await w.advance('100ms');
      db.become({ mode: 'up' });
      await cache.remove('a');
      await save;
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'removed' });
    }),
  );

  it(
    'a slow save that a remove overtakes: what a load brings that began before its end is refused all the same',
    scene({ rows, has: ['save', 'remove'], leaves: true }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      db.become({ mode: 'slow', ms: 1_000 });
      const save = cache.save('a', 'A2');
      await w.advance('100ms');
      db.become({ mode: 'up' });
      await cache.remove('a');
      db.become({ mode: 'slow', ms: 1_500, deaf: true });
      const refreshed = cache.refresh('a');
      await w.settle();
      db.become({ mode: 'up' });
      await save;
      expect(await refreshed).toMatchObject({ status: 'fresh', value: 'A2' });
      expect(await cache.read('a')).toMatchObject({ status: 'fresh', value: 'A2' });
    }),
  );

  it(
    'a slow save that an invalidation overtakes: nobody knows which came last',
    scene({ rows, has: ['save'] }, async ({ w, db, boot }) => {
      const { cache } = await boot();
      db.become({ mode: 'slow', ms: 1_000 });
      const save = cache.save('a', 'A2');
      await w.advance('100ms');
      db.become({ mode: 'up' });
      db.write('a', 'another’s');
      cache.put('a', 'another’s');
      await save;
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
    }),
  );
});

describe('clear', () => {
  it(
    'empties the memory, absences and revocations too; a pass fills it again',
    scene({ rows, has: ['scan'] }, async ({ w, boot }) => {
      const { cache, told } = await boot();
      await cache.warmed();
      await cache.read('x');
      cache.revoke('a');
      cache.clear();
      expect(cache.stats()).toMatchObject({ size: 0, negatives: 0, tombstones: 0, quarantined: 0 });
      expect(cache.lookup('b')).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(cache.lookup('x').status).toBe('unknown');
      expect(cache.state.data).toBe('cold');
      expect(told('invalidated').at(-1)).toMatchObject({ because: 'clear' });
      await w.advance('1s');
      expect(cache.state.data).toBe('complete');
      expect(cache.get('b')).toBe('B');
    }),
  );

  it(
    'before the start, and of an empty cache',
    scene({ rows, has: ['scan'] }, async ({ define }) => {
      const one = define();
      one.cache.clear();
      one.cache.put('x', 'X');
      one.cache.clear();
      expect(one.cache.size).toBe(0);
      await one.start();
      await one.cache.warmed();
      expect(one.cache.size).toBe(2);
    }),
  );
});

describe('maxEntries', () => {
  it(
    'the least used leave first, and are told of; size never exceeds it',
    scene({ has: [] }, async ({ boot }) => {
      const { cache } = await boot({ maxEntries: 3 });
      for (const key of ['a', 'b', 'c']) cache.put(key, key);
      // What was read once while it was new is not spared yet.
      for (const key of ['a', 'a', 'c']) cache.get(key);
      cache.put('d', 'd');
      expect(cache.size).toBe(3);
      expect(cache.has('b')).toBe(false);
      expect(cache.has('a') && cache.has('c') && cache.has('d')).toBe(true);
      expect(cache.stats().evictedCapacity).toBe(1);
    }),
  );
});
