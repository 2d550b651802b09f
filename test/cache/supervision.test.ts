import {
  child,
  createRuntime,
  defineCache,
  exit,
  type SnapshotStore,
  type SupervisorRef,
  sys,
  whichChildren,
} from 'holdfast';
import { scriptedSource, world } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { type Actor, gate, scene } from './build.js';

const rows = { a: 'A', b: 'B' };
const hows = ['killed', 'error'] as const;

describe('the janitor', () => {
  it.each(hows)('%s once: sweeps at its next time', (how) =>
    scene({ rows, has: ['scan'] }, async ({ w, boot }) => {
      const { cache, crash, told, incarnations } = await boot();
      await cache.warmed();
      cache.put('short', 'S', { expiresAt: Date.now() + 30_000 });
      await w.advance('25s');
      expect(told('swept')).toHaveLength(1);
      crash('janitor', how);
      await w.advance('21s');
      expect(incarnations('janitor')).toBe(2);
      expect(told('swept')).toHaveLength(2);
      expect(told('evicted')).toMatchObject([{ count: 1, because: 'expired' }]);
      await w.advance('20s');
      expect(told('swept')).toHaveLength(3);
    })(),
  );

  it(
    'killed in the middle of its sweep: who asked for it is answered by the next',
    scene({ rows }, async ({ w, db, boot }) => {
      const { cache, crash } = await boot();
      await cache.warmed();
      db.become({ mode: 'slow', ms: 1_000 });
      const sweep = cache.sweep();
      await w.advance('100ms');
      crash('janitor');
      db.become({ mode: 'up' });
      await expect(sweep).resolves.toMatchObject({ expired: 0 });
    }),
  );
});

describe('a listener', () => {
  it(
    'that throws is reported and harms nobody: writes, passes and sweeps go on, other listeners hear',
    scene({ rows, has: ['scan'] }, async ({ w, boot, define }) => {
      void boot;
      const one = define();
      one.cache.bus.subscribe('*', () => {
        throw new Error('listener');
      });
      const heard: string[] = [];
      one.cache.bus.subscribe('invalidated', ({ keys }) => heard.push(...keys));
      await one.start();
      await one.cache.warmed();
      one.cache.revoke('a');
      await w.advance('6m');
      expect(heard).toEqual(['a']);
      expect(one.told('pass.complete')).toHaveLength(2);
      for (const actor of ['cache', 'warmer', 'janitor'] as const) expect(one.incarnations(actor)).toBe(1);
      expect(
        one.log.filter(({ message }) => message === 'a listener of the cache bus threw').length,
      ).toBeGreaterThan(5);
    }),
  );

  it('that is an actor and dies is restarted by its supervisor and subscribed again', () =>
    world({}, async (w) => {
      const db = scriptedSource({ rows, has: ['scan'] });
      const cache = defineCache({ name: 'test', source: db });
      const heard: string[] = [];
      const listener = setup({
        types: { events: {} as { type: 'invalidated'; keys: readonly string[] } },
        actions: {
          hear: (_, { key }: { key: string }) => {
            if (key === 'poison') throw new Error('listener');
            heard.push(key);
          },
        },
      }).createMachine({
        entry: ({ self }) => {
          cache.bus.subscribe('invalidated', self);
        },
        on: {
          invalidated: { actions: { type: 'hear', params: ({ event }) => ({ key: event.keys[0] ?? '' }) } },
        },
      });
      const runtime = createRuntime({
        children: [
          child({ id: 'cache', logic: cache.supervisor }),
          child({ id: 'listener', logic: listener }),
        ],
      });
      await runtime.start();
      cache.invalidate('one');
      cache.invalidate('poison');
      expect(cache.lookup('poison').status).toBe('unknown');
      await w.advance('1s');
      cache.invalidate('two');
      await w.settle();
      expect(heard).toEqual(['one', 'two']);
      await runtime.stop();
    }));
});

