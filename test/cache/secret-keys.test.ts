import { describe, expect, it } from 'vitest';
import { CacheCore } from '../../actors/cache/core.js';
import { cachePolicy } from '../../actors/cache/options.js';
import { Writer } from '../../actors/cache/writer.js';
import { type Booted, scene } from './build.js';

const secret = 'token-6f1c9a52-do-not-tell';
const other = 'token-2-do-not-tell-either';

/** Everything that was told or logged, errors and their causes included. */
function everythingTold({ events, log, cache, runtime }: Booted<string>): string {
  const seen = new Set<unknown>();
  return JSON.stringify(
    { events, log, stats: cache.stats(), health: cache.health(), tree: runtime.tree() },
    (_, value) => {
      if (typeof value === 'object' && value !== null) {
        if (seen.has(value)) return undefined;
        seen.add(value);
      }
      return value instanceof Error
        ? { ...value, name: value.name, message: value.message, stack: value.stack, cause: value.cause }
        : value;
    },
  );
}

describe('secretKeys', () => {
  it(
    'what is held is the answer to every kind of question, and the source is not asked',
    scene({ rows: {}, has: [] }, async ({ boot, asked }) => {
      const { cache } = await boot({ secretKeys: true });
      cache.put(secret, 'S');
      expect(await cache.read(secret)).toMatchObject({ status: 'fresh', value: 'S' });
      expect(await cache.fetch(secret)).toBe('S');
      expect((await cache.readMany([secret])).get(secret)).toMatchObject({ status: 'fresh' });
      expect([cache.get(secret), cache.has(secret), cache.lookup(secret).status]).toEqual([
        'S',
        true,
        'fresh',
      ]);
      expect(asked('load', secret)).toBe(0);
    }),
  );

  it(
    'no key is in events, logs, errors of the cache’s own, or the snapshot; the source is asked with the key itself',
    scene({ rows: { [secret]: 'S', [other]: 'O' } }, async ({ w, db, store, boot, asked }) => {
      const one = await boot({
        secretKeys: true,
        snapshot: { store, every: '1s' },
        key: (key) => key.startsWith('token'),
      });
      const { cache } = one;
      await cache.warmed();
      expect(cache.get(secret)).toBe('S');
      expect(cache.lookup(secret)).toMatchObject({ status: 'fresh' });
      cache.invalidate(secret);
      expect(await cache.fetch(secret)).toBe('S');
      expect(asked('load', secret)).toBe(1);
      expect((await cache.read('token-guess-do-not-tell')).status).toBe('absent');
      db.write('token-bad-do-not-tell', 'x');
      db.corrupt('token-bad-do-not-tell');
      expect((await cache.read('token-quarantined-do-not-tell')).status).toBe('absent');
      cache.revoke(other);
      await cache.save('token-saved-do-not-tell', 'N');
      await cache.remove('token-saved-do-not-tell');
      db.erase(secret);
      await cache.sweep();
      db.become({ mode: 'unreachable' });
      const errors = [
        await cache.fetch('token-away-do-not-tell').catch((error: unknown) => error),
        await cache.remove(secret).catch((error: unknown) => error),
        await cache.save('not-tellable', 'x').catch((error: unknown) => error),
      ];
      for (const error of errors) expect(String(error)).not.toMatch(/do-not-tell|not-tellable/);
      expect(() => cache.put('not-tellable', 'x')).toThrow(/guard refuses this key/);
      await w.advance('10s');
      await one.stop();
      // What the scripted source says of its own bad row is the source's doing.
      const told = everythingTold(one).replaceAll(/Scripted: the row \\".*?\\"/g, '');
      expect(told).toContain('invalidated');
      expect(told).not.toMatch(/do-not-tell/);

      await store.open({ cache: 'test', signal: new AbortController().signal });
      let kept = '';
      for await (const page of store.restore({ signal: new AbortController().signal }))
        kept += JSON.stringify(page);
      await store.close();
      expect(kept).toMatch(/[0-9a-f]{64}/);
      expect(kept).not.toMatch(/do-not-tell/);
    }),
  );

  it('the table holds digests only', () => {
    const source = { load: async () => undefined };
    const core = new CacheCore<string>({
      policy: cachePolicy({ name: 'test', source, secretKeys: true }),
      source,
      guard: undefined,
      unavailable: undefined,
      openStore: undefined,
      logger: undefined,
    });
    const writer = new Writer(core);
    writer.put(secret, 'S');
    writer.revoke(other);
    const keys = [...core.table.slots()].map((slot) => core.table.keyAt(slot));
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect([...core.table.buried()].map(({ key }) => key)[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it(
    'a restart finds them again; `missing`, which would need the keys, is not asked',
    scene({ rows: { [secret]: 'S', [other]: 'O' } }, async ({ w, db, store, boot, asked }) => {
      const one = await boot({ secretKeys: true, snapshot: { store, every: '1s' } });
      await one.cache.warmed();
      one.cache.revoke(other);
      await w.advance('2s');
      one.kill();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ secretKeys: true, snapshot: { store } });
      expect(cache.lookup(secret)).toMatchObject({ status: 'stale', because: 'restored', value: 'S' });
      expect(cache.lookup(other)).toMatchObject({ status: 'absent', because: 'removed' });
      await w.advance('5m');
      expect(asked('missing')).toBe(0);
    }),
  );
});
