import type { SnapshotStore } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { gate, scene } from './build.js';

const rows = { a: 'A', b: 'B', c: 'C' };
const hour = 3_600_000;

describe('a restart', () => {
  it(
    'in order: all is there, says that it was restored and how old it is; a pass or a read confirms it',
    scene({ rows }, async ({ w, db, store, boot }) => {
      const one = await boot({ snapshot: { store } });
      await one.cache.warmed();
      await w.advance('1s');
      await one.stop();
      expect(one.told('snapshot.written').length).toBeGreaterThan(0);
      db.become({ mode: 'unreachable' });
      await w.advance('42s');
      const { cache, told } = await boot({ snapshot: { store } });
      expect(cache.state).toMatchObject({ data: 'restored' });
      expect(cache.lookup('a')).toEqual({ status: 'stale', value: 'A', age: 43_000, because: 'restored' });
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'not-loaded' });
      expect(cache.health().ready).toBe(true);
      expect(told('snapshot.restored')).toMatchObject([{ entries: 3, dropped: 0, age: 42_000 }]);
      await w.advance('1s');
      expect(cache.lookup('x')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      expect(cache.lookup('a')).toMatchObject({ because: 'restored' });
      db.become({ mode: 'up' });
      expect(await cache.warm()).toMatchObject({ rows: 3 });
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh' });
      expect(cache.state.data).toBe('complete');
    }),
  );

  it(
    'cleared, it is cold: nothing of what was restored is left to say otherwise',
    scene({ rows }, async ({ db, store, boot }) => {
      const one = await boot({ snapshot: { store } });
      await one.cache.warmed();
      await one.stop();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ snapshot: { store } });
      expect(cache.state.data).toBe('restored');
      cache.clear();
      expect(cache.state.data).toBe('cold');
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'cold' });
    }),
  );

  it(
    'cleared before it has restored: nothing is brought back, and nothing is left in the file',
    scene({ rows }, async ({ db, store, boot, define }) => {
      const one = await boot({ snapshot: { store } });
      await one.cache.warmed();
      await one.stop();
      db.become({ mode: 'unreachable' });
      const two = define({ snapshot: { store } });
      const started = two.start();
      two.cache.clear();
      await started;
      expect(two.cache.lookup('a')).toEqual({ status: 'unknown', because: 'cold' });
      await two.stop();
      const { cache } = await boot({ snapshot: { store } });
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'cold' });
    }),
  );

  it(
    'by SIGKILL: what was written within snapshot.every',
    scene({ rows }, async ({ w, db, store, boot }) => {
      const one = await boot({ snapshot: { store, every: '5s' } });
      await one.cache.warmed();
      one.cache.put('d', 'D');
      await w.advance('6s');
      one.cache.put('e', 'E');
      await w.advance('1s');
      one.kill();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ snapshot: { store } });
      expect(['a', 'b', 'c', 'd', 'e'].map((key) => cache.get(key))).toEqual(['A', 'B', 'C', 'D', undefined]);
    }),
  );

  it(
    'again and again while the database is away: ages go on, nothing is served past ttl + staleFor',
    scene({ rows }, async ({ w, db, store, boot }) => {
      const options = { snapshot: { store }, ttl: '10m', staleFor: '50m' } as const;
      const one = await boot(options);
      await one.cache.warmed();
      await one.stop();
      db.become({ mode: 'unreachable' });
      for (const age of [15, 30, 45]) {
        await w.advance('15m');
        const next = await boot(options);
        expect(next.cache.lookup('a')).toMatchObject({ because: 'restored', age: age * 60_000 });
        await next.stop();
      }
      await w.advance('15m');
      const last = await boot(options);
      expect(last.cache.lookup('a')).toMatchObject({ status: 'unknown' });
      expect(last.told('snapshot.restored')).toMatchObject([{ entries: 0, dropped: 3 }]);
      expect(last.cache.size).toBe(0);
      // And what was dropped is dropped from the store too.
      await w.advance('10s');
      await last.stop();
      const opening = await store.open({ cache: 'test', signal: new AbortController().signal });
      expect(opening.entries).toBe(0);
      await store.close();
    }),
  );

  it(
    'restored entries age out while they are served, and their own expiresAt holds',
    scene({ rows: { a: 'A' }, has: ['scan'] }, async ({ w, db, store, boot }) => {
      db.write('e', 'E', { expiresAt: Date.now() + 20 * 60_000 });
      const options = { snapshot: { store }, ttl: '10m', staleFor: '50m' } as const;
      const one = await boot(options);
      await one.cache.warmed();
      await one.stop();
      db.become({ mode: 'unreachable' });
      await w.advance('15m');
      const { cache } = await boot(options);
      expect(cache.lookup('e').status).toBe('stale');
      await w.advance('5m');
      expect(cache.lookup('e').status).toBe('unknown');
      expect(cache.lookup('a').status).toBe('stale');
      await w.advance('40m');
      expect(cache.lookup('a').status).toBe('unknown');
    }),
  );

  it(
    'everything of an entry comes back: version, tags, its own terms',
    scene<unknown>({ has: [] }, async ({ w, db, store, boot }) => {
      const one = await boot({ snapshot: { store } });
      const value = { date: new Date(5), map: new Map([[1, new Set([2n])]]), bytes: Uint8Array.of(1, 2) };
      one.cache.put('a', value, {
        version: 7,
        ttl: '1s',
        staleFor: '2h',
        tags: ['t'],
        expiresAt: Date.now() + 3 * hour,
      });
      one.cache.put('null', null);
      await one.stop();
      db.become({ mode: 'unreachable' });
      await w.advance('90m');
      const { cache } = await boot({ snapshot: { store } });
      expect(cache.lookup('a')).toEqual({
        status: 'stale',
        value,
        age: 90 * 60_000,
        expiresAt: Date.now() + 90 * 60_000,
        because: 'restored',
      });
      // The cache's own terms are an hour and ten minutes.
      expect(cache.lookup('null').status).toBe('unknown');
      db.become({ mode: 'up' });
    }),
  );
});

