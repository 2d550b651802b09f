import { AsyncLocalStorage } from 'node:async_hooks';
import nodeCrypto, { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import nodeTimers, { setTimeout as namedSetTimeout } from 'node:timers';
import timersPromises, { setInterval as everyPromised, setTimeout as sleepNode } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { child, createRuntime } from 'holdfast';
import {
  createWorld,
  currentWorld,
  EscapeError,
  hop,
  InjectedFaultError,
  InvariantError,
  NonDeterminismError,
  WorldError,
  type WorldOptions,
  WorldStuckError,
  WorldUncaughtError,
  world,
} from 'holdfast/testing';
import pRetry from 'p-retry';
import { describe, expect, it } from 'vitest';
import { assign, createActor, createMachine, fromCallback } from 'xstate';
import { buggify } from '../../src/fault-point.js';
import { type AsyncOwner, attribution } from '../../src/runtime/attribution.js';
import { after, monotonicNow, random, sleep, wallNow, yieldToLoop } from '../../src/runtime/time.js';

const longChain = async (length: number): Promise<void> => {
  for (let i = 0; i < length; i++) await null;
};

/** Every global that a world owns, as it is now. */
function globals(): Record<string, PropertyDescriptor | undefined> {
  const places: Record<string, object> = {
    globalThis,
    performance,
    Math,
    process,
    AbortSignal,
    webcrypto: globalThis.crypto,
    crypto: nodeCrypto,
    timers: nodeTimers,
    timersPromises,
  };
  const names = {
    globalThis: [
      'Date',
      'setTimeout',
      'setInterval',
      'setImmediate',
      'clearTimeout',
      'clearInterval',
      'clearImmediate',
    ],
    performance: ['now'],
    Math: ['random'],
    process: ['hrtime'],
    AbortSignal: ['timeout'],
    webcrypto: ['randomUUID'],
    crypto: ['randomUUID'],
    timers: ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'],
    timersPromises: ['setTimeout', 'setInterval', 'setImmediate', 'scheduler'],
  };
  return Object.fromEntries(
    Object.entries(names).flatMap(([place, keys]) =>
      keys.map((key) => [`${place}.${key}`, Object.getOwnPropertyDescriptor(places[place]!, key)]),
    ),
  );
}

describe('time', () => {
  it('moves only to the next event, and in its order', async () => {
    await world({}, async (w) => {
      const seen: string[] = [];
      setTimeout(() => seen.push(`b ${w.now}`), 2_000);
      setTimeout(() => seen.push(`a ${w.now}`), 1_000);
      setInterval(() => seen.push(`i ${w.now}`), 900);
      await w.advance('2s');
      expect(seen).toEqual(['i 900', 'a 1000', 'i 1800', 'b 2000']);
      expect(w.now).toBe(2_000);
    });
  });

  it('an hour passes in an instant, for every reader of time', async () => {
    const before = process.hrtime.bigint();
    await world({}, async () => {
      const [wall, monotonic, node] = [wallNow(), monotonicNow(), process.hrtime.bigint()];
      await sleep(3_600_000);
      expect(wallNow() - wall).toBe(3_600_000);
      expect(new Date(Date.parse(new Date().toISOString())).getTime() - wall).toBe(3_600_000);
      expect(monotonicNow() - monotonic).toBe(3_600_000);
      expect(process.hrtime.bigint() - node).toBe(3_600_000_000_000n);
    });
    expect(process.hrtime.bigint() - before).toBeLessThan(60_000_000_000n);
  });

  it('a jump of the wall clock leaves the monotonic clock and the timers alone', async () => {
    await world({}, async (w) => {
      const [wall, monotonic] = [Date.now(), performance.now()];
      w.jumpWall(-3_600_000);
      expect(Date.now()).toBe(wall - 3_600_000);
      await sleep(10);
      expect(performance.now()).toBe(monotonic + 10);
      expect(Date.now()).toBe(wall - 3_600_000 + 10);
    });
  });

  it('a paused process runs late what fell due meanwhile; an interval does not catch up in a burst', async () => {
    await world({}, async (w) => {
      const seen: string[] = [];
      setInterval(() => seen.push(`i ${w.now}`), 1_000);
      setTimeout(() => seen.push(`t ${w.now}`), 1_500);
      w.pause('1h');
      await w.settle();
      expect(seen).toEqual(['i 3600000', 't 3600000']);
      await w.advance('1s');
      expect(seen).toHaveLength(3);
    });
  });

  it('a delay that Node cannot hold overflows to 1 ms here too; time.ts chains it', async () => {
    await world({ within: '60d' }, async (w) => {
      let fired = -1;
      setTimeout(() => {
        fired = w.now;
      }, 30 * 86_400_000);
      const chained: number[] = [];
      after(30 * 86_400_000, () => chained.push(w.now));
      await w.advance('30d');
      expect(fired).toBe(1);
      expect(chained).toEqual([30 * 86_400_000]);
    });
  });

  it('dates from outside are instances of Date, and a date keeps its arguments', async () => {
    const outside = new Date(5);
    await world({ startAt: 1_000 }, async () => {
      expect(outside).toBeInstanceOf(Date);
      expect(new Date()).toBeInstanceOf(Date);
      expect(new Date().toISOString()).toBe('1970-01-01T00:00:01.000Z');
      expect(new Date(7).getTime()).toBe(7);
      expect(Date.UTC(1970, 0, 1)).toBe(0);
      expect(Date()).toContain('1970');
      class Later extends Date {}
      expect(new Later()).toBeInstanceOf(Later);
      expect(structuredClone(new Date()).getTime()).toBe(1_000);
    });
  });
});

describe('the driver', () => {
  it('drains promise chains of any length before the next event', async () => {
    await world({}, async (w) => {
      const seen: string[] = [];
      setTimeout(async () => {
        await longChain(5_000);
        seen.push('chain');
      }, 10);
      setTimeout(() => seen.push('next'), 10);
      await w.advance(10);
      expect(seen).toEqual(['chain', 'next']);
    });
  });

  it('runs nextTicks before microtasks and both before the next event, as a real timer does', async () => {
    await world({}, async (w) => {
      const seen: string[] = [];
      setTimeout(() => {
        queueMicrotask(() => seen.push('microtask'));
        process.nextTick(() => seen.push('tick'));
      }, 1);
      setImmediate(() => seen.push('immediate'));
      await w.advance(1);
      expect(seen).toEqual(['immediate', 'tick', 'microtask']);
    });
  });

  it('events of one instant run first in, first out; the tape says otherwise', async () => {
    const order = (tape: number[]) =>
      world({ tape }, async (w) => {
        const seen: number[] = [];
        for (let i = 0; i < 4; i++) setTimeout(() => seen.push(i), 5);
        await w.advance(5);
        return seen;
      });
    expect(await order([])).toEqual([0, 1, 2, 3]);
    expect(await order([3, 0, 1])).toEqual([3, 0, 2, 1]);
    expect(await order([7])).toEqual([3, 0, 1, 2]);
  });

  it('an event that one of this instant adds to this instant is a choice as well', async () => {
    const order = (tape: number[]) =>
      world({ tape }, async (w) => {
        const seen: string[] = [];
        setTimeout(() => {
          seen.push('first');
          setImmediate(() => seen.push('added'));
        }, 5);
        setTimeout(() => seen.push('second'), 5);
        await w.advance(5);
        return seen;
      });
    expect(await order([])).toEqual(['first', 'second', 'added']);
    expect(await order([0, 1])).toEqual(['first', 'added', 'second']);
  });

  it('by hand: time moves in advance and settle only', async () => {
    await using w = createWorld();
    const seen: string[] = [];
    setImmediate(() => seen.push('now'));
    setTimeout(() => seen.push('later'), 5);
    await w.settle();
    expect(seen).toEqual(['now']);
    await w.advance(4);
    expect(seen).toEqual(['now']);
    await w.advance(1);
    expect(seen).toEqual(['now', 'later']);
  });

  it('goals inside a goal, and beside it, are driven to their ends', async () => {
    await world({}, async (w) => {
      await w.advance('1s');
      await w.run(() => sleep(1_000));
      await sleep(1_000);
      await Promise.all([w.advance('1s'), w.advance('3s'), w.settle()]);
      expect(w.now).toBe(6_000);
    });
    await using w = createWorld();
    await Promise.all([w.advance('1s'), w.advance('2s'), w.run(() => sleep(3_000))]);
    expect(w.now).toBe(3_000);
  });

  it('a promise that can never settle is an error that says so, at once', async () => {
    await expect(world({}, () => new Promise(() => {}))).rejects.toThrow(/nothing is scheduled/);
    await expect(world({}, () => new Promise(() => {}))).rejects.toBeInstanceOf(WorldStuckError);
  });

  it('a promise that waits for ever beside a busy interval is an error after the limit of virtual time', async () => {
    const run = world({ within: '1h' }, () => {
      setInterval(() => {}, 60_000);
      return new Promise(() => {});
    });
    await expect(run).rejects.toThrow(/did not happen by 3600000 ms/);
  });

  it('a loop without delay is an error, not a hang', async () => {
    const run = world({}, () => {
      const again = (): void => void setImmediate(again);
      again();
      return sleep(1);
    });
    await expect(run).rejects.toThrow(/Time stands still at 0 ms/);
  });

  it('a message of a real port still arrives', async () => {
    await world({ escapes: 'ignore' }, async () => {
      const { port1, port2 } = new MessageChannel();
      const message = once(port2, 'message');
      port1.postMessage({ a: 1 });
      expect(await message).toMatchObject([{ a: 1 }]);
      port1.close();
    });
  });

  it('holds time for real work outside', async () => {
    const { setTimeout: realSetTimeout } = globalThis;
    await world({}, async (w) => {
      let fired = false;
      setTimeout(() => {
        fired = true;
      }, 1);
      await w.outside(() => new Promise((resolve) => realSetTimeout(resolve, 5)));
      expect(fired).toBe(false);
      await w.advance(1);
      expect(fired).toBe(true);
    });
  });

  it('yields of the runtime and hops are events at this instant', async () => {
    await world({ tape: [1] }, async (w) => {
      const seen: string[] = [];
      void hop('one').then(() => seen.push('one'));
      void hop('two').then(() => seen.push('two'));
      await yieldToLoop();
      expect(seen).toEqual(['two', 'one']);
      expect(w.now).toBe(0);
    });
    await hop('outside a world it is done at once');
  });

  it('so are the steps of supervisors, and of those of a killed process none is taken', async () => {
    const started = async (tape: readonly number[], killed = false): Promise<string[]> =>
      world({ tape, hops: true }, async (w) => {
        const seen: string[] = [];
        const made = w.process();
        made.run(() => {
          const runtime = createRuntime({ children: [child({ id: 'a', logic: fromCallback(() => {}) })] });
          void runtime.start().then(() => seen.push('started'));
          void hop('another').then(() => seen.push('another'));
        });
        if (killed) made.kill();
        await w.settle();
        return seen;
      });
    expect(await started([])).toEqual(['started', 'another']);
    expect(await started([1])).toEqual(['another', 'started']);
    expect(await started([], true)).toEqual([]);
  });
});

describe('timers', () => {
  it('have the face of those of Node', async () => {
    await world({}, async (w) => {
      const seen: unknown[] = [];
      const timer = setTimeout((...args: unknown[]) => seen.push(...args), 10, 'a', 'b');
      expect(timer.hasRef()).toBe(true);
      expect(timer.unref()).toBe(timer);
      expect(timer.hasRef()).toBe(false);
      await w.advance(9);
      timer.refresh();
      await w.advance(9);
      expect(seen).toEqual([]);
      await w.advance(1);
      expect(seen).toEqual(['a', 'b']);
      timer.refresh();
      await w.advance(10);
      expect(seen).toHaveLength(4);

      clearTimeout(+setTimeout(() => seen.push('cleared by number'), 1));
      setTimeout(() => seen.push('disposed'), 1)[Symbol.dispose]();
      clearImmediate(setImmediate(() => seen.push('cleared')));
      clearTimeout(undefined);
      clearTimeout('nonsense');
      await w.advance(10);
      expect(seen).toHaveLength(4);
      expect(w.pending).toEqual([]);
      expect(() => setTimeout('code' as never, 1)).toThrow(TypeError);
    });
  });

  it('an interval that clears itself in its own callback stops', async () => {
    await world({}, async (w) => {
      let count = 0;
      const timer = setInterval(() => {
        if (++count === 2) clearInterval(timer);
      }, 10);
      await w.advance(100);
      expect(count).toBe(2);
      expect(w.pending).toEqual([]);
    });
  });

  it('a timer from before the world can be cleared in it', async () => {
    let fired = false;
    const before = setTimeout(() => {
      fired = true;
    }, 1);
    await world({}, async () => clearTimeout(before));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(fired).toBe(false);
  });

  it('named imports and promises of node:timers are governed too', async () => {
    await world({}, async (w) => {
      let fired = 0;
      namedSetTimeout(() => fired++, 1_000);
      await sleepNode(1_000);
      expect(fired).toBe(1);
      expect(await sleepNode(1_000, 'value')).toBe('value');
      expect(await promisify(setTimeout)(1_000, 'value')).toBe('value');
      await timersPromises.scheduler.wait(1_000);
      expect(w.now).toBe(4_000);

      const controller = new AbortController();
      setTimeout(() => controller.abort(), 50);
      await expect(sleepNode(100, undefined, { signal: controller.signal })).rejects.toMatchObject({
        name: 'AbortError',
        code: 'ABORT_ERR',
      });
      const ticks: number[] = [];
      for await (const _ of everyPromised(10)) {
        ticks.push(w.now);
        if (ticks.length === 3) break;
      }
      expect(ticks).toEqual([4_060, 4_070, 4_080]);
      expect(w.pending).toEqual([]);
    });
  });

  it('AbortSignal.timeout fires at its virtual time, with the error of the real one', async () => {
    await world({}, async (w) => {
      const signal = AbortSignal.timeout(5_000);
      const any = AbortSignal.any([signal, new AbortController().signal]);
      await w.advance(4_999);
      expect(signal.aborted).toBe(false);
      await w.advance(1);
      expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
      expect(any.aborted).toBe(true);
      expect(() => AbortSignal.timeout(-1)).toThrow(RangeError);
    });
  });

  it('keep the async context in which they were made', async () => {
    const context = new AsyncLocalStorage<string>();
    await world({}, async (w) => {
      const seen: (string | undefined)[] = [];
      context.run('timeout', () => setTimeout(() => seen.push(context.getStore()), 1));
      context.run('interval', () => setInterval(() => seen.push(context.getStore()), 2));
      await w.advance(2);
      expect(seen).toEqual(['timeout', 'interval']);
    });
  });
});

describe('randomness', () => {
  const draw = (seed: number) =>
    world({ seed }, async (w) => [random(), crypto.randomUUID(), randomUUID(), w.random()]);

  it('follows from the seed', async () => {
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
    const [number, uuid, another] = await draw(3);
    expect(number).toBeGreaterThanOrEqual(0);
    expect(number).toBeLessThan(1);
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuid).not.toBe(another);
  });
});

