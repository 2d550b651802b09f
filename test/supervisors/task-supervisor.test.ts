import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createMachine } from 'xstate';
import {
  ActorDiedError,
  MaxChildrenError,
  NoSuchActorError,
  OptionsError,
  StateError,
  TaskTimeoutError,
} from '../../src/errors.js';
import { exit, signalOf } from '../../src/runtime/index.js';
import { sleep } from '../../src/runtime/time.js';
import {
  child,
  dynamicSupervisor,
  type SupervisorRef,
  stop,
  taskSupervisor,
  terminateChild,
} from '../../supervisors/index.js';
import { running } from '../runtime/running.js';
import { abortable, outcome, tasksOf } from './tasks.js';

const boom = new Error('boom');

beforeEach(() => void vi.useFakeTimers());

describe('async', () => {
  test('T2: the value of a task, and nothing is left of it', async () => {
    const t = await tasksOf();
    const value = taskSupervisor.async(t.tasks, async (signal) => {
      await sleep(100, signal);
      return 42;
    });
    await vi.advanceTimersByTimeAsync(50);
    expect(await t.active()).toBe(1);
    expect(await outcome(value, 50)).toEqual({ value: 42 });
    expect(await t.active()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ['throws', () => Promise.reject(boom)],
    [
      'throws at once',
      () => {
        throw boom;
      },
    ],
    [
      'throws from a timer that nobody awaits',
      () => {
        setTimeout(() => {
          throw boom;
        }, 0);
        return new Promise<never>(() => {});
      },
    ],
  ])("T2: a task that %s is its caller's error and nobody's death", async (_, fn) => {
    vi.useRealTimers();
    const t = await tasksOf({ maxRestarts: 0 });
    await expect(taskSupervisor.async<unknown>(t.tasks, fn)).rejects.toBe(boom);
    expect(t.incarnation('tasks')).toBe(1);
    expect(await t.active()).toBe(0);
  });

  test('T2: whoever rejects with undefined rejects with undefined', async () => {
    const t = await tasksOf();
    expect(await outcome(taskSupervisor.async(t.tasks, () => Promise.reject(undefined)))).toEqual({
      error: undefined,
    });
  });

  test('T2: maxChildren rejects, and nothing is begun', async () => {
    const t = await tasksOf({ maxChildren: 1 });
    const first = taskSupervisor.async(t.tasks, (signal) => sleep(100, signal));
    const begun = vi.fn();
    expect(await outcome(taskSupervisor.async(t.tasks, begun))).toEqual({
      error: expect.any(MaxChildrenError),
    });
    expect(begun).not.toHaveBeenCalled();
    await outcome(first, 100);
    expect(await outcome(taskSupervisor.async(t.tasks, () => 2))).toEqual({ value: 2 });
  });

  test('T3: too late, it is killed at once and rejects; what it brings later is dropped', async () => {
    const t = await tasksOf();
    let aborted = false;
    const late = taskSupervisor.async(
      t.tasks,
      async (signal) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        await sleep(1000); // it does not mind its signal
        return 'late';
      },
      { timeout: 100 },
    );
    expect(await outcome(late, 99 + 1)).toMatchObject({ error: { timeout: 100 } });
    expect((await outcome(late)) as { error: unknown }).toEqual({ error: expect.any(TaskTimeoutError) });
    expect(aborted).toBe(true);
    expect(await t.active()).toBe(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(t.told('actor.late-error')).toEqual([]);
    expect(t.runtime.deadLetters).toBe(0);
  });

  test('T3: what it throws after its end is told, and harms nobody', async () => {
    const t = await tasksOf();
    const late = taskSupervisor.async(t.tasks, () => sleep(1000).then(() => Promise.reject(boom)), {
      timeout: 10,
    });
    await outcome(late, 2000);
    expect(t.told('actor.late-error')).toEqual(['actor.late-error root/tasks/1#1']);
    expect(t.told('actor.crashed')).toEqual(['actor.crashed root/tasks/1#1']);
  });

  test('T3: there is no timeout unless one is given', async () => {
    const t = await tasksOf();
    expect(
      await outcome(
        taskSupervisor.async(t.tasks, () => sleep(3_600_000).then(() => 1)),
        3_600_000,
      ),
    ).toEqual({
      value: 1,
    });
  });

  test('T3: a signal ends it in order, and rejects at once', async () => {
    const t = await tasksOf();
    const { signal, abort } = abortable();
    const trace: unknown[] = [];
    const task = taskSupervisor.async(
      t.tasks,
      async (own) => {
        await sleep(1000, own).catch((reason) => trace.push(reason));
        await sleep(50);
        trace.push('tidied up');
      },
      { signal },
    );
    await vi.advanceTimersByTimeAsync(10);
    abort('enough');
    expect(await outcome(task)).toEqual({ error: 'enough' });
    expect(await t.active()).toBe(1);
    await vi.advanceTimersByTimeAsync(50);
    expect(trace).toMatchObject([{ reason: { type: 'shutdown' } }, 'tidied up']);
    expect(await t.active()).toBe(0);
    expect(t.told('actor.crashed')).toEqual([]);
  });

  test('T3: a task that was ended before it had begun never begins', async () => {
    const t = await tasksOf();
    const { signal, abort } = abortable();
    const begun = vi.fn();
    const task = taskSupervisor.async(t.tasks, begun, { signal });
    abort('enough');
    expect(await outcome(task, 100)).toEqual({ error: 'enough' });
    expect(begun).not.toHaveBeenCalled();
    expect(await t.active()).toBe(0);
    expect(await outcome(taskSupervisor.async(t.tasks, begun, { signal }))).toEqual({ error: 'enough' });
    expect(await t.active()).toBe(0);
  });

  test('T3: a task that somebody kills rejects with how it ended', async () => {
    const t = await tasksOf();
    let self: AbortSignal | undefined;
    const task = taskSupervisor.async(t.tasks, (signal) => {
      self = signal;
      return new Promise(() => {});
    });
    await vi.advanceTimersByTimeAsync(0);
    exit(t.tasks, { type: 'killed' });
    expect(await outcome(task)).toMatchObject({ error: { reason: { type: 'killed' } } });
    expect(self?.aborted).toBe(true);
    expect(await outcome(taskSupervisor.async(t.tasks, () => 1))).toEqual({
      error: expect.any(NoSuchActorError),
    });
    expect(await outcome(taskSupervisor.async(t.who('tasks') as SupervisorRef, () => 1))).toEqual({
      value: 1,
    });
  });

  test('T3: a value that comes within the shutdown time of its supervisor counts', async () => {
    const t = await tasksOf();
    const task = taskSupervisor.async(t.tasks, () => sleep(100).then(() => 'done'));
    await vi.advanceTimersByTimeAsync(10);
    void stop(t.tasks, { type: 'shutdown' });
    expect(await outcome(task, 100)).toEqual({ value: 'done' });
  });

  test('T2: the end of a caller that is an actor is the end of its tasks', async () => {
    const t = await tasksOf();
    const signals: AbortSignal[] = [];
    const caller = createMachine({
      entry: () => {
        for (let n = 0; n < 2; n++) {
          void taskSupervisor
            .async(t.tasks, (signal) => {
              signals.push(signal);
              return sleep(60_000, signal);
            })
            .catch(() => {});
        }
      },
    });
    const other = await running({
      children: [child({ id: 'caller', name: 'caller', logic: caller, restart: 'temporary' })],
    });
    await vi.advanceTimersByTimeAsync(10);
    expect(await t.active()).toBe(2);
    exit(other.who('caller'), { type: 'killed' });
    await vi.advanceTimersByTimeAsync(0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(await t.active()).toBe(0);
  });

  test('T2: what an actor left behind starts no task and no stream', async () => {
    const t = await tasksOf();
    const begun = vi.fn();
    const errors: unknown[] = [];
    const caller = createMachine({
      entry: () => {
        const late = sleep(10);
        void late.then(() => taskSupervisor.async(t.tasks, begun)).catch((error) => errors.push(error));
        void late
          .then(() => taskSupervisor.stream(t.tasks, [1], begun).next())
          .catch((error) => errors.push(error));
      },
    });
    const other = await running({
      children: [child({ id: 'caller', name: 'caller', logic: caller, restart: 'temporary' })],
    });
    exit(other.who('caller'), { type: 'killed' });
    await vi.advanceTimersByTimeAsync(100);
    expect(begun).not.toHaveBeenCalled();
    expect(errors).toEqual([expect.any(ActorDiedError), expect.any(ActorDiedError)]);
  });

  test('T2: a caller that is an actor may have very many tasks', async () => {
    const warned = vi.spyOn(process, 'emitWarning');
    const t = await tasksOf();
    let sum = 0;
    const caller = createMachine({
      entry: () => {
        for (let n = 0; n < 100; n++) {
          void taskSupervisor
            .async(t.tasks, () => sleep(10).then(() => 1))
            .then((one) => {
              sum += one;
            });
        }
      },
    });
    await running({ children: [child({ id: 'caller', logic: caller })] });
    await vi.advanceTimersByTimeAsync(10);
    expect(sum).toBe(100);
    expect(warned).not.toHaveBeenCalled();
  });

  test('T2: a task that ends leaves nothing with its caller', async () => {
    const t = await tasksOf();
    const { signal } = abortable();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const added = vi.spyOn(signal, 'addEventListener');
    await outcome(taskSupervisor.async(t.tasks, () => 1, { signal }));
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
    expect(added).toHaveBeenCalled();
  });
});

describe('start', () => {
  test('T1: tasks are temporary, have 5 s to stop, and are counted', async () => {
    const t = await tasksOf({ maxRestarts: 0, maxChildren: 2 });
    let runs = 0;
    await taskSupervisor.start(t.tasks, () => {
      runs++;
      throw boom;
    });
    const ref = await taskSupervisor.start(t.tasks, () => new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(0);
    expect(runs).toBe(1);
    expect(await t.active()).toBe(1);
    void terminateChild(t.tasks, ref);
    await vi.advanceTimersByTimeAsync(4999);
    expect(signalOf(ref).aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signalOf(ref).aborted).toBe(true);
  });

  test('T1: a restart of its own is kept to', async () => {
    const t = await tasksOf();
    const outcomes = [() => Promise.reject(boom), () => Promise.reject(boom), () => 1];
    const fn = vi.fn(() => outcomes.shift()?.());
    await taskSupervisor.start(t.tasks, fn, { restart: 'transient' });
    await vi.advanceTimersByTimeAsync(10);
    expect(fn).toHaveBeenCalledTimes(3);
    expect(await t.active()).toBe(0);
  });

  test('the end of a caller is nothing to it', async () => {
    const t = await tasksOf();
    const caller = createMachine({
      entry: () => void taskSupervisor.start(t.tasks, (signal) => sleep(1000, signal)),
    });
    const other = await running({
      children: [child({ id: 'caller', name: 'caller', logic: caller, restart: 'temporary' })],
    });
    await vi.advanceTimersByTimeAsync(10);
    exit(other.who('caller'), { type: 'killed' });
    await vi.advanceTimersByTimeAsync(10);
    expect(await t.active()).toBe(1);
  });

  test('what is wrong is said', async () => {
    const t = await tasksOf();
    const none = undefined as never;
    await expect(taskSupervisor.start(t.tasks, none)).rejects.toThrow(/A task must be a function.*undefined/);
    await expect(taskSupervisor.async(t.tasks, none)).rejects.toThrow(OptionsError);
    expect(() => taskSupervisor.stream(t.tasks, [], none)).toThrow(OptionsError);
    expect(() => taskSupervisor.stream(t.tasks, [], () => 1, { concurrency: 0 })).toThrow(/"concurrency"/);
    expect(() => taskSupervisor.stream(t.tasks, [], () => 1, { timeout: -1 })).toThrow(/"timeout"/);
    expect(() => taskSupervisor.stream(t.tasks, [], () => 1, { onTimeout: 'exit' as never })).toThrow(
      /"onTimeout"/,
    );
    const other = await running(dynamicSupervisor({ child: () => ({ logic: createMachine({}) }) }));
    await expect(taskSupervisor.async(other.runtime.root, () => 1)).rejects.toThrow(StateError);
    expect(() => taskSupervisor({ maxChildren: -1 })).toThrow(/"maxChildren"/);
  });
});

describe('stream', () => {
  /** Takes what a stream yields, as short words; an error at its end as well. */
  const read = async (stream: AsyncIterable<unknown>, words: string[] = []): Promise<string[]> => {
    try {
      for await (const each of stream) words.push(word(each as never));
    } catch (error) {
      words.push(`! ${(error as Error).name}`);
    }
    return words;
  };
  const word = (each: { status: string; index: number; value?: unknown; reason?: Error }): string =>
    each.status === 'fulfilled' ? `${each.index} ${each.value}` : `${each.index} ! ${each.reason?.name}`;
  const waits = (ms: number, signal: AbortSignal) => sleep(ms, signal).then(() => ms);

  test('T4: in order, and a slow first task keeps no other from beginning', async () => {
    const t = await tasksOf();
    const begun: number[] = [];
    const stream = taskSupervisor.stream(
      t.tasks,
      [1000, 10, 10, 10, 10],
      (ms, signal) => {
        begun.push(ms);
        return waits(ms, signal);
      },
      { concurrency: 2 },
    );
    const words: string[] = [];
    const end = read(stream, words);
    await vi.advanceTimersByTimeAsync(45);
    expect(begun).toHaveLength(5);
    expect(words).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await end).toEqual(['0 1000', '1 10', '2 10', '3 10', '4 10']);
    expect(await t.active()).toBe(0);
  });

  test('T4: without order as they come', async () => {
    const t = await tasksOf();
    const stream = taskSupervisor.stream(t.tasks, [300, 100, 200], waits, { ordered: false });
    const words = read(stream);
    await vi.advanceTimersByTimeAsync(300);
    expect(await words).toEqual(['1 100', '2 200', '0 300']);
  });

  test('T4: lazy: nothing is taken before a result is asked for, nor while none is', async () => {
    const t = await tasksOf();
    let taken = 0;
    function* items() {
      for (;;) yield taken++;
    }
    const stream = taskSupervisor.stream(t.tasks, items(), (n) => n, { concurrency: 3 });
    await vi.advanceTimersByTimeAsync(10);
    expect(taken).toBe(0);
    await outcome(stream.next(), 10);
    const afterOne = taken;
    await vi.advanceTimersByTimeAsync(1000);
    expect(taken).toBe(afterOne);
    expect(taken).toBeLessThanOrEqual(4);
    await outcome(stream.return(), 10);
    expect(taken).toBe(afterOne);
  });

  test('T4: a source that has to be waited for; results do not wait for it', async () => {
    const t = await tasksOf();
    async function* items() {
      yield 1;
      yield 2;
      await sleep(1000);
      yield 3;
    }
    const words: string[] = [];
    const end = read(
      taskSupervisor.stream(t.tasks, items(), (n) => n),
      words,
    );
    await vi.advanceTimersByTimeAsync(10);
    expect(words).toEqual(['0 1', '1 2']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await end).toEqual(['0 1', '1 2', '2 3']);
  });

  test('T4: what a task throws is its result, with its item', async () => {
    const t = await tasksOf({ maxRestarts: 0 });
    const stream = taskSupervisor.stream(t.tasks, ['a', 'b', 'c'], (item) => {
      if (item === 'b') throw boom;
      return item;
    });
    const results = [];
    for await (const each of stream) results.push(each);
    expect(results).toEqual([
      { status: 'fulfilled', value: 'a', item: 'a', index: 0 },
      { status: 'rejected', reason: boom, item: 'b', index: 1 },
      { status: 'fulfilled', value: 'c', item: 'c', index: 2 },
    ]);
    expect(t.incarnation('tasks')).toBe(1);
  });

  test('T4: a task has 5 s from its own begin; too late, the stream rejects when all others have ended', async () => {
    const t = await tasksOf();
    const stream = taskSupervisor.stream(t.tasks, [4000, 4900, 9000, 100, 100], waits, { concurrency: 2 });
    const words: string[] = [];
    const end = read(stream, words);
    // The third begins at 4,000 ms.
    await vi.advanceTimersByTimeAsync(8999);
    expect(words).toEqual(['0 4000', '1 4900']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await end).toEqual(['0 4000', '1 4900', '! TaskTimeoutError']);
    expect(await t.active()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("T4: onTimeout 'element': one rejected result, and the stream goes on", async () => {
    const t = await tasksOf();
    const end = read(
      taskSupervisor.stream(t.tasks, [100, 900, 100], waits, { timeout: 500, onTimeout: 'element' }),
    );
    await vi.advanceTimersByTimeAsync(500);
    expect(await end).toEqual(['0 100', '1 ! TaskTimeoutError', '2 100']);
  });

  test('T4: leaving early ends all that is left, each within its shutdown time, and the source', async () => {
    const t = await tasksOf();
    let returned = false;
    const told: number[] = [];
    function* items() {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        returned = true;
      }
    }
    const left = (async () => {
      const stream = taskSupervisor.stream(
        t.tasks,
        items(),
        async (n, signal) => {
          if (n === 0) return sleep(1);
          await sleep(60_000, signal).catch(() => told.push(n));
          if (n === 2) await sleep(60_000);
        },
        { concurrency: 3, shutdown: 200, timeout: 'infinity' },
      );
      for await (const _ of stream) break;
      return { returned, active: await t.active() };
    })();
    await vi.advanceTimersByTimeAsync(200);
    expect(told).toEqual([1, 2]);
    expect(await t.active()).toBe(1);
    expect(await outcome(left, 1)).toEqual({ value: { returned: true, active: 0 } });
    await vi.advanceTimersByTimeAsync(60_000);
  });

  test('T4: leaving early does not wait for a source that is still being waited for', async () => {
    const t = await tasksOf();
    async function* items() {
      yield 1;
      await new Promise(() => {});
    }
    const left = (async () => {
      for await (const _ of taskSupervisor.stream(t.tasks, items(), (n) => n)) break;
      return 'left';
    })();
    expect(await outcome(left, 10)).toEqual({ value: 'left' });
  });

  test('T4: an error of the source comes when what is left has ended', async () => {
    const t = await tasksOf();
    function* items() {
      yield 100;
      throw boom;
    }
    const stream = taskSupervisor.stream(t.tasks, items(), waits);
    expect(await outcome(stream.next(), 10)).toEqual({ error: boom });
    expect(await t.active()).toBe(0);
    expect(await outcome(stream.next())).toEqual({ value: { done: true, value: undefined } });
  });

  test('T4: so does one that comes before any task', async () => {
    const t = await tasksOf();
    const items = { [Symbol.iterator]: () => ({ next: () => Promise.reject(boom) as never }) };
    expect(await outcome(taskSupervisor.stream(t.tasks, items, waits).next())).toEqual({ error: boom });
    expect(await read(taskSupervisor.stream(t.tasks, [], waits))).toEqual([]);
  });

  test('T4: maxChildren rejects, when what is left has ended', async () => {
    const t = await tasksOf({ maxChildren: 2 });
    const end = read(taskSupervisor.stream(t.tasks, [100, 100, 100], waits, { concurrency: 3 }));
    await vi.advanceTimersByTimeAsync(10);
    expect(await end).toEqual(['! MaxChildrenError']);
    expect(await t.active()).toBe(0);
  });

  test('T4: a signal ends it, also between two results', async () => {
    const t = await tasksOf();
    const { signal, abort } = abortable();
    const stream = taskSupervisor.stream(t.tasks, [0, 1000, 1000], waits, { signal });
    await outcome(stream.next(), 1);
    expect(await t.active()).toBe(2);
    abort(boom);
    await vi.advanceTimersByTimeAsync(0);
    expect(await t.active()).toBe(0);
    expect(await outcome(stream.next())).toEqual({ error: boom });
    expect(await outcome(taskSupervisor.stream(t.tasks, [1], waits, { signal }).next())).toEqual({
      error: boom,
    });
  });

  test('T4: the end of a caller that is an actor ends it', async () => {
    const t = await tasksOf();
    const caller = createMachine({
      entry: () => {
        void (async () => {
          for await (const _ of taskSupervisor.stream(t.tasks, [0, 6000, 6000], waits, { timeout: '1m' })) {
            await sleep(10_000);
          }
        })().catch(() => {});
      },
    });
    const other = await running({
      children: [child({ id: 'caller', name: 'caller', logic: caller, restart: 'temporary' })],
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(await t.active()).toBe(2);
    exit(other.who('caller'), { type: 'killed' });
    await vi.advanceTimersByTimeAsync(0);
    expect(await t.active()).toBe(0);
  });

  test('T4: a supervisor that ends takes the stream along', async () => {
    const t = await tasksOf();
    const words: string[] = [];
    const end = read(taskSupervisor.stream(t.tasks, [100, 100, 100], waits, { concurrency: 2 }), words);
    await vi.advanceTimersByTimeAsync(10);
    exit(t.tasks, { type: 'killed' });
    await vi.advanceTimersByTimeAsync(10);
    expect((await end).at(-1)).toBe('! NoSuchActorError');
  });
});

test('a task supervisor stops its tasks in order', async () => {
  const t = await tasksOf();
  const trace: string[] = [];
  await taskSupervisor.start(t.tasks, async (signal) => {
    await sleep(60_000, signal).catch(() => trace.push('told'));
    await sleep(100);
    trace.push('tidied up');
  });
  await vi.advanceTimersByTimeAsync(10);
  const stopped = t.runtime.stop();
  await vi.advanceTimersByTimeAsync(100);
  await stopped;
  expect(trace).toEqual(['told', 'tidied up']);
  expect(t.told('actor.crashed')).toEqual([]);
});

test('ActorDiedError tells which task ended', async () => {
  const t = await tasksOf();
  const task = taskSupervisor.async(t.tasks, () => new Promise(() => {}));
  await vi.advanceTimersByTimeAsync(0);
  void stop(t.tasks);
  const { error } = (await outcome(task, 5000)) as { error: unknown };
  expect(error).toBeInstanceOf(ActorDiedError);
  expect(String(error)).toMatch(/root\/tasks\/1/);
});