describe('the wall clock over a restart', () => {
  it(
    'set back: a snapshot from the future is served as restored, for staleFor from boot at most',
    scene({ rows }, async ({ w, db, store, boot }) => {
      const options = { snapshot: { store }, ttl: '10m', staleFor: '30m' } as const;
      const one = await boot(options);
      await one.cache.warmed();
      await one.stop();
      w.jumpWall(-24 * hour);
      db.become({ mode: 'unreachable' });
      const { cache } = await boot(options);
      expect(cache.lookup('a')).toEqual({ status: 'stale', value: 'A', age: 0, because: 'restored' });
      await w.advance('29m');
      expect(cache.lookup('a').status).toBe('stale');
      await w.advance('1m');
      expect(cache.lookup('a').status).toBe('unknown');
    }),
  );

  it(
    'under until-expiry one from the future gets an hour',
    scene({ rows }, async ({ w, db, store, boot }) => {
      const options = { snapshot: { store }, ttl: '10m', staleFor: 'until-expiry' } as const;
      db.write('e', 'E', { expiresAt: Date.now() + 100 * hour });
      const one = await boot(options);
      await one.cache.warmed();
      await one.stop();
      w.jumpWall(-24 * hour);
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ ...options, sweep: { every: '1h' } });
      await w.advance('59m');
      expect([cache.lookup('a').status, cache.lookup('e').status]).toEqual(['stale', 'stale']);
      await w.advance('1m');
      expect([cache.lookup('a').status, cache.lookup('e').status]).toEqual(['unknown', 'unknown']);
    }),
  );

  it(
    'set forward by an hour while it runs: the snapshot’s times are those of the ages, not of the jump',
    scene({ rows }, async ({ w, db, store, boot }) => {
      const options = { snapshot: { store, every: '1s' }, ttl: '10m', staleFor: '10m' } as const;
      const one = await boot(options);
      await one.cache.warmed();
      w.jumpWall(hour);
      one.cache.put('a', 'A2');
      await w.advance('2s');
      one.kill();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot(options);
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', value: 'A2', age: 2_000 });
    }),
  );
});