describe('libraries', () => {
  it('a delayed transition of XState waits for virtual time', async () => {
    const machine = createMachine({
      context: { ticks: 0 },
      initial: 'ticking',
      states: {
        ticking: {
          after: {
            60000: {
              target: 'ticking',
              reenter: true,
              actions: assign({ ticks: ({ context }) => context.ticks + 1 }),
            },
          },
        },
      },
    });
    await world({}, async (w) => {
      const actor = createActor(machine).start();
      await w.advance('1h');
      expect(actor.getSnapshot().context.ticks).toBe(60);
      actor.stop();
      expect(w.pending).toEqual([]);
    });
  });

  it('p-retry backs off in virtual time', async () => {
    await world({}, async (w) => {
      const at: number[] = [];
      const run = pRetry(
        () => {
          at.push(w.now);
          throw new Error('away');
        },
        { retries: 3, minTimeout: 1_000, factor: 2 },
      );
      await expect(run).rejects.toThrow('away');
      expect(at).toEqual([0, 1_000, 3_000, 7_000]);
    });
  });
});

describe('one seed, one run', () => {
  const scenario = (seed: number, tape: number[] = []) =>
    world({ seed, tape }, async (w) => {
      for (let i = 0; i < 50; i++) setTimeout(() => w.note(`${i} ${random()}`), Math.floor(random() * 10));
      await pRetry(
        async (attempt) => {
          if (attempt < 4) throw new Error('again');
        },
        { retries: 5, randomize: true },
      );
      return w.hash;
    });

  it('gives one hash, twenty times', async () => {
    const hashes = new Set<string>();
    for (let i = 0; i < 20; i++) hashes.add(await scenario(42));
    expect(hashes.size).toBe(1);
    expect(hashes).not.toContain(await scenario(43));
    expect(hashes).not.toContain(await scenario(42, [1]));
  });

  it('verify finds what differs between two runs of one seed', async () => {
    let runs = 0;
    const run = world({ verify: true }, async () => {
      await sleep(10);
      await sleep(++runs);
    });
    await expect(run).rejects.toBeInstanceOf(NonDeterminismError);
    await expect(world({ verify: true }, async () => sleep(10))).resolves.toBeUndefined();
  });
});

