import { getEventListeners } from 'node:events';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { NoSuchActorError, OptionsError, StateError, TaskTimeoutError } from '../../src/errors.js';
import { sleep } from '../../src/runtime/time.js';
import { child, startChild, stop, supervisor, taskSupervisor } from '../../supervisors/index.js';
import { obedient, running, turns } from '../runtime/running.js';
import { abortable, outcome, tasksOf } from './tasks.js';

const boom = new Error('boom');

beforeEach(() => void vi.useFakeTimers());

const waits = (ms: number, signal: AbortSignal): Promise<number> => sleep(ms, signal).then(() => ms);

interface Counted<T> extends Iterable<T> {
  taken: number;
  returned: number;
}

/** Items that are counted as they are taken, and the orders to take no more. */
function counted<T>(items: readonly T[], onTake: (n: number) => void = () => {}): Counted<T> {
  const counts: Counted<T> = {
    taken: 0,
    returned: 0,
    [Symbol.iterator]: () => ({
      next() {
        onTake(counts.taken);
        const value = items[counts.taken++] as T;
        return counts.taken > items.length ? { done: true, value: undefined } : { done: false, value };
      },
      return() {
        counts.returned++;
        return { done: true, value: undefined };
      },
    }),
  };
  return counts;
}

test('an error of the source at its very first item is an error, and no empty stream', async () => {
  const t = await tasksOf();
  const items = counted([1], () => {
    throw boom;
  });
  expect(await outcome(taskSupervisor.stream(t.tasks, items, waits).next())).toEqual({ error: boom });
  // Who has thrown is not told to clean up.
  expect(items.returned).toBe(0);
});

test('a source that has come to its end is not told to', async () => {
  const t = await tasksOf();
  const items = counted([1, 2]);
  const stream = taskSupervisor.stream(t.tasks, items, (n) => n);
  await outcome(stream.next());
  await outcome(stream.return());
  expect(items).toMatchObject({ taken: 3, returned: 0 });
});

test('what fails between two results takes nothing more of the source', async () => {
  const t = await tasksOf();
  const items = counted([1, 9000, 1, 1, 1]);
  const stream = taskSupervisor.stream(t.tasks, items, waits, { concurrency: 2, timeout: 100 });
  expect(await outcome(stream.next(), 1)).toMatchObject({ value: { value: { value: 1 } } });
  await vi.advanceTimersByTimeAsync(1000);
  const { taken } = items;
  expect(await outcome(stream.next())).toEqual({ error: expect.any(TaskTimeoutError) });
  expect(items).toMatchObject({ taken, returned: 1 });
});

test('leaving early waits for a source that needs time to clean up', async () => {
  const t = await tasksOf();
  let cleaned = false;
  async function* items() {
    try {
      for (;;) yield 1;
    } finally {
      await sleep(500);
      cleaned = true;
    }
  }
  // One at a time: nothing is being waited for of the source.
  const stream = taskSupervisor.stream(t.tasks, items(), (n) => n, { concurrency: 1 });
  await outcome(stream.next());
  const left = stream.return();
  let over = false;
  void left.then(() => {
    over = true;
  });
  await vi.advanceTimersByTimeAsync(499);
  expect(over).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(over).toBe(true);
  expect(cleaned).toBe(true);
});

test('what a source brings after the end is not begun', async () => {
  const t = await tasksOf();
  const begun: number[] = [];
  async function* items() {
    yield 1;
    await sleep(1000);
    yield 2;
  }
  const stream = taskSupervisor.stream(t.tasks, items(), (n) => begun.push(n));
  await outcome(stream.next());
  await outcome(stream.return());
  await vi.advanceTimersByTimeAsync(2000);
  expect(begun).toEqual([1]);
  expect(await t.active()).toBe(0);
});

test('a stream that has ended leaves nothing with the signal of its caller', async () => {
  const t = await tasksOf();
  const { signal } = abortable();
  const stream = taskSupervisor.stream(t.tasks, [1, 2], (n) => n, { signal });
  await outcome(stream.next());
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await outcome(stream.return());
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('a supervisor that is told to stop as a task is started: that never begins, and the stream rejects', async () => {
  const t = await tasksOf();
  t.runtime.bus.subscribe('actor.ready', ({ path }) => {
    if (path === 'root/tasks/1') void stop(t.tasks, { type: 'shutdown' });
  });
  const begun = vi.fn();
  expect(await outcome(taskSupervisor.stream(t.tasks, [1], begun).next())).toEqual({
    error: expect.any(NoSuchActorError),
  });
  expect(begun).not.toHaveBeenCalled();
});

test('cancelled by its signal and then by the end of its caller: for the first reason', async () => {
  const t = await tasksOf();
  const { signal, abort } = abortable();
  const task = taskSupervisor.async(t.tasks, (own) => sleep(1000, own), { signal });
  await vi.advanceTimersByTimeAsync(10);
  abort('first');
  expect(await outcome(task)).toEqual({ error: 'first' });
  expect(await t.active()).toBe(0);
});

test('cancelled before it was started, it leaves no rejection that nobody hears', async () => {
  vi.useRealTimers();
  const unheard: unknown[] = [];
  const note = (error: unknown): void => void unheard.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  const t = await tasksOf();
  const { signal, abort } = abortable();
  const task = taskSupervisor.async(t.tasks, () => 1, { signal }).catch((error: unknown) => error);
  abort('enough');
  expect(await task).toBe('enough');
  await turns();
  expect(unheard).toEqual([]);
});

test('what is wrong is said, and where', async () => {
  const t = await tasksOf();
  expect(() => taskSupervisor.stream(t.tasks, [], waits, { nonsense: 1 } as never)).toThrow(
    /"nonsense" of taskSupervisor.stream/,
  );
  await expect(taskSupervisor.async(t.tasks, () => 1, { nonsense: 1 } as never)).rejects.toThrow(
    /"nonsense" of taskSupervisor.async/,
  );
  await expect(taskSupervisor.start(t.tasks, 1 as never)).rejects.toMatchObject({ option: 'fn', given: 1 });
  await expect(taskSupervisor.start(t.tasks, 1 as never)).rejects.toThrow(OptionsError);
});

test('only a task supervisor has tasks', async () => {
  const t = await running({
    children: [
      child({ id: 's', name: 's', logic: supervisor({ children: [] }) }),
      child({ id: 'a', name: 'a', logic: obedient }),
    ],
  });
  for (const name of ['s', 'a']) {
    await expect(taskSupervisor.start(t.who(name) as never, () => 1)).rejects.toThrow(StateError);
  }
  const { ref } = await startChild(t.runtime.root, child({ id: 'b', logic: taskSupervisor() }));
  await stop(ref as never);
  await expect(taskSupervisor.start(ref as never, () => 1)).rejects.toThrow(NoSuchActorError);
});