describe('a logout', () => {
  it.each(['revoke', 'invalidate'] as const)('%s, SIGKILL, boot without the database: it stays so', (how) =>
    scene({ rows }, async ({ w, db, store, boot }) => {
      const one = await boot({ snapshot: { store, every: '1h' } });
      await one.cache.warmed();
      await one.stop();
      const two = await boot({ snapshot: { store, every: '1h' } });
      two.cache[how](['a', 'b']);
      await w.advance('100ms');
      two.kill();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ snapshot: { store } });
      for (const key of ['a', 'b']) {
        if (how === 'revoke')
          expect(cache.lookup(key)).toMatchObject({ status: 'absent', because: 'removed' });
        else expect(cache.lookup(key)).toMatchObject({ status: 'unknown' });
      }
      expect(cache.get('c')).toBe('C');
    })(),
  );

  it(
    'that another cache brought is as old after a SIGKILL as it was there',
    scene({ rows }, async ({ w, db, store, boot, define }) => {
      const one = await boot({ snapshot: { store, every: '1h' } });
      await one.cache.warmed();
      await one.stop();
      const two = await boot({ snapshot: { store, every: '1h' } });
      db.become({ mode: 'unreachable' });
      await w.advance('1s');
      const other = define({ name: 'other' });
      other.cache.revoke('a');
      const removedAt = w.now;
      await w.advance('10s');
      expect(await two.cache.importFrom(other.cache.exportTo())).toMatchObject({ removals: 1 });
      await w.advance('100ms');
      two.kill();
      const { cache } = await boot({ snapshot: { store } });
      expect(cache.lookup('a')).toEqual({ status: 'absent', because: 'removed', age: w.now - removedAt });
    }),
  );

  it(
    'remove: once it has resolved it survives SIGKILL at that very instant',
    scene({ rows }, async ({ db, store, boot }) => {
      const one = await boot({ snapshot: { store, every: '1h' } });
      await one.cache.warmed();
      await one.stop();
      const two = await boot({ snapshot: { store, every: '1h' } });
      await two.cache.remove('a');
      two.kill();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ snapshot: { store } });
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'removed' });
    }),
  );

  it(
    'is journaled within 100 ms though a page is being written, and while the snapshotter is restarted',
    scene({ rows }, async ({ w, store, boot }) => {
      const one = await boot({ snapshot: { store, every: '1s' } });
      await one.cache.warmed();
      for (let i = 0; i < 20; i++) {
        await w.advance(`${97 * i + 1}ms`);
        if (i % 3 === 0) one.crash('snapshotter');
        const at = w.now;
        const journaled = gate<number>();
        const { journal } = store;
        store.journal = async (tombstones) => {
          await journal.call(store, tombstones);
          if (tombstones.some(({ key }) => key === `k${i}`)) journaled.open(w.now);
        };
        one.cache.revoke(`k${i}`);
        expect((await journaled.promise) - at).toBeLessThanOrEqual(100);
        store.journal = journal;
        await w.advance('2s');
      }
    }),
  );

  it(
    'made before the start, or while the snapshot is being restored, is not undone by it',
    scene({ rows }, async ({ w, db, store, boot, define }) => {
      const one = await boot({ snapshot: { store } });
      await one.cache.warmed();
      await one.stop();
      db.become({ mode: 'unreachable' });
      const pages = gate();
      const slow: SnapshotStore = {
        ...store,
        async *restore(options) {
          await pages.promise;
          yield* store.restore(options);
        },
      };
      const two = define({ snapshot: { store: slow, restoreTimeout: '1s' } });
      two.cache.revoke('a');
      two.cache.put('b', 'B2');
      const start = two.start();
      await w.advance('500ms');
      two.cache.invalidate('c');
      await start;
      expect(w.now).toBeGreaterThanOrEqual(1_000);
      expect(two.cache.state.data).toBe('cold');
      pages.open();
      await w.advance('100ms');
      expect(two.cache.lookup('a')).toMatchObject({ status: 'absent', because: 'removed' });
      expect(two.cache.get('b')).toBe('B2');
      expect(two.cache.lookup('c').status).toBe('unknown');
    }),
  );

  it(
    'a stop does not wait for what no disk takes: remove says so',
    scene({ rows }, async ({ w, db, store, boot }) => {
      const { cache, told } = await boot({
        snapshot: {
          store: {
            ...store,
            journal: async () => {
              throw new Error('disk full');
            },
          },
        },
      });
      await cache.warmed();
      await expect(cache.remove('a')).rejects.toThrow('disk full');
      expect(db.rows.has('a')).toBe(false);
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'removed' });
      expect(told('snapshot.failed')[0]).toMatchObject({ doing: 'journal' });
      await w.advance('1s');
      expect(cache.health()).toMatchObject({
        degraded: true,
        lastSnapshot: { ok: false, error: 'disk full' },
      });
    }),
  );
});