describe('uncaught errors', () => {
  it('of a timer, a promise or a tick fail the run, and only the run', async () => {
    for (const fail of [
      () => setTimeout(() => raise('late'), 5),
      () => void Promise.reject(new Error('late')),
      () => process.nextTick(() => raise('late')),
      () => setImmediate(() => raise('late')),
    ]) {
      const run = world({}, async () => {
        fail();
        await sleep(10);
      });
      await expect(run).rejects.toBeInstanceOf(WorldUncaughtError);
      await expect(run).rejects.toThrow(/late/);
    }
  });

  it('of the last instant are not missed', async () => {
    await expect(world({}, () => void Promise.reject(new Error('late')))).rejects.toThrow(/late/);
  });

  it('are recorded with their time, and the run goes on', async () => {
    await world({ uncaught: 'record' }, async (w) => {
      setTimeout(() => raise('first'), 5);
      setInterval(() => w.note('tick'), 10);
      await w.advance(20);
      expect(w.uncaught).toMatchObject([{ at: 5, kind: 'exception', error: { message: 'first' } }]);
      expect(w.trace.filter(({ what }) => what === 'tick')).toHaveLength(2);
    });
  });

  it('an interval that throws goes on, as in Node', async () => {
    await world({ uncaught: 'record' }, async (w) => {
      setInterval(() => raise('each time'), 10);
      await w.advance(30);
      expect(w.uncaught).toHaveLength(3);
    });
  });

  it('the re-report of XState is one of them', async () => {
    const actor = createActor(
      createMachine({
        on: {
          fail: {
            actions: () => raise('bug'),
          },
        },
      }),
    );
    await world({ uncaught: 'record' }, async (w) => {
      actor.start();
      actor.send({ type: 'fail' });
      await w.settle();
      await w.advance(10);
      expect(w.uncaught).toMatchObject([{ error: { message: 'bug' } }]);
    });
  });

  it('reach a listener of the code under test in the async context of what threw', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const listener = () => seen.push(context.getStore());
    await world({ uncaught: 'record' }, async (w) => {
      process.on('uncaughtException', listener);
      context.run('its own', () => setTimeout(() => raise('x'), 5));
      await w.advance(10);
      process.off('uncaughtException', listener);
    });
    expect(seen).toEqual(['its own']);
  });

  it("that an actor answers for are its crash and not the run's", async () => {
    const seen: unknown[] = [];
    const owner: AsyncOwner = { asyncError: (error) => seen.push(error) };
    await world({}, async (w) => {
      const release = attribution().hold();
      attribution().run(owner, () => {
        setTimeout(() => raise('of a timer'), 5);
        setTimeout(() => void Promise.reject(new Error('of a promise')), 6);
      });
      await w.advance(10);
      release();
    });
    expect(seen).toMatchObject([{ message: 'of a timer' }, { message: 'of a promise' }]);
  });

  it('give the listeners of the test runner back as they were', async () => {
    const listeners = () => [
      process.rawListeners('uncaughtException'),
      process.rawListeners('unhandledRejection'),
    ];
    const before = listeners();
    await world({}, async () => expect(listeners()).not.toEqual(before));
    expect(listeners()).toEqual(before);
  });
});

