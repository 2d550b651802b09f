import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as time from '../../src/runtime/time.js';

const month = 30 * 86_400_000;

describe('on virtual time', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  test('a timer runs once, after its delay and no sooner', () => {
    const run = vi.fn();
    time.after(10, run);
    vi.advanceTimersByTime(9);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    vi.advanceTimersByTime(1000);
    expect(run).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a delay below 0 is none', () => {
    const delays = vi.spyOn(globalThis, 'setTimeout');
    const run = vi.fn();
    time.after(-5, run);
    expect(delays.mock.lastCall?.[1]).toBe(0);
    vi.advanceTimersByTime(0);
    expect(run).toHaveBeenCalledTimes(1);
  });

  // setTimeout holds 2^31 - 1 ms, and fires what is longer at once.
  test.each([[2 ** 31 - 1], [2 ** 31], [3 * month], [2 * (2 ** 31 - 1)]])(
    'a timer may be as long as it likes: %i ms',
    (delay) => {
      const run = vi.fn();
      time.after(delay, run);
      vi.advanceTimersByTime(delay - 1);
      expect(run).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(run).toHaveBeenCalledTimes(1);
    },
  );

  test('no part of a long timer is too long for setTimeout, and it takes as few as will do', () => {
    const delays = vi.spyOn(globalThis, 'setTimeout');
    time.after(2 * (2 ** 31 - 1), () => {});
    vi.advanceTimersByTime(2 * (2 ** 31 - 1));
    expect(delays.mock.calls.map(([, delay]) => delay)).toEqual([2 ** 31 - 1, 2 ** 31 - 1]);
  });

  test.each([[10], [3 * month]])('a timer of %i ms that is cancelled midway does not run', (delay) => {
    const run = vi.fn();
    const timer = time.after(delay, run);
    vi.advanceTimersByTime(delay - 1);
    timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(delay);
    expect(run).not.toHaveBeenCalled();
  });

  test('the clocks are those of the globals', () => {
    vi.setSystemTime(5);
    const before = time.monotonicNow();
    vi.advanceTimersByTime(7);
    expect(time.wallNow()).toBe(12);
    expect(time.monotonicNow() - before).toBe(7);
    vi.spyOn(Math, 'random').mockReturnValue(0.25);
    expect(time.random()).toBe(0.25);
  });

  test('sleep ends after its delay, and leaves no listener', async () => {
    const { signal } = new AbortController();
    const slept = time.sleep(10, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    vi.advanceTimersByTime(10);
    await expect(slept).resolves.toBeUndefined();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('sleep needs no signal', async () => {
    const slept = time.sleep(10);
    vi.advanceTimersByTime(10);
    await expect(slept).resolves.toBeUndefined();
  });

  test('sleep rejects with the reason of the signal when that fires, and leaves nothing', async () => {
    const controller = new AbortController();
    const slept = time.sleep(10, controller.signal);
    controller.abort('enough');
    await expect(slept).rejects.toBe('enough');
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('sleep does not begin when the signal has fired already', async () => {
    const signal = AbortSignal.abort('before');
    const slept = time.sleep(10, signal);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await expect(slept).rejects.toBe('before');
  });

  test('a slice is spent after its budget, and whole again when it is renewed', () => {
    const stretch = time.slice(5);
    vi.advanceTimersByTime(4);
    expect(stretch.spent()).toBe(false);
    vi.advanceTimersByTime(1);
    expect(stretch.spent()).toBe(true);
    stretch.renew();
    expect(stretch.spent()).toBe(false);
    vi.advanceTimersByTime(4);
    expect(stretch.spent()).toBe(false);
    vi.advanceTimersByTime(1);
    expect(stretch.spent()).toBe(true);
  });
});

describe('a background timer', () => {
  /** The timers that keep this process alive. */
  const held = (): number =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

  test('does not keep the process alive, every other does', () => {
    const before = held();
    const background = time.after(month, () => {}, { background: true });
    expect(held()).toBe(before);
    const other = time.after(month, () => {});
    expect(held()).toBe(before + 1);
    background.cancel();
    other.cancel();
    expect(held()).toBe(before);
  });

  test('is one like any other where timers are numbers', () => {
    const real = globalThis.setTimeout;
    globalThis.setTimeout = (() => 1) as unknown as typeof setTimeout;
    try {
      expect(time.after(10, () => {}, { background: true })).toEqual({ cancel: expect.any(Function) });
    } finally {
      globalThis.setTimeout = real;
    }
  });
});

describe('a later turn of the loop', () => {
  test('comes after what waits in this one', async () => {
    const order: string[] = [];
    const later = time.yieldToLoop().then(() => order.push('later'));
    queueMicrotask(() => order.push('this'));
    await later;
    expect(order).toEqual(['this', 'later']);
  });

  test.each([
    ['where there is setImmediate, by that', false],
    ['elsewhere by a timer', true],
  ])('%s', async (_, missing) => {
    vi.useFakeTimers({ toFake: missing ? ['setTimeout'] : ['setImmediate'] });
    const { setImmediate } = globalThis;
    if (missing) globalThis.setImmediate = undefined as unknown as typeof setImmediate;
    try {
      const done = vi.fn();
      const later = time.yieldToLoop().then(done);
      await Promise.resolve();
      expect(done).not.toHaveBeenCalled();
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(0);
      await later;
      expect(done).toHaveBeenCalledTimes(1);
    } finally {
      globalThis.setImmediate = setImmediate;
      vi.useRealTimers();
    }
  });
});

test.each([
  ['the clock', ['performance'], { clock: true, loop: false }],
  ['the turns of the loop', ['setImmediate'], { clock: false, loop: true }],
] as const)('whether %s is in somebody’s hands can be told, while it is', (_, toFake, held) => {
  const look = () => ({ clock: time.isClockReplaced(), loop: time.isLoopReplaced() });
  expect(look()).toEqual({ clock: false, loop: false });
  vi.useFakeTimers({ toFake: [...toFake] });
  const meanwhile = look();
  vi.useRealTimers();
  expect(meanwhile).toEqual(held);
  expect(look()).toEqual({ clock: false, loop: false });
});