describe('the cache actor crashes', () => {
  it.each(hows)('%s once: the table survives, reads never see an empty one, all goes on', (how) =>
    scene({ rows }, async ({ w, db, boot }) => {
      const { cache, crash, told, incarnations } = await boot();
      await cache.warmed();
      crash('cache', how);
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A' });
      await w.advance('1s');
      expect(incarnations('cache')).toBe(2);
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A' });
      expect(told('rebuilt')).toEqual([]);
      db.write('c', 'C');
      expect(await cache.fetch('c')).toBe('C');
      expect(cache.stats().loads).toBe(1);
      await w.advance('10m');
      expect(told('pass.complete').length).toBeGreaterThanOrEqual(2);
    })(),
  );

  it.each(hows)(
    '%s with loads in flight: callers get the value from a new load, within their timeout',
    (how) =>
      scene({ rows, has: [] }, async ({ w, db, boot, asked }) => {
        db.become({ mode: 'slow', ms: 1_000 });
        const { cache, crash } = await boot();
        const reads = [cache.read('a'), cache.read('a'), cache.fetch('b')];
        await w.advance('500ms');
        crash('cache', how);
        expect(await Promise.all(reads)).toMatchObject([
          { status: 'fresh', value: 'A' },
          { status: 'fresh', value: 'A' },
          'B',
        ]);
        expect(w.now).toBe(1_500);
        expect(asked('load')).toBe(4);
      })(),
  );

  it(
    'and cannot be restarted in time: a typed error, no hang',
    scene({ rows, has: [] }, async ({ w, db, boot }) => {
      const { cache, crash, runtime } = await boot();
      db.become({ mode: 'slow', ms: 1_000 });
      const failed = Array.from({ length: 3 }, () => gate<unknown>());
      for (const one of failed) {
        cache.fetch('a').then(one.open, one.open);
        crash('cache');
        await w.settle();
      }
      crash('cache');
      // The tree of the cache has given up; the root restarts it.
      await w.advance('10s');
      expect(runtime.tree().children?.[0]?.restarts).toBe(1);
      for (const one of failed) expect(await one.promise).toBe('A');
    }),
  );

  it(
    'and is not restarted in time: a read is told what memory has by then, not a row that is over',
    scene({ rows, has: [] }, async ({ w, boot }) => {
      const { cache, crash, runtime } = await boot();
      cache.put('short', 'S', { ttl: 100, expiresAt: Date.now() + 400 });
      await w.advance(200);
      const [tree] = await whichChildren(runtime.root);
      await sys.suspend(tree?.ref as SupervisorRef);
      crash('cache');
      expect(cache.lookup('short')).toMatchObject({ status: 'stale', value: 'S' });
      const read = cache.read('short');
      await w.advance('5s');
      expect(await read).toMatchObject({ status: 'unknown' });
      sys.resume(tree?.ref as SupervisorRef);
      expect(await cache.read('short')).toMatchObject({ status: 'absent' });
    }),
  );

  it(
    'twice within the window: rebuilt entry by entry, all marked suspect, never empty in between',
    scene({ rows: { ...rows, c: 'C' }, has: ['scan'] }, async ({ w, db, boot }) => {
      const { cache, crash, told } = await boot();
      await cache.warmed();
      cache.put('p', 'P', { version: 7, tags: ['t'], expiresAt: Date.now() + 3_600_000, ttl: '1m' });
      cache.revoke('c');
      w.always('a and b are never away', () => {
        expect(cache.get('a')).toBe('A');
        expect(cache.get('b')).toBe('B');
        expect(cache.lookup('c').status).toBe('absent');
      });
      crash('cache');
      await w.advance('1s');
      crash('cache');
      await w.advance('1s');
      expect(told('rebuilt')).toMatchObject([{ entries: 3, refused: 0 }]);
      expect(cache.stats().rebuilds).toBe(1);
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect', value: 'A' });
      expect(cache.lookup('p')).toMatchObject({
        status: 'stale',
        because: 'suspect',
        expiresAt: expect.any(Number),
      });
      expect(cache.lookup('c')).toMatchObject({ status: 'absent', because: 'removed' });
      // A read asks; a pass confirms; both end the suspicion.
      db.erase('p');
      expect(await cache.read('a')).toMatchObject({ status: 'fresh' });
      db.erase('c');
      await cache.warm();
      expect(cache.lookup('b').status).toBe('fresh');
      expect(cache.lookup('p')).toMatchObject({ status: 'absent', because: 'pass' });
    }),
  );

  it(
    'twice, but further apart than the window: the table is not in doubt',
    scene({ rows, has: ['scan'] }, async ({ w, boot }) => {
      const { cache, crash, told } = await boot();
      await cache.warmed();
      for (let i = 0; i < 4; i++) {
        crash('cache');
        await w.advance('5001ms');
      }
      expect(told('rebuilt')).toEqual([]);
      expect(cache.lookup('a').status).toBe('fresh');
    }),
  );

  it(
    'what is written while the rebuild runs is in the new table',
    scene({ has: [] }, async ({ w, boot }) => {
      const { cache, crash, told } = await boot();
      for (let i = 0; i < 3_000; i++) cache.put(`k${i}`, `v${i}`);
      crash('cache');
      await w.settle();
      // The clock moves under the rebuild, so that it yields.
      const clock = performance.now;
      let skew = 0;
      performance.now = () => {
        skew += 0.01;
        return clock.call(performance) + skew;
      };
      let writes = 0;
      crash('cache');
      const write = (): void => {
        if (told('rebuilt').length > 0) return;
        writes++;
        cache.put('k5', 'written');
        cache.put('new', 'N');
        cache.revoke('k2999');
        cache.invalidate('k7');
        setImmediate(write);
      };
      setImmediate(write);
      await w.eventually('rebuilt', '10s', () => told('rebuilt').length > 0);
      performance.now = clock;
      expect(writes).toBeGreaterThan(1);
      expect(cache.get('k5')).toBe('written');
      expect(cache.get('new')).toBe('N');
      expect(cache.lookup('k2999').status).toBe('absent');
      expect(cache.lookup('k7').status).toBe('unknown');
      expect(cache.get('k2000')).toBe('v2000');
    }),
  );

  it(
    'a pass under way is begun anew over the new table',
    scene({ rows, has: ['scan'] }, async ({ w, db, boot }) => {
      const { cache, crash, told } = await boot();
      await cache.warmed();
      db.become({ mode: 'slow', ms: 1_000 });
      const warm = cache.warm();
      await w.advance('500ms');
      crash('cache');
      await w.advance('10ms');
      crash('cache');
      await w.advance('10ms');
      db.become({ mode: 'up' });
      await warm;
      expect(told('rebuilt')).toHaveLength(1);
      expect(cache.lookup('a').status).toBe('fresh');
    }),
  );
});