describe('the start', () => {
  it(
    'waits for the restore at most restoreTimeout, never for the source; the rest comes after it',
    scene({ rows }, async ({ w, db, store, boot }) => {
      const one = await boot({ snapshot: { store } });
      await one.cache.warmed();
      await one.stop();
      db.become({ mode: 'hang' });
      const pages = gate();
      const slow: SnapshotStore = {
        ...store,
        async *restore(options) {
          await pages.promise;
          yield* store.restore(options);
        },
      };
      const began = w.now;
      const two = await boot({ snapshot: { store: slow, restoreTimeout: '3s' } });
      expect(w.now - began).toBe(3_000);
      expect(two.cache.lookup('a')).toMatchObject({ status: 'unknown', because: 'cold' });
      pages.open();
      await w.advance('1s');
      expect(two.cache.lookup('a')).toMatchObject({ status: 'stale', because: 'restored' });
      expect(two.incarnations('snapshotter')).toBe(1);
    }),
  );

  it(
    'a row loaded before the restore came to it stays',
    scene({ rows }, async ({ w, db, store, boot }) => {
      const one = await boot({ snapshot: { store } });
      await one.cache.warmed();
      await one.stop();
      const pages = gate();
      const slow: SnapshotStore = {
        ...store,
        async *restore(options) {
          await pages.promise;
          yield* store.restore(options);
        },
      };
      db.write('a', 'A2');
      const two = await boot({ snapshot: { store: slow, restoreTimeout: 0 } });
      await two.cache.warmed();
      db.erase('b');
      await two.cache.warm();
      pages.open();
      await w.advance('1s');
      expect(two.cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A2' });
      expect(two.cache.lookup('b').status).not.toBe('stale');
    }),
  );

  it(
    'a store that cannot be opened is a failed start that says why',
    scene({ rows }, async ({ w, store, define }) => {
      const one = define({
        snapshot: {
          store: {
            ...store,
            open: async () => {
              throw new Error('read-only file system');
            },
          },
        },
      });
      const error = await one.start().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'HOLDFAST_START' });
      expect(JSON.stringify(causes(error))).toContain('read-only file system');
      await w.settle();
      expect(w.pending).toEqual([]);
    }),
  );

  it(
    'of another cache’s store: set aside, reported, a cold start',
    scene({ rows }, async ({ store, boot }) => {
      const one = await boot({ snapshot: { store }, name: 'sessions' });
      await one.cache.warmed();
      await one.stop();
      const two = await boot({ snapshot: { store }, name: 'users' });
      expect(two.told('snapshot.aside')).toMatchObject([{ because: expect.stringContaining("'sessions'") }]);
      expect(two.cache.state.data).toBe('cold');
      expect(two.log.some(({ level, message }) => level === 'error' && message.includes('set aside'))).toBe(
        true,
      );
      await two.cache.warmed();
    }),
  );

  it(
    'a record that turns out corrupt half-way: what it brought is taken out, the store set aside, a cold start',
    scene({ rows }, async ({ w, db, store, boot }) => {
      const { SnapshotCorruptError } = await import('holdfast');
      const one = await boot({ snapshot: { store } });
      await one.cache.warmed();
      await one.stop();
      db.become({ mode: 'unreachable' });
      let corrupt = true;
      const half: SnapshotStore = {
        ...store,
        async *restore(options) {
          for await (const page of store.restore({ ...options, page: 1 })) {
            yield page;
            if (page.entries.length === 0 || !corrupt) continue;
            corrupt = false;
            await store.open({ cache: 'another', signal: options.signal });
            throw new SnapshotCorruptError('record 2', {
              file: 'x',
              movedTo: 'x.aside',
              because: 'a bad record',
            });
          }
        },
      };
      const two = await boot({ snapshot: { store: half } });
      expect(two.told('snapshot.aside')[0]).toMatchObject({ movedTo: 'x.aside' });
      expect(two.cache.size).toBe(0);
      expect(two.cache.state.data).toBe('cold');
      two.cache.put('new', 'N');
      await w.advance('10s');
      await two.stop();
      const three = await boot({ snapshot: { store } });
      expect(three.cache.get('new')).toBe('N');
    }),
  );
});

function causes(error: unknown): unknown[] {
  const all: unknown[] = [];
  for (let at = error; at instanceof Error; at = at.cause) all.push(at.message);
  return all;
}

