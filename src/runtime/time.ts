/**
 * The only file that reads clocks and sets timers. It takes them from `globalThis` at each call, so whoever replaces the
 * globals (the testing world does) holds the runtime's time, p-retry's and the user's in one hand.
 */
import type { Milliseconds } from './duration.js';

/** The longest that setTimeout holds; beyond it overflows and fires at once. */
const longest = 2 ** 31 - 1;

/** Wall-clock ms since the epoch. It may jump. */
export const wallNow = (): Milliseconds => globalThis.Date.now();

/** Monotonic ms. It never goes back. */
export const monotonicNow = (): Milliseconds => globalThis.performance.now();

type Uptime = () => number;

/** The operating system's uptime, which goes on while the machine sleeps; undefined where nobody tells. */
const uptime = (
  globalThis as { process?: { getBuiltinModule?: (id: string) => { uptime: Uptime } | undefined } }
).process?.getBuiltinModule?.('node:os')?.uptime;
const nativePerformance = globalThis.performance;
const nativeNow = nativePerformance.now;
const nativeDate = globalThis.Date;
/** Coarser than this and the two clocks' own rounding would look like sleep. */
const leastSleep: Milliseconds = 1000;

let slept: Milliseconds = 0;
let ahead: Milliseconds | undefined;

/**
 * Monotonic ms for ages: counts the time that the machine was suspended, where the platform tells (see `noteSleep`).
 */
export const ageNow = (): Milliseconds => globalThis.performance.now() + slept;

/** Whether somebody, a testing world, holds the clock now. */
export const isClockReplaced = (): boolean => globalThis.performance.now !== nativeNow;

/** The same of both clocks, for a hot path: `globalThis.performance` is an accessor, and asking it costs as much as reading a clock. */
const areClocksNative = (): boolean => globalThis.Date === nativeDate && nativePerformance.now === nativeNow;

const nativeImmediate = globalThis.setImmediate;

/** Whether somebody holds the turns of the event loop now. Who then waits for one may do so for ever. */
export const isLoopReplaced = (): boolean => globalThis.setImmediate !== nativeImmediate;

/**
 * Looks whether the machine has slept since the last call, and moves `ageNow` on by as much. Cheap, but no clock for every
 * read: whoever works periodically calls it first. A replaced clock (a testing world's) is never corrected.
 */
export function noteSleep(): void {
  if (uptime === undefined || isClockReplaced()) return;
  const lead = uptime() * 1000 - monotonicNow();
  if (ahead !== undefined && lead - ahead >= leastSleep) slept += lead - ahead;
  if (ahead === undefined || Math.abs(lead - ahead) >= leastSleep) ahead = lead;
}

/**
 * Both clocks for reads that are awaited, each in a stretch of its own. A monotonic clock is the dearest part of such a read: it is read
 * when the wall clock has another millisecond than last time, and every 128 reads all the same, should that one stand still. Where a
 * testing world or fake timers hold the wall clock, that says nothing of the other one.
 */
export class MillisecondClock {
  age: Milliseconds = 0;
  wall: Milliseconds = Number.NaN;
  #left = 0;

  /** Brings `age`, to a millisecond, and `wall` up to date. */
  read(): this {
    const wall = wallNow();
    if (wall === this.wall && this.#left > 0 && areClocksNative()) this.#left -= 1;
    else {
      this.#left = 128;
      this.wall = wall;
      this.age = ageNow();
    }
    return this;
  }
}

const settled = Promise.resolve();

/**
 * The same for a hot path: read once per stretch of synchronous code, or every 128 reads within a longer one, because
 * reading a clock costs twice what a Map's `get` does. Where a testing world or fake
 * timers hold `Date`, or `performance.now` itself, at each read.
 */
export class CoarseClock extends MillisecondClock {
  #left = 0;
  readonly #end = (): void => {
    this.#left = 0;
  };

  override read(): this {
    if (this.#left <= 0 || !areClocksNative()) return this.#renew();
    this.#left -= 1;
    return this;
  }

  #renew(): this {
    super.read();
    this.#left = 0;
    if (!areClocksNative()) return this;
    this.#left = 128;
    // Not `queueMicrotask`: it costs as much as two clocks.
    void settled.then(this.#end);
    return this;
  }
}

/** A uniform random number in [0, 1). */
export const random = (): number => globalThis.Math.random();

/** A timer of any length. */
export interface Timer {
  cancel(): void;
}

/**
 * Calls `run` once after `delay`, however long that is (delays that setTimeout cannot hold are chained).
 * `background` timers do not keep the process alive.
 */
export function after(delay: Milliseconds, run: () => void, { background = false } = {}): Timer {
  let handle: ReturnType<typeof setTimeout>;
  const arm = (left: Milliseconds): void => {
    const step = Math.min(left, longest);
    handle = globalThis.setTimeout(() => (left > step ? arm(left - step) : run()), step);
    if (background) (handle as { unref?: () => void }).unref?.();
  };
  arm(Math.max(0, delay));
  return { cancel: () => globalThis.clearTimeout(handle) };
}

/** Resolves after `delay`; rejects with the signal's reason when that fires first. Leaves no timer and no listener. */
export function sleep(delay: Milliseconds, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = after(delay, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    const abort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/**
 * Calls `run` in a later turn of the event loop. It cannot be taken back: Node's queue of immediates breaks when it is given one
 * to clear that a testing world made, and all that wait in it never run.
 */
export function soon(run: () => void): void {
  if (typeof globalThis.setImmediate === 'function') globalThis.setImmediate(run);
  else globalThis.setTimeout(run, 0);
}

/** Lets timers, I/O and other actors run: resolves in a later turn of the event loop. */
export const yieldToLoop = (): Promise<void> =>
  new Promise((resolve) => {
    soon(resolve);
  });

/** A budget of own work in one stretch: `spent()` says when to yield. What is begun within it may take some ms more. */
export function slice(budget: Milliseconds = 2): { spent(): boolean; renew(): void } {
  let until = monotonicNow() + budget;
  return {
    spent: () => monotonicNow() >= until,
    renew: () => {
      until = monotonicNow() + budget;
    },
  };
}