describe('restarts above the intensity', () => {
  it(
    'escalate; the parent starts the tree anew; the data is not lost, and is in doubt until confirmed',
    scene({ rows, has: ['scan'] }, async ({ w, db, boot }) => {
      const { cache, crash, runtime, told } = await boot();
      await cache.warmed();
      db.become({ mode: 'unreachable' });
      w.always('a is never away', () => expect(cache.get('a')).toBe('A'));
      for (let i = 0; i < 4; i++) {
        crash('janitor');
        await w.settle();
      }
      await w.advance('100ms');
      expect(runtime.tree().children?.[0]).toMatchObject({ restarts: 1, status: 'running' });
      expect(told('rebuilt')).toHaveLength(1);
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect' });
      db.become({ mode: 'up' });
      await w.advance('30s');
      expect(cache.lookup('a').status).toBe('fresh');
      expect(told('swept').length).toBeGreaterThan(0);
    }),
  );

  it(
    'to the end of the process: the snapshot brings the data back',
    scene({ rows, has: ['scan'] }, async ({ w, db, store, boot }) => {
      const first = await boot({ snapshot: { store, every: '1s' } });
      await first.cache.warmed();
      await w.advance('2s');
      for (let i = 0; i < 40; i++) {
        try {
          first.crash('cache');
        } catch {
          break;
        }
        await w.settle();
      }
      expect(await first.runtime.exited).toMatchObject({
        type: 'shutdown',
        detail: { code: 'HOLDFAST_GAVE_UP' },
      });
      first.kill();
      db.become({ mode: 'unreachable' });
      const second = await boot({ snapshot: { store } });
      expect(second.cache.lookup('a')).toMatchObject({ status: 'stale', because: 'restored', value: 'A' });
    }),
  );

  it(
    'for good, under a supervisor of the user’s own: who waits for a pass is told',
    scene({ rows, has: ['scan'] }, async ({ w, db, boot }) => {
      const { cache, crash, runtime } = await boot();
      await cache.warmed();
      db.become({ mode: 'slow', ms: 60_000 });
      const told: unknown[] = [];
      void cache.warm().catch((error) => told.push(error));
      await w.advance('10ms');
      let ended = false;
      void runtime.exited.then(() => {
        ended = true;
      });
      for (let crashes = 0; crashes < 40 && !ended; crashes++) {
        expect(told).toEqual([]);
        crash('cache');
        await w.settle();
      }
      expect(await runtime.exited).toMatchObject({ detail: { code: 'HOLDFAST_GAVE_UP' } });
      await w.settle();
      expect(told).toMatchObject([{ code: 'HOLDFAST_STATE' }]);
    }),
  );

  it('for good, and a supervisor above goes on without it: who waits for a pass is told', () =>
    world({}, async (w) => {
      const db = scriptedSource({ rows, has: ['scan'] });
      db.become({ mode: 'slow', ms: 60_000 });
      const cache = defineCache({ name: 'test', source: db });
      const runtime = await createRuntime({
        children: [child({ id: 'cache', logic: cache.supervisor, restart: 'temporary' })],
      }).start();
      const told = cache.warm().catch((error: unknown) => error);
      for (let crashes = 0; crashes < 4; crashes++) {
        exit(runtime.whereis('test/cache') as never, { type: 'killed' });
        await w.settle();
      }
      expect(await told).toMatchObject({ code: 'HOLDFAST_STATE' });
      expect(runtime.tree().status).toBe('running');
      await runtime.stop();
    }));
});

