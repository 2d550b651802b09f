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

/** Lets timers, I/O and other actors run: resolves in a later turn of the event loop. */
export function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof globalThis.setImmediate === 'function') globalThis.setImmediate(resolve);
    else globalThis.setTimeout(resolve, 0);
  });
}

/** A budget of own work in one stretch: `spent()` says when to yield. */
export function slice(budget: Milliseconds = 5): { spent(): boolean; renew(): void } {
  let until = monotonicNow() + budget;
  return {
    spent: () => monotonicNow() >= until,
    renew: () => {
      until = monotonicNow() + budget;
    },
  };
}
