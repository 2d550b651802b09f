import {
  type Cache,
  DeadlockError,
  defineCache,
  OptionsError,
  SourceUnavailableError,
  StateError,
  TransactionConflictError,
  TransactionTimeoutError,
} from 'holdfast';
import type { World } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { gate, scene } from './build.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const counts = (more: object = {}): Cache<number> =>
  defineCache<number>({ name: 'counts', source: async () => undefined, ...more });

/** A test with a cache of numbers that nothing else happens to. */
const alone = (body: (cache: Cache<number>, w: World) => Promise<void>) =>
  scene<number>({ has: [] }, async ({ w }) => body(counts(), w));

const failed = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => expect.unreachable(`it gave ${String(value)}`),
    (error: unknown) => error,
  );

describe('a transaction', () => {
  it(
    'reads its own writes; others see none of them before its end, and then all at once',
    alone(async (cache) => {
      cache.putMany(new Map(Object.entries({ a: 1, b: 2 })));
      const go = gate();
      const running = cache.transaction(['b', 'a', 'c'], async (tx) => {
        tx.put('a', 10);
        tx.update('b', (held) => held + 10);
        tx.incr('c');
        tx.decr('a', 3);
        const own = [...tx.getMany(['a', 'b', 'c'])];
        await go.promise;
        expect([tx.take('c'), tx.get('c'), tx.has('c')]).toEqual([1, undefined, false]);
        tx.revoke('c');
        return own;
      });
      await pause(1);
      expect([...cache.getMany(['a', 'b', 'c'])]).toEqual([
        ['a', 1],
        ['b', 2],
      ]);
      const seen: unknown[] = [];
      cache.bus.subscribe('invalidated', () => seen.push([...cache.getMany(['a', 'b'])]));
      go.open();
      expect(await running).toEqual([
        ['a', 7],
        ['b', 12],
        ['c', 1],
      ]);
      expect([...cache.getMany(['a', 'b', 'c'])]).toEqual([
        ['a', 7],
        ['b', 12],
      ]);
      expect(cache.lookup('c')).toMatchObject({ status: 'absent', because: 'removed' });
      // Whoever is told of a part of it sees all of it.
      expect(seen).toEqual([
        [
          ['a', 7],
          ['b', 12],
        ],
      ]);
    }),
  );

  it(
    'changes how long its keys hold as it changes their values: for others all at once, at its end',
    alone(async (cache, w) => {
      const terms = { ttl: '10s', staleFor: '20s' } as const;
      cache.putMany(new Map(Object.entries({ a: 1, b: 2, c: 3, d: 4 })), terms);
      await w.advance('4s');
      const go = gate();
      const running = cache.transaction(['a', 'b', 'c', 'd', 'x'], async (tx) => {
        expect([tx.touch('a'), tx.expire('b', '3s'), tx.expireAt('c', Date.now() - 1)]).toEqual([
          true,
          true,
          true,
        ]);
        expect([tx.touch('x'), tx.expire('x', '1s'), tx.expireAt('x', 0), tx.ttl('x')]).toEqual([
          false,
          false,
          false,
          undefined,
        ]);
        tx.put('d', 40, terms);
        tx.touch('d');
        expect([tx.ttl('a'), tx.ttl('b'), tx.ttl('c'), tx.has('c'), tx.get('d')]).toEqual([
          10_000,
          3000,
          undefined,
          false,
          40,
        ]);
        await go.promise;
      });
      await w.settle();
      expect(['a', 'b', 'c', 'd'].map((key) => cache.ttl(key))).toEqual([6000, 6000, 6000, 6000]);
      await w.advance('1s');
      go.open();
      await running;
      // As of the moment when it was done, not of the end.
      expect(['a', 'b', 'c', 'd'].map((key) => cache.ttl(key))).toEqual([9000, 2000, undefined, 9000]);
      w.jumpWall(-60_000);
      expect([cache.get('c'), cache.get('d')]).toEqual([undefined, 40]);
    }),
  );

  it(
    'that throws leaves all its keys as long to live as they had',
    alone(async (cache, w) => {
      cache.putMany(new Map(Object.entries({ a: 1, b: 2, c: 3 })), { ttl: '10s' });
      await w.advance('4s');
      const boom = new Error('boom');
      const error = await failed(
        cache.transaction(['a', 'b', 'c'], (tx) => {
          tx.touch('a');
          tx.expire('b', '1s');
          tx.expireAt('c', 0);
          throw boom;
        }),
      );
      expect(error).toBe(boom);
      expect(['a', 'b', 'c'].map((key) => cache.ttl(key))).toEqual([6000, 6000, 6000]);
    }),
  );

  it(
    'touches what the source confirms meanwhile without making it older, and not what was put in its place',
    alone(async (_, w) => {
      const value = { same: true };
      const cache = defineCache<{ same: boolean }>({ name: 'rows', source: async () => value, ttl: '10s' });
      await cache.start();
      await cache.fetch('a');
      await w.advance('2s');
      const touching = cache.transaction('a', async (tx) => {
        tx.touch('a');
        await pause(1000);
      });
      await w.advance(500);
      await cache.refresh('a');
      await w.advance(500);
      await touching;
      expect(cache.ttl('a')).toBe(9500);
      const crossed = cache.transaction('a', async (tx) => {
        tx.touch('a');
        await pause(10);
      });
      cache.put('a', { same: false });
      expect(await failed(crossed)).toBeInstanceOf(TransactionConflictError);
      await cache.stop();
    }),
  );

  it(
    'inside another one touches what that is to put, and neither is lost',
    alone(async (cache, w) => {
      cache.put('a', 1, { ttl: '10s' });
      await w.advance('4s');
      await cache.transaction('a', async (tx) => {
        tx.put('a', 2, { ttl: '5s' });
        await pause(1000);
        await cache.transaction('a', (inner) => {
          expect([inner.ttl('a'), inner.touch('a'), inner.ttl('a')]).toEqual([4000, true, 5000]);
        });
        expect([tx.get('a'), tx.ttl('a')]).toEqual([2, 5000]);
      });
      expect([cache.get('a'), cache.ttl('a')]).toEqual([2, 5000]);
    }),
  );

  it(
    'that throws: nothing of it is applied, the lock is released, the caller gets that very error with its stack',
    alone(async (cache) => {
      cache.put('a', 1);
      for (let time = 0; time < 3; time++) {
        const boom = new Error(`boom ${time}`);
        const error = await failed(
          cache.transaction('a', async (tx) => {
            tx.put('a', 2);
            await pause(1);
            throw boom;
          }),
        );
        expect(error).toBe(boom);
        expect(boom.stack).toContain('transaction.test.ts');
        expect(cache.get('a')).toBe(1);
      }
      const synchronous = await failed(
        cache.transaction('a', () => {
          throw 'a string';
        }),
      );
      expect(synchronous).toBe('a string');
      expect(await cache.transaction('a', (tx) => tx.incr('a'))).toBe(2);
      expect(cache.get('a')).toBe(2);
    }),
  );

  it(
    'of a shared key: one after another, as they came; of disjoint ones: side by side',
    alone(async (cache, w) => {
      const order: string[] = [];
      const one = (name: string, keys: string[]) =>
        cache.transaction(keys, async (tx) => {
          order.push(`+${name}`);
          const key = keys[0] as string;
          const before = tx.get(key) ?? 0;
          await pause(100);
          tx.put(key, before + 1);
          order.push(`-${name}`);
        });
      const began = w.now;
      await Promise.all([one('1', ['a', 'x']), one('2', ['a']), one('3', ['a', 'y']), one('4', ['b'])]);
      expect(w.now - began).toBe(300);
      expect(order.filter((step) => !step.includes('4'))).toEqual(['+1', '-1', '+2', '-2', '+3', '-3']);
      expect(order.indexOf('-4')).toBeLessThan(order.indexOf('+2') + 2);
      expect([cache.get('a'), cache.get('b')]).toEqual([3, 1]);
    }),
  );

  it(
    'takes its locks in one order, however the keys are named: no two wait for each other',
    alone(async (cache, w) => {
      const began = w.now;
      const swap = (keys: string[]) =>
        cache.transaction(keys, async (tx) => {
          await pause(10);
          for (const key of keys) tx.incr(key);
        });
      await Promise.all([swap(['a', 'b', 'c']), swap(['c', 'b', 'a']), swap(['b', 'c', 'a', 'b'])]);
      expect(w.now - began).toBe(30);
      expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([3, 4, 3]);
    }),
  );

  it(
    'knows only the keys that were named, and only while it runs',
    alone(async (cache) => {
      let kept: { get(key: string): unknown; put(key: string, value: number): void } | undefined;
      const error = await failed(
        cache.transaction(['a'], (tx) => {
          tx.put('a', 1);
          tx.putMany([
            ['a', 2],
            ['b', 2],
          ]);
        }),
      );
      expect(error).toBeInstanceOf(StateError);
      expect((error as Error).message).toMatch(/"b" is none of this transaction's keys/);
      expect(cache.size).toBe(0);
      await cache.transaction(['a'], (tx) => {
        kept = tx;
      });
      expect(() => kept?.get('a')).toThrow(/is over/);
      expect(() => kept?.put('a', 1)).toThrow(StateError);
      expect(await cache.transaction([], () => 'nothing to lock')).toBe('nothing to lock');
    }),
  );

  it(
    'gets bad input: an error by name, and nothing is locked',
    alone(async (cache) => {
      const guarded = counts({ key: (key: string) => key !== 'bad' });
      const bad: [Promise<unknown>, RegExp][] = [
        [guarded.transaction(['a', 'bad'], () => {}), /guard refuses "bad"/],
        [cache.transaction(['a'], () => {}, { timeout: 'soon' as never }), /"timeout"/],
        [cache.transaction(['a'], () => {}, { timeout: 0 }), /"timeout"/],
        [cache.transaction(['a'], () => {}, { retries: -1 }), /"retries"/],
        [cache.transaction(['a'], () => {}, { retires: 1 } as never), /"retires" is not known/],
        [cache.transaction(['a'], undefined as never), /keys and a function/],
        [cache.transaction([7 as never], () => {}), /key must be a string/],
      ];
      for (const [work, message] of bad) {
        const error = await failed(work);
        expect(error).toBeInstanceOf(OptionsError);
        expect((error as Error).message).toMatch(message);
      }
      await guarded.transaction('a', (tx) => tx.incr('a'), { timeout: 1 });
    }),
  );

  it(
    'commits what counts as a put: answers that began before are refused, loads aborted',
    scene({ has: [] }, async ({ boot, w }) => {
      const answer = gate<string>();
      const { cache } = await boot({
        source: (key) => (key === 'a' ? answer.promise : Promise.resolve('x')),
      });
      const read = cache.read('a');
      await w.settle();
      await cache.transaction('a', (tx) => tx.put('a', 'mine', { ttl: '1m' }));
      answer.open('older');
      expect(await read).toMatchObject({ status: 'fresh', value: 'mine' });
      expect([cache.get('a'), cache.ttl('a')]).toEqual(['mine', 60_000]);
    }),
  );
});

describe('plain operations while a transaction runs', () => {
  const play = async (
    plain: (cache: Cache<number>) => unknown,
    use: 'reads' | 'writes' | 'both',
    retries = 0,
  ): Promise<{ readonly cache: Cache<number>; readonly outcome: unknown }> => {
    const cache = counts();
    cache.put('a', 1);
    let runs = 0;
    const outcome = await cache
      .transaction(
        ['a'],
        async (tx) => {
          runs += 1;
          const held = use === 'writes' ? 100 : (tx.get('a') ?? 0);
          if (runs === 1) plain(cache);
          await pause(1);
          if (use !== 'reads') tx.put('a', held + 1);
          return held;
        },
        { retries },
      )
      .catch((error: unknown) => error);
    return { cache, outcome };
  };

  it(
    'a value that was read is changed: a conflict, nothing is applied, and the plain write stands',
    scene({ has: [] }, async () => {
      for (const plain of [
        (cache: Cache<number>) => cache.put('a', 5),
        (cache: Cache<number>) => cache.update('a', (held) => held + 4),
        (cache: Cache<number>) => cache.incr('a', 4),
      ]) {
        const { cache, outcome } = await play(plain, 'both');
        expect(outcome).toBeInstanceOf(TransactionConflictError);
        expect(outcome).toMatchObject({ code: 'HOLDFAST_TRANSACTION_CONFLICT', key: 'a' });
        expect(cache.get('a')).toBe(5);
        expect((await play(plain, 'reads')).outcome).toBeInstanceOf(TransactionConflictError);
        const again = await play(plain, 'both', 1);
        expect([again.outcome, again.cache.get('a')]).toEqual([5, 6]);
      }
    }),
  );

  it(
    'a removal is never lost, whether the key was read or only written; of a put only the last is left',
    scene({ has: ['remove'] }, async () => {
      for (const plain of [
        (cache: Cache<number>) => cache.revoke('a'),
        (cache: Cache<number>) => cache.invalidate('a'),
        (cache: Cache<number>) => cache.take('a'),
        (cache: Cache<number>) => cache.clear(),
      ]) {
        for (const use of ['both', 'writes', 'reads'] as const) {
          const { cache, outcome } = await play(plain, use);
          expect(outcome).toBeInstanceOf(TransactionConflictError);
          expect(cache.has('a')).toBe(false);
        }
      }
      const blind = await play((cache) => cache.put('a', 5), 'writes');
      expect([blind.outcome, blind.cache.get('a')]).toEqual([100, 101]);
    }),
  );

  it(
    'what leaves the value as it was is no conflict: the same value again, a touch, a read, an end of its time',
    scene({ has: [] }, async ({ w }) => {
      for (const plain of [
        (cache: Cache<number>) => cache.put('a', 1),
        (cache: Cache<number>) => cache.touch('a'),
        (cache: Cache<number>) => cache.get('a'),
        (cache: Cache<number>) => cache.put('other', 1),
      ]) {
        const { cache, outcome } = await play(plain, 'both');
        expect([outcome, cache.get('a')]).toEqual([1, 2]);
      }
      const cache = counts();
      cache.put('a', 1, { expiresAt: Date.now() + 50 });
      const late = await cache.transaction('a', async (tx) => {
        const first = tx.get('a');
        await pause(50);
        return [first, tx.get('a'), cache.get('a')];
      });
      expect(late).toEqual([1, undefined, undefined]);
      void w;
    }),
  );

  it(
    'a removal that was undone, or forgotten by the table, is one all the same',
    scene({ has: [] }, async () => {
      const { outcome } = await play((cache) => {
        cache.invalidate('a');
        cache.put('a', 2);
      }, 'both');
      expect(outcome).toBeInstanceOf(TransactionConflictError);
      const cache = counts({ maxEntries: 1 });
      cache.put('a', 1);
      const squeezed = cache.transaction('a', async (tx) => {
        const held = tx.get('a');
        cache.put('a', 2);
        // It leaves for want of room; that it was put meanwhile is still known.
        cache.put('b', 3);
        await pause(1);
        tx.put('a', (held ?? 0) + 10);
      });
      expect(await failed(squeezed)).toBeInstanceOf(TransactionConflictError);
    }),
  );

  it(
    'an answer of the source: the same value is none, another one is a conflict',
    scene<number>({ rows: { a: 1 }, has: ['scan'] }, async ({ boot, db }) => {
      const { cache } = await boot();
      await cache.warmed();
      const work = (value: number) =>
        cache.transaction('a', async (tx) => {
          const held = tx.get('a') as number;
          db.write('a', value);
          await cache.warm();
          tx.put('a', held + 1);
        });
      await work(1);
      expect(cache.get('a')).toBe(2);
      await cache.warm();
      expect(await failed(work(7))).toBeInstanceOf(TransactionConflictError);
      expect(cache.get('a')).toBe(7);
    }),
  );
});

describe('fetch inside a transaction', () => {
  it(
    'asks the source once, and goes on with what it brought',
    scene<number>({ rows: { a: 1 }, has: [] }, async ({ boot, asked }) => {
      const { cache } = await boot();
      await cache.transaction(['a', 'b'], async (tx) => {
        expect(tx.get('a')).toBeUndefined();
        expect(await tx.fetch('a')).toBe(1);
        expect(await tx.fetch('a')).toBe(1);
        expect(await tx.fetch('b')).toBeUndefined();
        tx.incr('a');
        expect(await tx.fetch('a')).toBe(2);
        tx.revoke('b');
        expect(await tx.fetch('b')).toBeUndefined();
        tx.invalidate('b');
        expect(await failed(tx.fetch('b'))).toBeInstanceOf(StateError);
        expect(await failed(tx.fetch('c'))).toBeInstanceOf(StateError);
      });
      expect(cache.get('a')).toBe(2);
      expect(asked('load', 'a')).toBe(1);
    }),
  );

  it(
    'of a source that is away rejects, and the transaction with it where nobody catches that',
    scene<number>({ has: [] }, async ({ boot }) => {
      const { cache } = await boot({
        source: async () => {
          throw new SourceUnavailableError();
        },
      });
      const error = await failed(
        cache.transaction('a', async (tx) => {
          tx.put('a', 1);
          tx.invalidate('a');
          tx.put('a', (await cache.fetch('b')) ?? 0);
        }),
      );
      expect(error).toBeInstanceOf(SourceUnavailableError);
      expect(cache.size).toBe(0);
    }),
  );

  it(
    'notices at once that a value read before is not there any more',
    alone(async (cache) => {
      cache.put('a', 1, { ttl: 0, staleFor: '1h' });
      const error = await failed(
        cache.transaction('a', async (tx) => {
          tx.get('a');
          cache.put('a', 2);
          return tx.fetch('a');
        }),
      );
      expect(error).toBeInstanceOf(TransactionConflictError);
    }),
  );
});

describe('a transaction inside a transaction', () => {
  it(
    'on keys held already: joins, sees what the outer one wrote, and is applied with it, or not at all',
    alone(async (cache, w) => {
      cache.put('a', 1);
      const work = (fails: boolean) =>
        cache.transaction(['a', 'b'], async (tx) => {
          tx.incr('a');
          const inner = await cache.transaction('a', async (nested) => {
            await pause(1);
            return nested.incr('a');
          });
          expect([inner, tx.get('a'), cache.get('a')]).toEqual([3, 3, 1]);
          if (fails) throw new Error('the outer one');
        });
      expect(await failed(work(true))).toMatchObject({ message: 'the outer one' });
      expect(cache.get('a')).toBe(1);
      await work(false);
      expect(cache.get('a')).toBe(3);
      void w;
    }),
  );

  it(
    'that throws takes its own changes with it; the outer one may go on',
    alone(async (cache) => {
      await cache.transaction(['a', 'b'], async (tx) => {
        tx.put('a', 1);
        await failed(
          cache.transaction(['a', 'b', 'c'], (nested) => {
            nested.put('a', 2);
            nested.put('c', 2);
            throw new Error('inner');
          }),
        );
        expect([tx.get('a'), tx.has('b')]).toEqual([1, false]);
        tx.put('b', 3);
      });
      expect([...cache.getMany(['a', 'b', 'c'])]).toEqual([
        ['a', 1],
        ['b', 3],
      ]);
    }),
  );

  it(
    'on another cache takes its locks there, until the outermost has ended; both are applied at once',
    alone(async (one, w) => {
      const other = counts();
      const order: string[] = [];
      const outer = one.transaction('a', async (tx) => {
        tx.put('a', 1);
        await other.transaction('k', (nested) => nested.put('k', 1));
        order.push('inner done');
        await pause(50);
        expect(other.has('k')).toBe(false);
        order.push('outer done');
      });
      await pause(10);
      const waiting = other.transaction('k', (tx) => {
        order.push(`waited, sees ${tx.get('k')} and ${one.get('a')}`);
      });
      await Promise.all([outer, waiting]);
      expect(order).toEqual(['inner done', 'outer done', 'waited, sees 1 and 1']);
      const fails = one.transaction('a', async () => {
        await other.transaction('k', (nested) => nested.put('k', 2));
        throw new Error('after the inner one was done');
      });
      await failed(fails);
      expect(other.get('k')).toBe(1);
      void w;
    }),
  );

  it(
    'several at once inside one: one after another on one key, and none is lost where nobody awaits it',
    alone(async (cache) => {
      await cache.transaction('a', async () => {
        const add = () =>
          cache.transaction('a', async (nested) => {
            const held = nested.get('a') ?? 0;
            await pause(5);
            nested.put('a', held + 1);
          });
        await Promise.all([add(), add()]);
        void add();
      });
      expect(cache.get('a')).toBe(3);
    }),
  );

  it(
    'the outer one cannot use a key that an inner one works on',
    alone(async (cache) => {
      const error = await failed(
        cache.transaction('a', async (tx) => {
          const inner = cache.transaction('a', async (nested) => {
            nested.put('a', 1);
            await pause(5);
          });
          try {
            tx.put('a', 2);
          } finally {
            await inner;
          }
        }),
      );
      expect((error as Error).message).toMatch(/"a" is in use by a transaction inside/);
      expect(cache.has('a')).toBe(false);
    }),
  );

  it(
    'begun by what a transaction left behind: after a good end it is one of its own, after a bad one an error',
    alone(async (cache) => {
      let left: Promise<unknown> | undefined;
      const leave = () => {
        left = pause(50).then(() => cache.transaction('a', (tx) => tx.incr('a')));
        left.catch(() => {});
      };
      await cache.transaction('a', leave);
      expect(await left).toBe(1);
      const late = cache.transaction(
        'a',
        async () => {
          leave();
          await pause(60);
        },
        { timeout: 10 },
      );
      expect(await failed(late)).toBeInstanceOf(TransactionTimeoutError);
      expect(await failed(left as Promise<unknown>)).toBeInstanceOf(StateError);
      await pause(10);
      expect(cache.get('a')).toBe(1);
    }),
  );
});

describe('a cycle is an error, not a hang', () => {
  it(
    'within one cache: nested the wrong way round',
    alone(async (cache, w) => {
      const began = w.now;
      const nest = (first: string, second: string) =>
        cache.transaction(first, async (tx) => {
          tx.incr(first);
          await pause(10);
          await cache.transaction(second, (inner) => inner.incr(second));
        });
      const outcomes = await Promise.allSettled([nest('a', 'b'), nest('b', 'a')]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const { reason } = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(DeadlockError);
      expect(w.now - began).toBe(10);
      expect([cache.get('a'), cache.get('b')]).toEqual([1, 1]);
    }),
  );

  it(
    'across two caches, and through a third transaction',
    alone(async (one, w) => {
      const other = counts();
      const began = w.now;
      const nest = (first: Cache<number>, second: Cache<number>, key: string, then: string) =>
        first.transaction(key, async () => {
          await pause(10);
          await second.transaction(then, () => pause(1));
        });
      const outcomes = await Promise.allSettled([
        nest(one, other, 'a', 'k'),
        nest(other, one, 'k', 'b'),
        nest(one, one, 'b', 'a'),
      ]);
      const broken = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(broken.map(({ reason }) => reason instanceof DeadlockError)).toEqual([true]);
      expect(w.now - began).toBeLessThan(20);
    }),
  );

  it(
    'that only comes about when a lock goes to the next in line',
    alone(async (cache, w) => {
      // 1 holds x; 2 stands in line for x, then 3. 2 is a part of a unit that waits for what 3's unit holds.
      const began = w.now;
      const first = cache.transaction('x', () => pause(50));
      const second = cache.transaction('p', async () => {
        const part = cache.transaction('x', () => pause(100));
        await pause(10);
        await Promise.all([part, cache.transaction('q', () => {})]);
      });
      await pause(1);
      const third = cache.transaction('q', async () => {
        await pause(5);
        await cache.transaction('x', () => {});
      });
      const outcomes = await Promise.allSettled([first, second, third]);
      const broken = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(broken.map(({ reason }) => reason instanceof DeadlockError)).toEqual([true]);
      expect(w.now - began).toBeLessThan(5000);
    }),
  );
});

describe('a deadline', () => {
  it(
    'while it waits for its keys: a typed error, and the line goes on without it',
    alone(async (cache, w) => {
      const long = cache.transaction('a', () => pause(1000));
      const late = cache.transaction(['a', 'b'], () => {}, { timeout: 100 });
      const next = cache.transaction('a', () => w.now);
      const error = await failed(late);
      expect(error).toMatchObject({ code: 'HOLDFAST_TRANSACTION_TIMEOUT', phase: 'waiting', timeout: 100 });
      expect(w.now).toBe(100);
      await long;
      expect(await next).toBe(1000);
    }),
  );

  it(
    'while its function runs: a typed error, its signal fires, it can do nothing more, its keys are free',
    alone(async (cache, w) => {
      const outcome: unknown[] = [];
      const late = cache.transaction(
        'a',
        async (tx) => {
          tx.put('a', 1);
          tx.signal.addEventListener('abort', () => outcome.push(tx.signal.reason));
          await pause(200);
          try {
            tx.put('a', 2);
          } catch (error) {
            outcome.push(error);
          }
          return 'too late';
        },
        { timeout: 100 },
      );
      const error = await failed(late);
      expect(error).toMatchObject({ code: 'HOLDFAST_TRANSACTION_TIMEOUT', phase: 'running' });
      expect(await cache.transaction('a', (tx) => [tx.has('a'), w.now])).toEqual([false, 100]);
      await pause(200);
      expect(outcome).toEqual([error, expect.any(StateError)]);
      expect(cache.has('a')).toBe(false);
    }),
  );

  it(
    'is 5 s by default; a signal ends it sooner; an inner one ends with the outer',
    alone(async (cache, w) => {
      expect(await failed(cache.transaction('a', () => new Promise(() => {})))).toBeInstanceOf(
        TransactionTimeoutError,
      );
      expect(w.now).toBe(5000);
      const controller = new AbortController();
      const held = cache.transaction('a', () => pause(1000));
      const given = cache.transaction('a', () => {}, { signal: controller.signal });
      setTimeout(() => controller.abort(new Error('given up')), 10);
      expect(await failed(given)).toMatchObject({ message: 'given up' });
      await held;
      let inner: Promise<unknown> | undefined;
      const outer = cache.transaction(
        'a',
        async () => {
          inner = failed(cache.transaction('b', () => new Promise(() => {})));
          await inner;
        },
        { timeout: 20 },
      );
      const error = await failed(outer);
      expect(error).toMatchObject({ timeout: 20 });
      expect(await inner).toBe(error);
      expect(await cache.transaction(['a', 'b'], () => 'free')).toBe('free');
    }),
  );
});

describe('the cache actor crashes', () => {
  it(
    'while a transaction runs and another waits: neither is lost, and no lock is stuck',
    scene<number>({ rows: { a: 1 }, has: [] }, async ({ boot, w }) => {
      const one = await boot();
      await one.cache.fetch('a');
      const go = gate();
      const running = one.cache.transaction('a', async (tx) => {
        await go.promise;
        return tx.incr('a');
      });
      const waiting = one.cache.transaction('a', (tx) => tx.incr('a'));
      await w.settle();
      one.crash('cache');
      await w.advance(100);
      go.open();
      expect(await Promise.all([running, waiting])).toEqual([2, 3]);
      expect(one.cache.get('a')).toBe(3);
    }),
  );

  it(
    'twice, and the table is rebuilt under a transaction: a conflict that is told, or another try',
    scene<number>({ rows: { a: 1 }, has: [] }, async ({ boot, w }) => {
      const one = await boot();
      await one.cache.fetch('a');
      const work = (retries: number) =>
        one.cache.transaction(
          'a',
          async (tx) => {
            const next = tx.incr('a');
            if (next === 2 && one.cache.stats().rebuilds === 0) {
              one.crash('cache');
              await w.advance(10);
              one.crash('cache');
              await pause(500);
            }
            return next;
          },
          { retries },
        );
      expect(await work(1)).toBe(2);
      expect(one.cache.stats().rebuilds).toBe(1);
      expect(one.cache.get('a')).toBe(2);
    }),
  );
});