describe('what cannot be written', () => {
  it(
    'a value that does not serialize stays in memory, is reported and counted; the rest is written',
    scene<unknown>({ has: [] }, async ({ w, store, boot }) => {
      const one = await boot({ snapshot: { store, every: '1s' } });
      const value = { run: () => 1 };
      one.cache.put('f', value);
      one.cache.put('g', 'G');
      await w.advance('2s');
      expect(one.cache.get('f')).toBe(value);
      expect(one.told('snapshot.skipped')).toMatchObject([{ key: 'f' }]);
      expect(one.cache.stats().snapshotSkipped).toBe(1);
      await one.stop();
      const two = await boot({ snapshot: { store } });
      expect(two.cache.get('g')).toBe('G');
      expect(two.cache.has('f')).toBe(false);
    }),
  );

  it(
    'a disk that is full for a while: told, degraded, tried again with a backoff; nothing is lost',
    scene({ rows }, async ({ w, db, store, boot }) => {
      let full = false;
      let tries = 0;
      const disk: SnapshotStore = {
        ...store,
        append: async (page) => {
          if (full) {
            tries++;
            throw new Error('disk full');
          }
          return store.append(page);
        },
      };
      const one = await boot({ snapshot: { store: disk, every: '1s' } });
      await one.cache.warmed();
      await w.advance('2s');
      full = true;
      db.write('d', 'D');
      db.erase('a');
      await one.cache.warm();
      await w.advance('5m');
      expect(one.cache.health()).toMatchObject({
        degraded: true,
        lastSnapshot: { ok: false, error: 'disk full' },
      });
      expect(one.incarnations('snapshotter')).toBe(1);
      expect(tries).toBeLessThan(30);
      full = false;
      await w.advance('31s');
      expect(one.cache.health()).toMatchObject({ degraded: false, lastSnapshot: { ok: true } });
      one.kill();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ snapshot: { store } });
      expect([cache.get('d'), cache.get('b'), cache.has('a')]).toEqual(['D', 'B', false]);
    }),
  );

  it(
    'a store that died and answers no more until it is opened anew is opened anew',
    scene({ rows }, async ({ w, db, store, boot }) => {
      let dead = false;
      const alive = async <T>(work: () => Promise<T>): Promise<T> => {
        if (dead) throw new Error('the thread has ended');
        return work();
      };
      const mortal: SnapshotStore = {
        ...store,
        open: async (options) => {
          dead = false;
          return store.open(options);
        },
        append: (page) => alive(() => store.append(page)),
        journal: (tombstones) => alive(() => store.journal(tombstones)),
      };
      const one = await boot({ snapshot: { store: mortal, every: '1s' } });
      await one.cache.warmed();
      await w.advance('2s');
      dead = true;
      one.cache.revoke('a');
      await w.advance('1m');
      expect(one.cache.health()).toMatchObject({ degraded: false, lastSnapshot: { ok: true } });
      one.kill();
      db.become({ mode: 'unreachable' });
      const { cache } = await boot({ snapshot: { store } });
      expect([cache.get('b'), cache.lookup('a').status]).toEqual(['B', 'absent']);
    }),
  );

  it(
    'what cost nothing is not written: an idle cache appends nothing',
    scene({ rows, has: [] }, async ({ w, store, boot }) => {
      let appended = 0;
      const { cache } = await boot({
        snapshot: {
          store: {
            ...store,
            append: (page) => {
              appended++;
              return store.append(page);
            },
          },
          every: '1s',
        },
      });
      cache.put('a', 'A');
      await w.advance('3s');
      const before = appended;
      await w.advance('2m');
      expect(appended).toBe(before);
      cache.put('a', 'A2');
      await w.advance('2s');
      expect(appended).toBe(before + 1);
    }),
  );
});

describe('tombstones', () => {
  it(
    'of invalidations are kept until a snapshot begun after them is complete, and then go',
    scene({ rows, has: ['scan'] }, async ({ w, store, boot }) => {
      const { cache } = await boot({ snapshot: { store, every: '10s' } });
      await cache.warmed();
      await w.advance('11s');
      cache.invalidate('a');
      await w.advance('5s');
      expect(cache.stats().tombstones).toBe(1);
      await w.advance('10s');
      expect(cache.stats().tombstones).toBe(0);
      // The store is told with the next writing.
      await w.advance('10s');
      const opening = await inspect(store);
      expect(opening).toEqual({ entries: ['b', 'c'], tombstones: [] });
    }),
  );
});

/** What a store holds, looked at through a second opening after the first is closed. */
async function inspect(store: SnapshotStore): Promise<{ entries: string[]; tombstones: string[] }> {
  const held = { entries: [] as string[], tombstones: [] as string[] };
  for await (const page of store.restore({ signal: new AbortController().signal })) {
    held.entries.push(...page.entries.map(({ key }) => key));
    held.tombstones.push(...page.tombstones.map(({ key }) => key));
  }
  return { entries: held.entries.sort(), tombstones: held.tombstones.sort() };
}