describe('any single actor, at any instant', () => {
  const actors: readonly Actor[] = ['cache', 'warmer', 'janitor', 'snapshotter'];
  const instants = [0, 1, 30, 150, 400, 1_000, 5_100, 20_300];
  it.each(actors.flatMap((actor) => hows.map((how) => ({ actor, how }))))(
    '$actor $how: all periodic work goes on',
    ({ actor, how }) =>
      scene({ rows }, async ({ w, db, store, boot }) => {
        db.become({ mode: 'slow', ms: 100 });
        const one = await boot({ snapshot: { store, every: '1s' }, warm: { every: '30s' } });
        for (const instant of instants) {
          await w.advance(instant);
          one.crash(actor, how);
          await w.advance('6s');
        }
        db.become({ mode: 'up' });
        const before = { ...one.cache.stats() };
        const written = one.told('snapshot.written').length;
        db.write('late', 'L');
        await w.advance('2m');
        const { passes, sweeps, loads } = one.cache.stats();
        expect(passes).toBeGreaterThan(before.passes);
        expect(sweeps).toBeGreaterThan(before.sweeps);
        expect(one.cache.lookup('late')).toMatchObject({ value: 'L' });
        expect(one.told('snapshot.written').length).toBeGreaterThan(written);
        await one.cache.read('x');
        expect(one.cache.stats().loads).toBe(loads + 1);
        expect(one.cache.health().degraded).toBe(false);
        expect(one.incarnations(actor)).toBe(instants.length + 1);
        for (const other of actors) if (other !== actor) expect(one.incarnations(other)).toBe(1);
        one.cache.revoke('a');
        await w.advance('100ms');
        one.kill();
        db.become({ mode: 'unreachable' });
        const next = await boot({ snapshot: { store } });
        expect(next.cache.lookup('a')).toMatchObject({ status: 'absent', because: 'removed' });
        expect(next.cache.get('late')).toBe('L');
      })(),
  );
});

describe('an order to stop while a child is restarting', () => {
  it(
    'stops; nothing starts afterwards; no timer is left',
    scene({ rows }, async ({ w, boot, store }) => {
      let opens = 0;
      const slow: SnapshotStore = {
        ...store,
        open: async (options) => {
          if (++opens > 1) await new Promise((resolve) => setTimeout(resolve, 1_000));
          return store.open(options);
        },
      };
      const one = await boot({ snapshot: { store: slow } });
      await one.cache.warmed();
      one.crash('snapshotter');
      await w.advance('100ms');
      // It is being restarted, and the next crash waits for its turn.
      expect(opens).toBe(2);
      one.crash('warmer');
      const started: string[] = [];
      one.runtime.bus.subscribe('actor.started', ({ path }) => started.push(path));
      const began = w.now;
      await one.stop();
      // The start under way is interrupted, not waited for.
      expect(w.now).toBe(began);
      await w.advance('1h');
      expect(w.pending).toEqual([]);
      expect(opens).toBe(2);
      expect(started).toEqual([]);
      expect(one.cache.get('a')).toBe('A');
    }),
  );
});