describe('fault points', () => {
  it('are counted; the one that is listed fails at its pass', async () => {
    const passes = (faultPoints?: WorldOptions['faultPoints']) =>
      world({ seed: 3, ...(faultPoints && { faultPoints }) }, async (w) => {
        const failed: number[] = [];
        for (let i = 1; i <= 20; i++) {
          try {
            buggify('table.put');
          } catch (error) {
            expect(error).toBeInstanceOf(InjectedFaultError);
            failed.push(i);
          }
        }
        expect(w.faultPoints.get('table.put')).toBe(20);
        return failed;
      });
    expect(await passes()).toEqual([]);
    expect(await passes([{ name: 'table.put', pass: 3 }])).toEqual([3]);
    expect(await passes([{ name: 'another', pass: 3 }])).toEqual([]);
    expect(() => buggify('table.put')).not.toThrow();
  });

  it('by chance each is active in some worlds, and silent in others', async () => {
    const failures = [];
    for (let seed = 0; seed < 30; seed++) {
      const failed = await world({ seed, faultPoints: { chance: 0.5 } }, () => {
        let count = 0;
        for (let i = 0; i < 10; i++) {
          try {
            buggify('table.put');
          } catch {
            count++;
          }
        }
        return count;
      });
      failures.push(failed);
    }
    expect(failures).toContain(0);
    expect(failures.some((count) => count > 0)).toBe(true);
  });
});

