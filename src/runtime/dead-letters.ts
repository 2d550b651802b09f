import type { Milliseconds } from './duration.js';

/** Why a message reached nobody. */
export type Because = 'dead' | 'nobody' | 'mailbox-full' | 'not-cloneable';

/** So many are told in each `window`: a flood of messages must not become a flood of reports. */
const most = 100;
const window: Milliseconds = 1000;

/** Counts the messages that reached nobody, each one, and says which of them are to be told. It knows no clock. */
export class DeadLetters {
  count = 0;
  #suppressed = 0;
  #since: Milliseconds = Number.NEGATIVE_INFINITY;
  #told = 0;
  #telling = false;

  /**
   * Counts one at `now`. `tell` is called if it is to be told, with how many were not since the last one; what is lost by the
   * telling is only counted.
   */
  add(now: Milliseconds, tell: (suppressed: number) => void): void {
    this.count++;
    if (now - this.#since >= window) {
      this.#since = now;
      this.#told = 0;
    }
    if (this.#telling || this.#told >= most) {
      this.#suppressed++;
      return;
    }
    this.#told++;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#telling = true;
    try {
      tell(suppressed);
    } finally {
      this.#telling = false;
    }
  }
}
