import type { Milliseconds } from './duration.js';
import { isClockReplaced, isLoopReplaced, monotonicNow } from './time.js';

/** So long the loop is held up before others have their turn. */
const budget: Milliseconds = 3;
/** Reading a clock costs as much as a small transition, so it is looked at once in so many questions only. */
const glance = 4;

/**
 * How long own work has kept the event loop, over any number of microtasks: whoever awaits each piece of work before the next one
 * must not keep timers and I/O waiting either.
 */
export class Stretch {
  #began = 0;
  #seen = 0;
  #questions = 0;
  #spent = false;

  /** A piece of work begins. Says whether it may, in this turn of the loop. */
  begin(): boolean {
    const now = monotonicNow();
    // After a gap of that length others have had their turn. A replaced clock tells nothing of the loop.
    const isNew = now < this.#seen || now - this.#seen >= budget || isClockReplaced();
    this.#enter(now, isNew ? now : this.#began);
    return !this.#spent;
  }

  /** A later turn of the loop has come. */
  renew(): void {
    const now = monotonicNow();
    this.#enter(now, now);
  }

  /** Asked after each step. */
  isSpent(): boolean {
    this.#questions = (this.#questions + 1) % glance;
    if (this.#questions === 0 && !this.#spent) this.#enter(monotonicNow(), this.#began);
    return this.#spent;
  }

  #enter(now: Milliseconds, began: Milliseconds): void {
    this.#seen = now;
    this.#began = began;
    this.#spent = now - began >= budget && !isLoopReplaced();
  }
}
