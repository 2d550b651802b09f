import os from 'node:os';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CoarseClock, MillisecondClock } from '../../src/runtime/time.js';
import { turns } from './running.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
});

describe('the coarse clock', () => {
  /** Two clocks that stand at `at.now`, and how often they were read. */
  function standing() {
    const at = { now: 0, wall: 0, reads: 0 };
    vi.spyOn(performance, 'now').mockImplementation(() => {
      at.reads++;
      return at.now;
    });
    vi.spyOn(Date, 'now').mockImplementation(() => at.wall);
    return at;
  }

  test('is read once in a stretch of synchronous code, and anew in the next', async () => {
    const at = standing();
    const clock = new CoarseClock();
    Object.assign(at, { now: 1, wall: 1001 });
    expect(clock.read()).toMatchObject({ age: 1, wall: 1001 });
    Object.assign(at, { now: 2, wall: 1002 });
    expect(clock.read()).toMatchObject({ age: 1, wall: 1001 });
    await Promise.resolve();
    expect(clock.read()).toMatchObject({ age: 2, wall: 1002 });
    Object.assign(at, { now: 3 });
    await Promise.resolve();
    expect(clock.read().age).toBe(3);
    expect(at.reads).toBe(3);
  });

  test('is read every 129th time within a long stretch', () => {
    const at = standing();
    const clock = new CoarseClock();
    const ages = Array.from({ length: 300 }, () => {
      at.now++;
      return clock.read().age;
    });
    expect([...new Set(ages)]).toEqual([1, 130, 259]);
    expect(at.reads).toBe(3);
  });

  test('asks for the end of a stretch once', async () => {
    const asked = vi.spyOn(globalThis, 'queueMicrotask');
    const clock = new CoarseClock();
    for (let n = 0; n < 300; n++) clock.read();
    expect(asked).toHaveBeenCalledTimes(1);
    await turns(1);
    clock.read();
    expect(asked).toHaveBeenCalledTimes(2);
  });
});

describe('the millisecond clock', () => {
  test.each(['performance', 'Date'] as const)(
    'believes no wall clock that stands still where somebody holds %s',
    (held) => {
      const wall = Date.now();
      vi.spyOn(Date, 'now').mockReturnValue(wall);
      const clock = new MillisecondClock();
      if (held === 'Date') {
        const Held = class extends Date {};
        Held.now = () => wall;
        vi.stubGlobal('Date', Held);
      } else vi.spyOn(performance, 'now');
      const ages = Array.from({ length: 100 }, () => clock.read().age);
      vi.unstubAllGlobals();
      expect(new Set(ages).size).toBeGreaterThan(1);
    },
  );

  test('reads the monotonic one with each millisecond of the wall clock, and every 129th time', () => {
    let wall = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => wall);
    const clock = new MillisecondClock();
    const first = clock.read().age;
    expect(Array.from({ length: 128 }, () => clock.read().age)).toEqual(new Array(128).fill(first));
    const second = clock.read().age;
    expect(second).toBeGreaterThan(first);
    wall += 1;
    expect(clock.read()).toMatchObject({ wall: 1 });
    expect(clock.age).toBeGreaterThan(second);
  });
});

describe('a machine that sleeps', () => {
  /** A machine of its own: how long it has run and slept, and the clocks as the runtime reads them there. */
  async function machine() {
    const at = { ran: 50_000, slept: 0 };
    vi.spyOn(performance, 'now').mockImplementation(() => at.ran);
    // It runs on while the machine sleeps, and began before the process did.
    vi.spyOn(os, 'uptime').mockImplementation(() => (at.ran + at.slept) / 1000 + 300);
    vi.resetModules();
    return { at, time: await import('../../src/runtime/time.js') };
  }

  test('ages by the time that it slept, when somebody looks', async () => {
    const { at, time } = await machine();
    time.noteSleep();
    at.ran += 1000;
    time.noteSleep();
    expect(time.ageNow()).toBe(51_000);
    at.slept += 3_600_000;
    expect(time.ageNow()).toBe(51_000);
    time.noteSleep();
    expect(time.ageNow()).toBe(3_651_000);
    time.noteSleep();
    expect(time.ageNow()).toBe(3_651_000);
    at.slept += 1000;
    time.noteSleep();
    time.noteSleep();
    expect(time.ageNow()).toBe(3_652_000);
    expect(time.monotonicNow()).toBe(51_000);
  });

  test('does not age by what may be the clocks’ own rounding, be it little by little', async () => {
    const { at, time } = await machine();
    time.noteSleep();
    at.slept += 999;
    time.noteSleep();
    expect(time.ageNow()).toBe(50_000);
    at.slept += 1;
    time.noteSleep();
    expect(time.ageNow()).toBe(51_000);
  });

  test('never grows younger: an uptime that went back is where it is counted from', async () => {
    const { at, time } = await machine();
    time.noteSleep();
    at.slept -= 10_000;
    time.noteSleep();
    expect(time.ageNow()).toBe(50_000);
    at.slept += 5000;
    time.noteSleep();
    expect(time.ageNow()).toBe(55_000);
  });

  test('is not corrected where the clock has been replaced', async () => {
    const { at, time } = await machine();
    time.noteSleep();
    at.slept += 10_000;
    vi.restoreAllMocks();
    vi.spyOn(performance, 'now').mockReturnValue(7);
    time.noteSleep();
    expect(time.ageNow()).toBe(7);
  });

  test.each([
    [
      'there is no such module',
      () => vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never),
    ],
    [
      'nobody can be asked for it',
      () => {
        const { getBuiltinModule } = process;
        process.getBuiltinModule = undefined as never;
        return { mockRestore: () => Object.assign(process, { getBuiltinModule }) };
      },
    ],
    [
      'there is no process',
      () => {
        const process = Object.getOwnPropertyDescriptor(globalThis, 'process') as PropertyDescriptor;
        Object.defineProperty(globalThis, 'process', { value: undefined, configurable: true });
        return { mockRestore: () => Object.defineProperty(globalThis, 'process', process) };
      },
    ],
  ])('is not corrected either where the platform does not tell: %s', async (_, without) => {
    vi.spyOn(performance, 'now').mockReturnValue(50_000);
    vi.resetModules();
    const platform = without();
    let time: typeof import('../../src/runtime/time.js');
    try {
      time = await import('../../src/runtime/time.js');
    } finally {
      platform.mockRestore();
    }
    time.noteSleep();
    expect(time.ageNow()).toBe(50_000);
  });
});
