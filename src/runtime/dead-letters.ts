import type { Milliseconds } from './duration.js';

/** Why a message reached nobody. */
export type Because = 'dead' | 'nobody' | 'mailbox-full' | 'not-cloneable';

/** A message that reached nobody. */
export interface DeadLetter {
  readonly to: string;
  readonly event: { readonly type: string };
  readonly because: Because;
}

/** So many are told in each `window`: a flood of messages must not become a flood of reports. */
const most = 100;
const window: Milliseconds = 1000;

/**
 * Counts the messages that reached nobody, each one, and says which of them are to be told: the first ones of a window, and the
 * last one of a flood. It knows no clock.
 */
export class DeadLetters {
  count = 0;
  readonly #tell: (letter: DeadLetter, suppressed: number) => void;
  #suppressed = 0;
  /** Of those that a flood kept from being told. */
  #last: DeadLetter | undefined;
  #since: Milliseconds = Number.NEGATIVE_INFINITY;
  #told = 0;
  #telling = false;

  /** `tell` is called with how many were not told since the last one; what is lost by the telling is only counted. */
  constructor(tell: (letter: DeadLetter, suppressed: number) => void) {
    this.#tell = tell;
  }

  /** Counts one at `now`, and tells it unless that is too much. With the first such one it returns in how long to `flush`. */
  add(letter: DeadLetter, now: Milliseconds): Milliseconds | undefined {
    this.count++;
    if (this.#telling) {
      this.#suppressed++;
      return undefined;
    }
    if (now - this.#since >= window) this.#begin(now);
    if (this.#told < most) {
      this.#report(letter);
      return undefined;
    }
    const isFirst = this.#last === undefined;
    this.#suppressed++;
    this.#last = letter;
    return isFirst ? this.#since + window - now : undefined;
  }

  /** The window is over, and so may be the flood: tells the last one of it, if nothing came after that. */
  flush(now: Milliseconds): void {
    if (this.#last === undefined) return;
    this.#begin(now);
    this.#suppressed--;
    this.#report(this.#last);
  }

  #begin(now: Milliseconds): void {
    this.#since = now;
    this.#told = 0;
  }

  #report(letter: DeadLetter): void {
    this.#told++;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#last = undefined;
    this.#telling = true;
    try {
      this.#tell(letter, suppressed);
    } finally {
      this.#telling = false;
    }
  }
}
