import type { Milliseconds } from './duration.js';
import { isClockReplaced, isLoopReplaced, monotonicNow } from './time.js';

/** So long the loop is held up before others have their turn. */
const budget: Milliseconds = 3;
/** Reading a clock costs as much as a small transition, so it is looked at once in so many questions only. */
const glance = 4;

/** What a stretch needs to know of the event loop. */
export interface Loop {
  /** Monotonic ms. */
  now(): Milliseconds;
  /** Whether somebody holds its clock, which then tells nothing of its turns. */
  isClockReplaced(): boolean;
  /** Whether somebody holds its turns. */
  isReplaced(): boolean;
}

const theLoop: Loop = { now: monotonicNow, isClockReplaced, isReplaced: isLoopReplaced };

/**
 * How long own work has kept the event loop, over any number of microtasks: whoever awaits each piece of work before the next one
 * must not keep timers and I/O waiting either.
 */
export class Stretch {
  readonly #loop: Loop;
  #began = 0;
  #seen = 0;
  #questions = 0;
  #spent = false;

  constructor(loop: Loop = theLoop) {
    this.#loop = loop;
  }

  /** A piece of work begins. Says whether it may, in this turn of the loop. */
  begin(): boolean {
    const now = this.#loop.now();
    // After a gap of that length others have had their turn.
    const isNew = now < this.#seen || now - this.#seen >= budget;
    this.#enter(now, isNew ? now : this.#began);
    // Asked last, since it costs as much as a glance: a replaced clock tells nothing of the loop.
    if (this.#spent && this.#loop.isClockReplaced()) this.#enter(now, now);
    return !this.#spent;
  }

  /** A later turn of the loop has come. */
  renew(): void {
    const now = this.#loop.now();
    this.#enter(now, now);
  }

  /** Asked after each step. */
  isSpent(): boolean {
    this.#questions = (this.#questions + 1) % glance;
    if (this.#questions === 0 && !this.#spent) this.#enter(this.#loop.now(), this.#began);
    return this.#spent;
  }

  #enter(now: Milliseconds, began: Milliseconds): void {
    this.#seen = now;
    this.#began = began;
    this.#spent = now - began >= budget && !this.#loop.isReplaced();
  }
}