describe('processes', () => {
  it('what was begun in one dies with it, through promises too; the rest goes on', async () => {
    await world({}, async (w) => {
      const seen: string[] = [];
      const process = w.process();
      process.run(() => {
        setInterval(() => seen.push('interval'), 10);
        void (async () => {
          for (;;) {
            await sleep(10);
            seen.push('loop');
          }
        })();
      });
      setInterval(() => seen.push('test'), 10);
      await w.advance(10);
      expect(seen).toEqual(['interval', 'loop', 'test']);
      process.kill();
      expect(process.alive).toBe(false);
      process.run(() => setTimeout(() => seen.push('after its death'), 1));
      await w.advance(20);
      expect(seen).toEqual(['interval', 'loop', 'test', 'test', 'test']);
    });
  });
});

describe('escapes', () => {
  const { setTimeout: takenBefore } = globalThis;

  it('a timer taken before the world fails the run, with the place where it was set', async () => {
    const run = world({}, () => void takenBefore(() => {}, 0));
    await expect(run).rejects.toBeInstanceOf(EscapeError);
    await expect(run).rejects.toThrow(/^Timeout: something real/);
    await expect(run).rejects.toMatchObject({ stack: expect.stringContaining('world.test.ts') });
  });

  it('so do a file, a socket and a thread', async () => {
    for (const [reach, type] of [
      [() => readFile(import.meta.filename), /^FS/],
      [() => void createServer().listen(0).close(), /^TCP/],
      [() => void new Worker('', { eval: true }).terminate(), /^WORKER/],
    ] as const) {
      const found = await world({ escapes: 'record' }, async (w) => {
        // Nothing in the world waits for it.
        void reach();
        await sleep(1);
        return w.escapes.map(({ message }) => message);
      });
      expect(found).toContainEqual(expect.stringMatching(type));
    }
  });

  it('work that time is held for is none', async () => {
    const found = await world({}, (w) => w.outside(() => readFile(import.meta.filename, 'utf8')));
    expect(found).toContain('work that time is held for');
  });

  it('each place is told once, and what stays inside is none', async () => {
    await world({ escapes: 'record' }, async (w) => {
      for (let i = 0; i < 3; i++) takenBefore(() => {}, 0);
      await sleep(1_000);
      await new Promise((resolve) => setImmediate(resolve));
      console.log('the runner reports this over a channel of its own');
      expect(w.escapes).toHaveLength(1);
    });
  });
});

