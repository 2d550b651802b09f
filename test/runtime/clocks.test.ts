import os from 'node:os';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CoarseClock, MillisecondClock } from '../../src/runtime/time.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
});

describe('the coarse clock', () => {
  /** A wall clock that stands at `at.wall`, and how often it was read. */
  function standing() {
    const at = { wall: 1001, reads: 0 };
    vi.spyOn(Date, 'now').mockImplementation(() => {
      at.reads++;
      return at.wall;
    });
    return at;
  }

  test('is read once in a stretch of synchronous code, and anew in the next', async () => {
    const at = standing();
    const clock = new CoarseClock();
    const { age } = clock.read();
    expect(clock.wall).toBe(1001);
    at.wall = 1002;
    expect(clock.read()).toMatchObject({ age, wall: 1001 });
    await Promise.resolve();
    expect(clock.read().wall).toBe(1002);
    expect(clock.age).toBeGreaterThan(age);
    at.wall = 1003;
    await Promise.resolve();
    expect(clock.read().wall).toBe(1003);
    expect(at.reads).toBe(3);
  });

  test('is read every 129th time within a long stretch', () => {
    const at = standing();
    const clock = new CoarseClock();
    const walls = Array.from({ length: 300 }, () => {
      at.wall++;
      return clock.read().wall;
    });
    expect([...new Set(walls)]).toEqual([1002, 1131, 1260]);
    expect(at.reads).toBe(3);
  });

  test.each(['performance', 'Date'] as const)('is read each time where somebody holds %s', (held) => {
    const at = standing();
    if (held === 'Date') {
      const Held = class extends Date {};
      Held.now = () => at.wall;
      vi.stubGlobal('Date', Held);
    } else vi.spyOn(performance, 'now');
    const clock = new CoarseClock();
    const walls = Array.from({ length: 3 }, () => {
      at.wall++;
      return clock.read().wall;
    });
    vi.unstubAllGlobals();
    expect(walls).toEqual([1002, 1003, 1004]);
    // And what was held is over at once when it is let go, within the same stretch.
    vi.restoreAllMocks();
    expect(clock.read().wall).toBeGreaterThan(1_000_000);
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
