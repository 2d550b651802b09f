/** The snapshot that a stop writes: on a slow disk, on one that hangs, and what a boot finds of one that was cut off. */
import { join } from 'node:path';
import fc from 'fast-check';
import type { SnapshotStore } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { sqliteSnapshotStore } from '../../src/snapshot/sqlite/index.js';
import { folder } from '../sources/sqlite/sessions-database.js';
import { scene } from './build.js';

const keys = Array.from({ length: 2600 }, (_, nth) => `key-${nth}`);
const snapshot = { every: '1h' } as const;

/** Writes one page after the other, each of which takes so long; none any more once it hangs. */
function slow(
  store: SnapshotStore,
  delay: number,
): { readonly store: SnapshotStore; hangAfter(pages: number): void } {
  let turn: Promise<unknown> = Promise.resolve();
  let left = Number.POSITIVE_INFINITY;
  return {
    store: {
      ...store,
      append(page) {
        const written = turn.then(async () => {
          left -= 1;
          if (left < 0) await new Promise(() => {});
          await new Promise((resolve) => setTimeout(resolve, delay));
          return store.append(page);
        });
        turn = written.catch(() => {});
        return written;
      },
    },
    hangAfter(pages) {
      left = pages;
    },
  };
}

describe('a stop', () => {
  it(
    'waits for the last snapshot as long as the disk gets on with it',
    scene<number>({ has: [] }, async ({ db, store, boot }) => {
      const one = await boot({ snapshot: { store: slow(store, 25_000).store, ...snapshot } });
      for (const [nth, key] of keys.entries()) one.cache.put(key, nth);
      const began = performance.now();
      await one.stop();
      expect(performance.now() - began).toBeGreaterThan(100_000);
      expect(one.told('snapshot.written')).toMatchObject([{ entries: keys.length, complete: true }]);
      expect(one.told('snapshot.failed')).toEqual([]);
      db.become({ mode: 'unreachable' });
      const two = await boot({ snapshot: { store, ...snapshot } });
      expect(two.cache.size).toBe(keys.length);
      expect(two.told('snapshot.restored')).toMatchObject([{ complete: true }]);
    }),
  );

  it(
    'does not wait for a disk that hangs, and says so',
    scene<number>({ has: [] }, async ({ db, store, boot }) => {
      const disk = slow(store, 5_000);
      const one = await boot({ snapshot: { store: disk.store, ...snapshot } });
      for (const [nth, key] of keys.entries()) one.cache.put(key, nth);
      disk.hangAfter(2);
      const began = performance.now();
      await one.stop();
      expect(performance.now() - began).toBeLessThan(60_000);
      expect(one.told('snapshot.failed')).toMatchObject([
        { doing: 'finish', error: { code: 'HOLDFAST_SNAPSHOT' } },
      ]);
      expect(one.cache.health().lastSnapshot).toMatchObject({ ok: false });
      db.become({ mode: 'unreachable' });
      store.crash();
      const two = await boot({ snapshot: { store, ...snapshot } });
      expect(two.cache.size).toBe(1000);
      expect(two.told('snapshot.restored')).toMatchObject([{ entries: 1000, complete: false }]);
      expect(two.log.some(({ level, message }) => level === 'warn' && /not completed/.test(message))).toBe(
        true,
      );
      // The next writing is a full one.
      await two.stop();
      const three = await boot({ snapshot: { store, ...snapshot } });
      expect(three.told('snapshot.restored')).toMatchObject([{ entries: 1000, complete: true }]);
    }),
  );
});

describe('a last snapshot that was cut off', () => {
  it('holds of each key what was once true, and nothing that was revoked since', async () => {
    const few = fc.uniqueArray(fc.constantFrom(...keys), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 6 }), few, few, async (pages, revoked, invalidated) => {
        await scene<string>({ has: [] }, async ({ w, db, boot }) => {
          const file = sqliteSnapshotStore({ file: join(folder(), 'sessions.snapshot'), thread: false });
          const disk = slow(file, 10);
          const one = await boot({ snapshot: { store: disk.store, ...snapshot } });
          for (const key of keys) one.cache.put(key, 'before');
          await one.stop();
          const two = await boot({ snapshot: { store: disk.store, ...snapshot } });
          for (const key of keys) two.cache.put(key, 'after');
          two.cache.revoke(revoked);
          two.cache.invalidate(invalidated);
          await w.advance('1s');
          disk.hangAfter(pages);
          await two.stop();
          db.become({ mode: 'unreachable' });
          const three = await boot({ snapshot: { store: file, ...snapshot } });
          const whole = pages === 6;
          expect(three.told('snapshot.restored')).toMatchObject([{ complete: whole || pages === 0 }]);
          const gone = new Set([...revoked, ...invalidated]);
          let after = 0;
          for (const key of keys) {
            const value = three.cache.get(key);
            if (gone.has(key)) expect([key, value]).toEqual([key, undefined]);
            else {
              expect(['before', 'after']).toContain(value);
              if (value === 'after') after += 1;
            }
          }
          for (const key of revoked)
            if (!invalidated.includes(key)) expect(three.cache.lookup(key).status).toBe('absent');
          expect(after).toBe(whole ? keys.length - gone.size : Math.min(after, 500 * pages));
        })();
      }),
      { numRuns: 12 },
    );
  });
});