describe('entering and leaving', () => {
  it('gives every global back exactly, also after a failure', async () => {
    const before = globals();
    await world({}, async () => {
      for (const [name, descriptor] of Object.entries(globals())) {
        expect(descriptor?.value, name).not.toBe(before[name]?.value);
      }
    });
    expect(globals()).toEqual(before);
    await expect(world({}, () => raise('failed'))).rejects.toThrow('failed');
    await expect(world({}, () => new Promise(() => {}))).rejects.toThrow();
    expect(globals()).toEqual(before);
    expect(currentWorld()).toBeUndefined();
    expect(namedSetTimeout).toBe(globalThis.setTimeout);
  });

  it('is refused inside a world', async () => {
    await world({}, async () => {
      expect(() => createWorld()).toThrow(WorldError);
      await expect(world({}, () => {})).rejects.toThrow(/in a world already/);
    });
    await expect(world({}, () => 'usable again')).resolves.toBe('usable again');
  });

  it('a timer that was left behind never fires, and clearing it later is harmless', async () => {
    let fired = false;
    const timer = await world({}, async () =>
      setTimeout(() => {
        fired = true;
      }, 1),
    );
    clearTimeout(timer);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(fired).toBe(false);
  });

  it('a world that was left runs nothing any more', async () => {
    const w = createWorld();
    await w.leave();
    await w.leave();
    await expect(w.advance(1)).rejects.toThrow(/was left/);
  });

  it('every world has clocks of its own, so a clock cached between reads can tell', async () => {
    const clocks = new Set([performance.now, setTimeout]);
    for (let i = 0; i < 2; i++) await world({}, () => void clocks.add(performance.now).add(setTimeout));
    expect(clocks.size).toBe(6);
  });
});

describe("the test runner's own timers", () => {
  it.fails('its timeout still fires, and ends the world', { timeout: 100 }, async ({ signal }) => {
    await world({ signal, within: '99999999d' }, () => {
      setInterval(() => {}, 1_000);
      return new Promise(() => {});
    });
  });

  it('afterwards a world can be entered again', async () => {
    expect(await world({}, async () => 'entered')).toBe('entered');
  });
});

describe('checks', () => {
  it('always: the first event after which it fails ends the run', async () => {
    const seen: number[] = [];
    const run = world({}, async (w) => {
      let count = 0;
      w.always('at most two', () => {
        if (count > 2) throw new Error(`${count}`);
      });
      setInterval(() => seen.push(++count), 10);
      await w.advance('1h');
    });
    await expect(run).rejects.toBeInstanceOf(InvariantError);
    await expect(run).rejects.toThrow('"at most two" does not hold at 30 ms: Error: 3');
    expect(seen).toEqual([1, 2, 3]);
  });

  it('eventually: comes about within its time, or says why it did not', async () => {
    await world({}, async (w) => {
      let ready = false;
      setTimeout(() => {
        ready = true;
      }, 5_000);
      setInterval(() => {}, 10);
      await w.eventually('ready', '10s', () => ready);
      expect(w.now).toBe(5_000);
      await expect(w.eventually('never', '10s', () => raise('not yet'))).rejects.toThrow(
        /"never" did not come about within 10s, at 15000 ms: Error: not yet/,
      );
    });
  });
});

function raise(message: string): never {
  throw new Error(message);
}
